"""A file is read twice by code of its own each, and nothing is sent where the sums differ."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vendctl.test_replay_rows import HEADER, ROW, read
from vendctl.replay import sales, second_reading
from vendctl.replay.errors import ReplayError
from vendctl.replay.mapping import Mapping
from vendctl.replay.money import Numbers
from vendctl.replay.sale import Sale
from vendctl.replay.sales import SalesFile
from vendctl.replay.two_readings import text_totals
from vending import money

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data" / "vending_sales_2022.csv"


def test_the_second_reading_shares_no_code_with_the_first() -> None:
    """All it takes from elsewhere is what the mapping says, which is data."""
    tree = ast.parse(Path(second_reading.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"collections.abc", "pathlib", "vendctl.replay.mapping"}


def test_the_list_of_currencies_was_written_down_twice_and_is_the_same() -> None:
    codes = {code for listed in money.DECIMALS.values() for code in listed.split()} | {"USD", "EUR", "GBP"}
    assert {code: second_reading._places(code) for code in codes} == {
        code: money.exponent(code) for code in codes
    }


def test_the_sample_is_read_twice_with_the_same_sums() -> None:
    file = sales.read(ROOT / "examples" / "sales.csv")
    found = text_totals(file)
    assert sum(one.revenue for one in found.values()) == 27_940
    assert sum(one.units for one in found.values()) == 164


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")
def test_a_year_of_real_sales_is_read_twice_with_the_known_sums() -> None:
    file = sales.read(SHARED)
    found = text_totals(file)
    assert len(file.sales) == 6_445
    assert sum(one.revenue for one in found.values()) == 1_256_550
    assert sum(one.units for one in found.values()) == 6_531


@pytest.mark.parametrize(
    "wrong",
    [
        lambda sale: replace(sale, paid=sale.paid // 10),
        lambda sale: replace(sale, quantity=2),
        lambda sale: replace(sale, currency="USD"),
        lambda sale: replace(sale, name="Hall 2", machine="hall-2"),
    ],
)
def test_a_misreading_of_the_first_is_found_before_anything_is_sent(
    tmp_path: Path, wrong: "type[Sale]"
) -> None:
    file = read(tmp_path, f"{HEADER}\n{ROW}\n")
    misread = replace(file, sales=[wrong(file.sales[0])])  # type: ignore[call-arg, arg-type]
    with pytest.raises(
        ReplayError, match=r"was read twice, with different sums; nothing was sent\. .*\n  [hH]"
    ):
        text_totals(misread)


def test_a_file_that_the_second_reading_cannot_take_apart_is_told(tmp_path: Path) -> None:
    file = read(tmp_path, f"{HEADER}\n{ROW}\n")
    file.path.write_text("something else\n")
    with pytest.raises(ReplayError, match=r"was read once, but not a second time: .*no separator yields"):
        text_totals(file)


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
amounts = st.integers(0, 10**7)


@given(
    st.lists(st.tuples(cells, cells, amounts, st.integers(1, 12_000)), min_size=1, max_size=6), st.booleans()
)
def test_both_readings_agree_on_whatever_is_in_the_cells(
    rows: list[tuple[str, str, int, int]], unit: bool
) -> None:
    """Quotes, separators and spaces in names; grouped amounts; unit prices; every separator of the four."""
    numbers = Numbers(",", ".", stated=True)
    name = "unit_amount" if unit else "amount"
    columns = {"machine": "M", "category": "C", name: "A", "quantity": "Q"}
    constants = {"time": "2025-01-01", "payment": "cash", "selection": "1"}
    for separator in ";\t|,":
        mapping = Mapping(columns, constants, numbers=numbers, names={"machines": {}})
        lines = [separator.join("MCAQ")]
        for machine, category, minor, units in rows:
            paid = f"{minor // 100:,}".replace(",", ".") + f",{minor % 100:02}"
            told = [f"M{machine}", category, paid, f"{units:,}".replace(",", ".")]
            lines.append(separator.join('"' + one.replace('"', '""') + '"' for one in told))
        text = "\n".join(lines)
        _agree(text, mapping)


def _agree(text: str, mapping: Mapping) -> None:
    """Through both, from a file in memory; a refusal of the first is an answer, too."""
    path = _Memory(text)
    refused = ""
    try:
        file = sales.read(path, mapping)
    except ReplayError as fault:
        refused = str(fault)
    if refused:
        assert re.search("would both be|equals line|is above|looks like", refused)
        return
    found = text_totals(SalesFile(path, mapping, file.sales))
    assert sum(one.revenue for one in found.values()) == sum(sale.paid for sale in file.sales)


class _Memory(type(Path())):  # type: ignore[misc]
    """A path whose bytes are at hand."""

    def __init__(self, text: str) -> None:
        super().__init__("memory.csv")
        self.text = text

    def read_bytes(self) -> bytes:
        return self.text.encode()
