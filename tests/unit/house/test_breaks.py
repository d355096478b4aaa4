"""tests/breaks.toml fits the sources: each edit applies once, and its test is there."""

import ast
import re

import pytest

from tests.breaks import ROOT, edited, load

PROMISES = {*(f"P{number}" for number in range(1, 9)), "deploy", "identity"}
"""Those of docs/architecture.md; that what is deployed is what the code uses; that each speaks for itself."""


def test_every_promise_has_a_break() -> None:
    assert {entry["promise"] for entry in load()} == PROMISES


@pytest.mark.parametrize("entry", load(), ids=lambda entry: f"{entry['promise']}-{entry['file']}")
def test_the_edit_fits_and_stays_python(entry: dict[str, str]) -> None:
    text = edited((ROOT / entry["file"]).read_text(), entry)
    if entry["file"].endswith(".py"):
        ast.parse(text)
    file, _, name = entry["test"].partition("::")
    function = re.sub(r"\[.*", "", name.rpartition("::")[2])
    assert re.search(rf"def {function}\(", (ROOT / file).read_text()), f"{file} has no {function}"
