"""A mapping says which column means what, and every mistake in it is told with what to do."""

from pathlib import Path

import pytest

from vendctl.replay import mapping, mapping_file
from vendctl.replay.errors import ReplayError
from vendctl.replay.money import Numbers

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
    return mapping_file.load(path)


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
        (
            ('amount = "Betrag"', ""),
            r"nothing of amount or unit_amount: name the file's column under \[columns\]",
        ),
        (('time = "Datum"', 'date = "Datum"'), r"\[columns\] has no place for date; it takes time, machine"),
        (
            ("quantity = 1", 'quantity = 1\ntime = "2026-01-01"'),
            r"time is in \[columns\] and in \[constants\]",
        ),
        (("quantity = 1", "quantity = true"), r"constants.quantity is True; it must be a text or a number"),
        (("quantity = 1", 'quantity = " "'), r"constants.quantity is ' '; it must be"),
        (('"EUR"', '"euro"'), "currency is 'euro'; write an ISO 4217 code"),
        (('"Europe/Berlin"', '"Berlin"'), "timezone is 'Berlin'; write an IANA name"),
        (('"Europe/Berlin"', '"localtime"'), "timezone is 'localtime'; write an IANA name"),
        (('"Europe/Berlin"', '"right/Europe/Berlin"'), "timezone is 'right/Europe/Berlin'; write"),
        (('Bon = "token"', 'Bon = "coupon"'), "payments.Bon is 'coupon'; write one of cash, cashless"),
        (('currency = "EUR"', "columns = 3"), "is no mapping"),
        (('currency = "EUR"', 'curency = "EUR"'), "has no place for curency"),
        (("[payments]", "[payment]"), "has no place for payment; it takes columns, constants, payments,"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ReplayError, match=complaint):
        load(tmp_path, GOOD.replace(*change))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('[numbers]\ndecimal = ";"', r"\[numbers\] has decimal ';' and thousands '': decimal is \. or ,"),
        ('[numbers]\nthousands = "."', r"\[numbers\] has decimal '\.' and thousands '\.'"),
        ('[numbers]\ngroup = "."', r"\[numbers\] has no place for group; it takes decimal, thousands"),
        ('[currencies]\n"$" = "dollar"', r"currencies.\$ is 'dollar'; write an ISO 4217 code"),
        ('[rows]\nequal = "drop"', "rows.equal is 'drop'; write one of refuse, keep, once"),
        (
            '[rows]\ntotal = "keep"',
            r"\[rows\] has no place for total; it takes equal, same_transaction, totals",
        ),
        ('[machines]\n"Hall A" = "Hall A"', "machines.Hall A is 'Hall A'; write an identifier: up to 48"),
        (f'[machines]\n"Hall A" = "{"a" * 49}"', "machines.Hall A is 'a+'; write an identifier"),
        (f'[products]\nTea = "{"a" * 121}"', "products.Tea is 'a+'; write a name of up to 120 characters"),
        ('[selections]\n"A/1" = "A/1"', "selections.A/1 is 'A/1'; write up to 16 letters"),
        ("[skip]\nStatus = [true]", "skip.Status is True; it must be a text or a number"),
    ],
)
def test_mistakes_in_the_further_tables_are_told(tmp_path: Path, more: str, complaint: str) -> None:
    with pytest.raises(ReplayError, match=complaint):
        load(tmp_path, f"{GOOD}\n{more}")


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("%d.%m.", "it reads no year"),
        ("%d.%m.%Y %I:%M", "%I reads a half of a day and needs %p"),
        ("%d.%m.%Y %Q", "Python's strptime says: "),
        ("%d.%m.%Y %Z", "a day with a zone but no time is no instant"),
    ],
)
def test_a_time_format_that_would_misread_is_told(tmp_path: Path, form: str, complaint: str) -> None:
    with pytest.raises(ReplayError, match=complaint):
        load(tmp_path, GOOD.replace("%d.%m.%Y", form))


def test_the_further_tables(tmp_path: Path) -> None:
    more = """
    [numbers]
    decimal = ","
    thousands = " "
    [currencies]
    "£" = "GBP"
    [skip]
    Status = ["failed", ""]
    Code = "Total"
    [machines]
    "Hall A" = "hall-a"
    [rows]
    equal = "once"
    """
    found = load(tmp_path, GOOD + more)
    assert found.numbers == Numbers(",", " ", stated=True)
    assert (found.currencies, found.skip) == (
        {"£": "GBP"}, {"Status": ("failed", ""), "Code": ("Total",)},
    )  # fmt: skip
    assert found.names == {"machines": {"Hall A": "hall-a"}, "products": {}, "selections": {}}
    assert (found.rows.equal, found.rows.same_transaction, found.rows.totals) == ("once", "refuse", "refuse")


def test_of_the_amounts_one_is_needed_and_not_both(tmp_path: Path) -> None:
    amount = 'amount = "Betrag"'
    found = load(tmp_path, GOOD.replace(amount, 'unit_amount = "Preis"'))
    assert found.columns["unit_amount"] == "Preis"
    with pytest.raises(ReplayError, match=r"amount \(of the row\) and unit_amount \(of one unit\); keep one"):
        load(tmp_path, GOOD.replace(amount, f'{amount}\nunit_amount = "Preis"'))


def test_quantity_and_selection_may_be_left_out_and_the_product_then_not(tmp_path: Path) -> None:
    without = GOOD.replace("quantity = 1\n", "").replace('selection = "Fach"', 'product = "Artikel"')
    assert load(tmp_path, without).columns["product"] == "Artikel"
    with pytest.raises(ReplayError, match="says nothing of selection or product: name"):
        load(tmp_path, GOOD.replace('selection = "Fach"\n', ""))


def test_a_mapping_may_only_say_what_is_special_about_a_known_file(tmp_path: Path) -> None:
    found = load(tmp_path, 'timezone = "Europe/Berlin"\n[rows]\nequal = "keep"\n[skip]\nStatus = "Unlinked"')
    assert (found.columns, found.timezone) == (mapping.KNOWN, "Europe/Berlin")
    assert (found.rows.equal, found.rows.same_transaction) == ("keep", "keep")


@pytest.mark.parametrize("name", mapping_file.TABLES)
def test_a_table_must_be_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReplayError, match=rf"{name} must be a table, written \[{name}\]"):
        load(tmp_path, f"{name} = 3")


def test_a_missing_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"nowhere.toml is no mapping: .*No such file"):
        mapping_file.load(tmp_path / "nowhere.toml")


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
    skipping = mapping.Mapping({}, skip={"Status": ("failed",)})
    with pytest.raises(ReplayError, match=r"no column 'Status', which \[skip\] names; its .* \"a, b\""):
        mapping.check_header(Path("sales.csv"), skipping, ["Datum", "a, b"])
