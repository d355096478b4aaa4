"""Indexing policies hold what queries filter by and nothing else: each indexed value makes a write dearer."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.metadata import ROOT
from vendctl.provision import INDEXED
from vending.adapters.cosmos import COMPARISONS

ALWAYS = "id"
"""Indexed whatever the policy says."""
ANY = "any"
"""The container of a query whose receiver's name does not tell it."""
Filtered = tuple[str, str, str]
"""(container, field, place)."""


def filtered() -> list[Filtered]:
    """Every filter of a query in the app and in the commands."""
    files = [path for folder in ("vending", "vendctl") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [found for path in files for found in in_file(path)]


def in_file(path: Path) -> Iterator[Filtered]:
    """The filters given to ``select`` with their container, and those that were put together elsewhere."""
    tree = ast.parse(path.read_text())
    placed: set[int] = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "select":
            words = set(ast.unparse(call.func.value).replace("()", "").split("."))
            container = next(iter(words & INDEXED.keys()), ANY)
            for node in (x for argument in call.args for x in ast.walk(argument)):
                if (field := _field(node)) is not None:
                    placed.add(id(node))
                    yield container, field, f"{path.name}:{call.lineno}"
    for node in ast.walk(tree):
        if id(node) not in placed and (field := _field(node)) is not None:
            yield ANY, field, path.name


def _field(node: ast.AST) -> str | None:
    """The field of a filter ``(field, comparison, value)``."""
    if not isinstance(node, ast.Tuple) or len(node.elts) != 3:
        return None
    field, comparison = node.elts[0], node.elts[1]
    if not isinstance(field, ast.Constant) or not isinstance(comparison, ast.Constant):
        return None
    return str(field.value) if comparison.value in COMPARISONS else None


def test_every_filter_has_an_index() -> None:
    found = filtered()
    assert len(found) > 30, "the queries were not recognised"
    for container, field, place in found:
        fields = INDEXED[container] if container != ANY else [x for each in INDEXED.values() for x in each]
        assert field in (*fields, ALWAYS), f"{place}: no index on {field!r} in {container}"


def test_every_index_has_a_filter() -> None:
    found = {(container, field) for container, field, _ in filtered()}
    idle = [
        f"{container}.{field}"
        for container, fields in INDEXED.items()
        for field in fields
        if not {(container, field), (ANY, field)} & found
    ]
    assert not idle, f"no query filters by {idle}"
