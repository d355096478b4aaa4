"""A mapping says which column means what, and every mistake in it is told with what to do."""

from pathlib import Path

import pytest

from vendctl.replay import mapping
from vendctl.replay.errors import ReplayError

GOOD = """
currency = "EUR"
timezone = "Europe/Berlin"
time_format = "%d.%m.%Y"
[columns]
time = "Datum"
machine = "Automat"
selection = "Fach"
amount = "Betrag"
[constants]
quantity = 1
payment = "cash"
[payments]
Bon = "token"
"""


def load(tmp_path: Path, text: str) -> mapping.Mapping:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return mapping.load(path)


def test_a_whole_mapping(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    assert found.columns == {"time": "Datum", "machine": "Automat", "selection": "Fach", "amount": "Betrag"}
    assert found.constants == {"quantity": "1", "payment": "cash"}
    assert found.payments == {"Bon": "token"}
    assert (found.currency, found.timezone, found.time_format) == ("EUR", "Europe/Berlin", "%d.%m.%Y")


def test_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD.partition("[columns]")[1] + GOOD.partition("[columns]")[2])
    assert (found.currency, found.timezone, found.time_format) == ("USD", "America/New_York", None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('amount = "Betrag"', ""), r"nothing of amount: name the file's column under \[columns\]"),
        (('time = "Datum"', 'date = "Datum"'), r"\[columns\] has no place for date; it takes time, machine"),
        (
            ("quantity = 1", 'quantity = 1\ntime = "2026-01-01"'),
            r"time is in \[columns\] and in \[constants\]",
        ),
        (("quantity = 1", "quantity = true"), r"constants.quantity is True; it must be a text or a number"),
        (("quantity = 1", 'quantity = " "'), r"constants.quantity is ' '; it must be"),
        (('"EUR"', '"euro"'), "currency is 'euro'; write an ISO 4217 code"),
        (('"Europe/Berlin"', '"Berlin"'), "timezone is 'Berlin'; write an IANA name"),
        (('Bon = "token"', 'Bon = "coupon"'), "payments.Bon is 'coupon'; write one of cash, cashless"),
        (('currency = "EUR"', "columns = 3"), "is no mapping"),
        (('currency = "EUR"', 'curency = "EUR"'), "has no place for curency"),
        (("[payments]", "[payment]"), "has no place for payment; it takes columns, constants, payments"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ReplayError, match=complaint):
        load(tmp_path, GOOD.replace(*change))


def test_a_table_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"constants must be a table, written \[constants\]"):
        load(tmp_path, "constants = 3")


def test_a_missing_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"nowhere.toml is no mapping: .*No such file"):
        mapping.load(tmp_path / "nowhere.toml")


def test_known_columns_need_no_mapping() -> None:
    found = mapping.recognise(Path("sales.csv"), ["Status", *mapping.KNOWN.values()])
    assert found.columns == mapping.KNOWN
    assert (found.currency, found.timezone) == ("USD", "America/New_York")


def test_an_unknown_shape_asks_for_a_mapping() -> None:
    header = [*mapping.KNOWN.values(), "Note"]
    header.remove("MCoil")
    with pytest.raises(ReplayError, match=r"no column MCoil; its columns are TransDate.*Note.* with --map"):
        mapping.recognise(Path("sales.csv"), header)


def test_a_mapped_column_must_exist_once() -> None:
    found = mapping.Mapping({"time": "Datum"})
    with pytest.raises(ReplayError, match=r"no column 'Datum', which \[columns\] names for time"):
        mapping.check_header(Path("sales.csv"), found, ["Date"])
    with pytest.raises(ReplayError, match="2 columns 'Datum'"):
        mapping.check_header(Path("sales.csv"), found, ["Datum", "Datum"])
