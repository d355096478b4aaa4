"""Faults have kinds, kinds have addresses: one table, and no fault outside of it."""

import ast

import pytest

from tests.support.metadata import ROOT
from vending.openapi.problem_types import PROBLEM_TYPES, address


def called() -> list[tuple[str, int, str]]:
    """File, status and title of each call of ``problem`` whose status and title stand there."""
    return [
        (path.name, node.args[0].value, node.args[1].value)  # type: ignore[attr-defined]
        for path in sorted((ROOT / "blueprints").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "problem"
        if all(isinstance(argument, ast.Constant) for argument in node.args[:2])
    ]


def test_each_fault_that_an_answer_tells_of_is_in_the_table() -> None:
    found = called()
    assert len(found) > 5
    for path, status, title in found:
        assert title in PROBLEM_TYPES, f"{path}: name {title!r} in vending/openapi/problem_types.py"
        assert PROBLEM_TYPES[title].status == status, path


@pytest.mark.parametrize("title", PROBLEM_TYPES)
def test_a_kind_has_an_address_and_a_word_of_help(title: str) -> None:
    kind = PROBLEM_TYPES[title]
    assert kind.type == address(title) == f"/api/problems/{kind.type.rpartition('/')[2]}"
    assert kind.type.isascii()
    assert " " not in kind.type
    assert kind.means.endswith(".")
