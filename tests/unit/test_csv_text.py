"""Rows as CSV: what any reader gets back, and no formula."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

from vending.csv_text import FORMULA, columns, csv_text, harmless


class Sums(Struct, rename="camel"):
    sold_units: int
    revenue: dict[str, int]


class Row(Struct, rename="camel"):
    machine_id: str
    sums: Sums
    slots: list[str]
    open: bool | None
    share: float | None = None
    defective: bool | UnsetType = UNSET


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_part_of_a_row_is_columns_of_its_own() -> None:
    assert columns(Row) == [
        "machineId", "sums.soldUnits", "sums.revenue", "slots", "open", "share", "defective",
    ]  # fmt: skip
    row = Row("m1", Sums(3, {"EUR": 450}), ["A1", "A2"], True)
    assert csv_text(Row, [row]) == (
        "machineId,sums.soldUnits,sums.revenue,slots,open,share,defective\r\n"
        'm1,3,"{""EUR"":450}",A1 A2,true,,\r\n'
    )


def test_no_value_is_an_empty_cell() -> None:
    [found] = read(csv_text(Row, [Row("", Sums(0, {}), [], None)]))
    assert list(found.values()) == ["", "0", "", "", "", "", ""]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_a_text_comes_back_whole_and_is_no_formula(texts: list[str]) -> None:
    rows = [Row(text, Sums(0, {}), [text], False) for text in texts]
    for text, found in zip(texts, read(csv_text(Row, rows)), strict=True):
        assert found["machineId"] in (text, f"'{text}")
        assert not found["machineId"].startswith(FORMULA)
        assert not found["slots"].startswith(FORMULA)


def test_a_negative_number_stays_a_number() -> None:
    [found] = read(csv_text(Row, [Row("m", Sums(-3, {}), [], None, -0.5)]))
    assert (found["sums.soldUnits"], found["share"]) == ("-3", "-0.5")
    assert harmless("-3") == "'-3"
