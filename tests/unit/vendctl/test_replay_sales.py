"""A sales file's rows become sales, exactly, or an error that names the line."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.amounts import minor_units
from vendctl.replay import mapping_file, sales
from vendctl.replay.errors import ReplayError
from vendctl.replay.money import shares
from vendctl.replay.names import machine_id
from vendctl.replay.sale import Sale
from vending.money import exponent

EXAMPLES = Path(__file__).parents[3] / "examples"
HEADER = "TransDate,Machine,Location,MCoil,Product,Category,LineTotal,MQty,Type,Transaction"
ROW = '"Saturday, January 1, 2022",Hall x12 - Atrium,Hall,148,Lemon Fizz,Carbonated,3.5,1,Credit,900'


def read(tmp_path: Path, *rows: str, header: str = HEADER) -> list[Sale]:
    path = tmp_path / "sales.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return sales.read(path).sales


def test_a_row_becomes_a_sale(tmp_path: Path) -> None:
    assert read(tmp_path, ROW) == [
        Sale(
            line=2, machine="x12", name="Hall x12 - Atrium", location="Hall", day=date(2022, 1, 1), at=None,
            selection="148", product="Lemon Fizz", category="Carbonated", paid=350, quantity=1,
            currency="USD", payment="cashless", transaction="900",
            product_name="Lemon Fizz", selection_name="148",
        )
    ]  # fmt: skip


def test_a_row_without_a_product_is_kept(tmp_path: Path) -> None:
    (sale,) = read(tmp_path, ROW.replace("Lemon Fizz,Carbonated", ","))
    assert (sale.product, sale.category, sale.paid) == (None, None, 350)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("148", ""), r"line 3: selection \(column 'MCoil'\) is blank"),
        (("148", "*"), r"line 3: selection \(column 'MCoil'\): '\*' is no selection"),
        (("3.5", "3,5"), "line 3: 11 cells, the header has 10"),
        (("3.5", "3.505"), r"line 3: amount \(column 'LineTotal'\): '3.505' has more decimals than USD"),
        (("3.5", "-3.5"), "line 3: .*'-3.5' is negative: a refund is no sale"),
        (("3.5", "10000001"), "line 3: .*is above 1000000000 minor units"),
        (("3.5", "NaN"), "line 3: .*'NaN' is no amount"),
        ((",1,Credit", ",0,Credit"), r"line 3: quantity \(column 'MQty'\): '0' is no whole number"),
        ((",1,Credit", ",1.5,Credit"), "line 3: .*'1.5' is no whole number"),
        (("Credit", "Barter"), r"line 3: payment \(column 'Type'\): 'Barter' is not known: .* \[payments\]"),
        (
            ("Saturday, January 1, 2022", "1/2/2022"),
            r"line 3: time \(column 'TransDate'\): .* set time_format",
        ),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    assert change[0] in ROW
    with pytest.raises(ReplayError, match=complaint):
        read(tmp_path, ROW, ROW.replace(*change))


def test_many_bad_rows_are_told_shortly(tmp_path: Path) -> None:
    rows = [ROW.replace("148", "").replace("900", str(number)) for number in range(14)]
    told = r"14 rows are wrong:\n(  line [234]: .*\n){3}    and 11 more of this kind: lines 5, .*\n  A map"
    with pytest.raises(ReplayError, match=told):
        read(tmp_path, *rows)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("", "is empty"), (HEADER, "header but no rows"), (f'{HEADER}\n"a', "line 2 is no CSV")],
)
def test_a_file_without_rows_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(text)
    with pytest.raises(ReplayError, match=complaint):
        sales.read(path)


def test_other_encodings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(f"{HEADER}\n{ROW.replace('Lemon', 'Müsli')}", encoding="latin-1")
    with pytest.raises(ReplayError, match="is not UTF-8"):
        sales.read(path)
    with pytest.raises(ReplayError, match=r"nowhere.csv cannot be read: No such file"):
        sales.read(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("Hall x1371", "x1371"), ("Mall x1366 - East", "x1366"), ("Hall X7", "x7"), ("x1 then x2", "x2"),
        ("Library Café", "library-cafe"), ("Box12 x", "box12-x"), ("-- 3 --", "3"),
        ("a" * 80, "a" * 48), ("自販機", "machine-38bc6c49"),
    ],
)  # fmt: skip
def test_machine_ids(name: str, machine: str) -> None:
    assert machine_id(name) == machine


def test_more_slots_than_a_machine_holds_are_told(tmp_path: Path) -> None:
    assert len(read(tmp_path, *(ROW.replace("148", str(slot)) for slot in range(120)))) == 120
    with pytest.raises(ReplayError, match="x12 has 121 selections, a machine holds 120"):
        read(tmp_path, *(ROW.replace("148", str(slot)) for slot in range(121)))


def test_another_shape_with_its_mapping() -> None:
    found = sales.read(EXAMPLES / "kiosk.csv", mapping_file.load(EXAMPLES / "kiosk.toml")).sales
    assert sum(sale.paid for sale in found) == 1200
    assert [sale.payment for sale in found[-3:]] == ["mobile", "cash", "token"]
    assert (found[0].selection, found[0].location, found[2].product) == ("A-3", "Musterstadt", None)
    # 01:59 is the last minute before the clocks jump, 03:01 two minutes later.
    assert found[1].at == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert found[2].at == datetime(2026, 3, 29, 1, 1, tzinfo=UTC)
    assert found[5].at == datetime(2026, 10, 25, 22, 59, tzinfo=UTC)


def test_the_sample_file_says_what_it_is() -> None:
    found = sales.read(EXAMPLES / "sales.csv").sales
    assert {sale.machine for sale in found} == {"x2101", "x2102", "x2103", "library-cafe"}
    assert any(sale.product is None for sale in found)
    assert any(sale.quantity > 1 for sale in found)
    assert {date(2025, 3, 9), date(2025, 11, 2)} <= {sale.day for sale in found}


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("3.5", "USD", 350), ("0", "USD", 0), ("$2", "USD", 200), ("1.50 €", "EUR", 150), ("120", "JPY", 120),
        ("1.005", "KWD", 1005), ("1.2", "USD", 120), (".5", "USD", 50), ("0.29", "USD", 29),
    ],
)  # fmt: skip
def test_amounts(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize("text", ["", "1e3", "1,5", "--1", ".", "$", "1 000", "12.5.1"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        minor_units(text, "USD")


@given(st.integers(0, 1_000_000_000), st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_every_amount_comes_back(minor: int, currency: str) -> None:
    assert minor_units(f"{Decimal(minor).scaleb(-exponent(currency)):f}", currency) == minor


@given(st.integers(0, 10**9), st.lists(st.integers(1, 100), min_size=1, max_size=20))
def test_shares_lose_nothing(total: int, quantities: list[int]) -> None:
    parts = shares(total, quantities)
    assert sum(parts) == total
    exact = [total * quantity / sum(quantities) for quantity in quantities]
    assert all(part >= 0 and abs(part - wanted) < 1.001 for part, wanted in zip(parts, exact, strict=True))
