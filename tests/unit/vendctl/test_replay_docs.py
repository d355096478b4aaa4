"""docs/replay.md: every example of the mapping's language does what the page says."""

import re
from pathlib import Path

import pytest

from vendctl.replay import mapping_file, sales
from vendctl.replay.errors import RowsRefused
from vendctl.replay.two_readings import text_totals
from vending.money import amount

PAGE = (Path(__file__).parents[3] / "docs" / "replay.md").read_text(encoding="utf-8")
SECTIONS = [part for part in re.split(r"\n(?=##)", PAGE) if "```csv" in part]
USUAL = re.search(r"## A mapping\n.*?```toml\n(.*?)```", PAGE, re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    """(CSV, what the mapping adds, what comes of it), in the order of the page."""
    found = []
    for section in SECTIONS:
        csv, added = "", ""
        for kind, text in re.findall(r"```(csv|toml|text)\n(.*?)```", section, re.DOTALL):
            if kind == "csv":
                csv, added = text, ""
            elif kind == "toml" and csv:
                added = text
            elif kind == "text":
                found.append((csv, added, text))
    return found


def whole(added: str) -> str:
    """The page's usual mapping with more in it; an example with columns of its own is a whole mapping."""
    assert USUAL is not None
    if "[columns]" in added:
        return added
    settings, mark, tables = added.partition("[")
    return f"{settings}{USUAL[1]}\n{mark}{tables}"


def outcome(csv: Path, mapping: Path) -> str:
    try:
        file = sales.read(csv, mapping_file.load(mapping))
    except RowsRefused as refused:
        return "\n".join(refused.faults)
    sums = sorted((key.machine, key.currency, one) for key, one in text_totals(file).items())
    lines = [f"{name}: {amount(one.revenue, code)} {code}, {one.units} units" for name, code, one in sums]
    return "\n".join([*lines, *file.notes])


def test_the_page_shows_every_table_of_the_language() -> None:
    assert len(examples()) >= 10
    shown = "".join(added for _, added, _ in examples()) + whole("")
    assert {table for table in mapping_file.TABLES if f"[{table}]" not in shown} == {"products", "selections"}
    assert all(f"`[{table}]`" in PAGE for table in ("products", "selections"))


@pytest.mark.parametrize(("csv", "added", "expected"), examples())
def test_an_example_does_what_the_page_says(tmp_path: Path, csv: str, added: str, expected: str) -> None:
    (tmp_path / "sales.csv").write_text(csv, encoding="utf-8")
    (tmp_path / "map.toml").write_text(whole(added), encoding="utf-8")
    found = outcome(tmp_path / "sales.csv", tmp_path / "map.toml")
    quantity = "no column says the quantity: each row is one unit"
    assert found.replace(f"\n{quantity}", "") == expected.strip()
