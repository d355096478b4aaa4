"""The index of decisions: every record, by number, with its own title, a date and a status."""

import re
from datetime import date

from tests.support.metadata import ROOT

FOLDER = ROOT / "docs" / "decisions"
ROW = re.compile(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
HEADING = re.compile(r"# (\d+)\. (.+)\n")


def rows() -> list[tuple[str, str, str, str, str]]:
    """Number, file, title, date and status of each row."""
    return ROW.findall((FOLDER / "README.md").read_text())


def test_the_index_has_every_decision_with_its_title() -> None:
    listed = {f"| [{number}]({file}) | {title} |" for number, file, title, *_ in rows()}
    there = set()
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        heading = HEADING.match(path.read_text())
        assert heading, f"{path.name} does not begin with '# NUMBER. TITLE'"
        there.add(f"| [{heading[1]}]({path.name}) | {heading[2]} |")
    assert there - listed == set(), "docs/decisions/README.md lacks these"
    assert listed - there == set(), "docs/decisions/README.md has these, and no record says so"


def test_numbers_are_used_once_and_are_those_of_the_files() -> None:
    numbers = [int(number) for number, *_ in rows()]
    assert numbers == sorted(set(numbers))
    assert [int(file[:4]) for _, file, *_ in rows()] == numbers


def test_each_has_a_date_and_a_status() -> None:
    numbers = {number for number, *_ in rows()}
    for number, _, _, day, status in rows():
        date.fromisoformat(day)
        later = re.fullmatch(r"in force|superseded by (\d+)", status)
        assert later, f"decision {number}: status {status!r} is neither 'in force' nor 'superseded by N'"
        assert later[1] is None or later[1] in numbers
