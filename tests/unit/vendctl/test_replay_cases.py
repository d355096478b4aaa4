"""Files from the field, where they lie beside the checkout: each is refused for the right reason, or right.

The other tests of the replay have inputs of their own for the same kinds; these are the files as they came.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vendctl.replay import mapping_file, sales
from vendctl.replay.errors import ReplayError
from vendctl.replay.two_readings import text_totals

CASES = Path(__file__).parents[4] / "shared" / "cases"
MAPPING = {"totals_row": "totals_row.toml", "tzname": "tzname.toml"}
pytestmark = pytest.mark.skipif(not CASES.exists(), reason=f"{CASES} is not there")

STATUS = """
[columns]
transaction = "sale"
time = "when"
machine = "machine"
selection = "slot"
unit_amount = "unit_price"
quantity = "qty"
[constants]
payment = "cash"
[skip]
status = ["failed", "refunded"]
"""
HEADER_WITH_COMMAS = "Betrag, brutto, in EUR, inkl. MwSt, gerundet, nicht storniert, gebucht"
NUMBERS = '[numbers]\ndecimal = ","\nthousands = "."\n'


def mapped(tmp_path: Path, name: str, more: str = "", text: str | None = None) -> sales.SalesFile:
    usual = (CASES / MAPPING.get(name, "map.toml")).read_text() if text is None else text
    (tmp_path / "map.toml").write_text(f"{usual}\n{more}")
    file = sales.read(CASES / f"{name}.csv", mapping_file.load(tmp_path / "map.toml"))
    text_totals(file)
    return file


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("dot_thousands", r"line 2: amount \(column 'Betrag'\): '1.500' has more decimals than EUR"),
        ("currency_mixed", r"line 4: amount \(column 'Betrag'\): '£1.50' is not in EUR"),
        ("totals_row", "line 4: looks like a total: 'Total'"),
        ("dup", "line 4: equals line 2 in every cell"),
        ("longprod", r"products 'A+1' and 'A+2' would both be 'A+': say under \[products\]"),
        ("xmodel", r"'Canon X100 Lobby' and 'Canon X100 Gym' would both be 'x100': say under \[machines\]"),
        ("y1999", "line 2: .*'1999-12-31 10:00' is not in the years 2000 to 2099"),
    ],
)
def test_what_would_be_misread_is_refused(tmp_path: Path, name: str, complaint: str) -> None:
    with pytest.raises(ReplayError, match=complaint):
        mapped(tmp_path, name)


@pytest.mark.parametrize(
    ("name", "more", "paid"),
    [
        ("dot_thousands", NUMBERS, [150_000, 1_200_000]),
        ("currency_mixed", '[currencies]\n"$" = "USD"\n"£" = "GBP"\n', [150, 150, 150]),
        ("totals_row", '[skip]\nCode = "Total"\n', [10_000, 10_000]),
        ("dup", '[rows]\nequal = "keep"\n', [150, 150, 150]),
        ("dup", '[rows]\nequal = "once"\n', [150]),
        ("xmodel", '[machines]\n"Canon X100 Lobby" = "lobby"\n"Canon X100 Gym" = "gym"\n', [150, 150]),
        ("blank_cells", "", [150]),
        ("trailing", "", [150]),
        ("sep", "", [150]),
    ],
)
def test_what_the_mapping_says_makes_it_right(tmp_path: Path, name: str, more: str, paid: list[int]) -> None:
    assert [sale.paid for sale in mapped(tmp_path, name, more).sales] == paid


@pytest.mark.parametrize("currency", ["JPY", "CLP", "VND"])
def test_thousands_in_currencies_without_decimals(tmp_path: Path, currency: str) -> None:
    usual = (CASES / "map.toml").read_text().replace('"EUR"', f'"{currency}"')
    with pytest.raises(ReplayError, match=rf"'12.000' has more decimals than {currency}"):
        mapped(tmp_path, "dot_thousands", text=usual)
    assert [x.paid for x in mapped(tmp_path, "dot_thousands", NUMBERS, usual).sales] == [1_500, 12_000]


def test_utc_is_utc(tmp_path: Path) -> None:
    (sale,) = mapped(tmp_path, "tzname").sales
    assert sale.at == datetime(2025, 5, 2, 23, 30, tzinfo=UTC)
    assert sale.day.isoformat() == "2025-05-03"


def test_commas_in_a_quoted_header_are_text(tmp_path: Path) -> None:
    usual = (CASES / "map.toml").read_text().replace('"Betrag"', f'"{HEADER_WITH_COMMAS}"')
    assert [sale.paid for sale in mapped(tmp_path, "hdrcomma", text=usual).sales] == [150]


def test_failed_and_refunded_rows_unit_prices_and_a_row_that_came_twice(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="line 5: equals line 2 in every cell"):
        mapped(tmp_path, "status_unitprice_dup", text=STATUS)
    (sale,) = mapped(tmp_path, "status_unitprice_dup", '[rows]\nequal = "once"\n', STATUS).sales
    assert (sale.paid, sale.quantity) == (500, 2)
