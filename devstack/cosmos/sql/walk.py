"""Questions about trees: which calls they hold, which values a filter pins."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from devstack.cosmos.sql import tree


def children(expr: tree.Expr) -> Iterator[tree.Expr]:
    """The expressions directly below; a subquery counts as a leaf."""
    if isinstance(expr, tree.Subquery):
        return
    if isinstance(expr, tree.ObjectOf):
        yield from (value for _, value in expr.items)
        return
    for field in fields(expr):
        value = getattr(expr, field.name)
        if isinstance(value, tuple):
            yield from value
        elif hasattr(value, "__dataclass_fields__"):
            yield value


def calls(expr: tree.Expr) -> Iterator[tree.Call]:
    """All calls outside subqueries, outermost first."""
    if isinstance(expr, tree.Call):
        yield expr
    for child in children(expr):
        yield from calls(child)


def path_of(expr: tree.Expr) -> tuple[str, tuple[str, ...]] | None:
    """(name, steps) of ``c.a["b"]``; an array step is ``[]``. None for anything computed."""
    steps: list[str] = []
    while isinstance(expr, tree.Member):
        if not isinstance(expr.key, tree.Literal):
            return None
        steps.append(expr.key.value if isinstance(expr.key.value, str) else "[]")
        expr = expr.base
    return (expr.name, tuple(reversed(steps))) if isinstance(expr, tree.Name) else None


def pinned(
    where: tree.Expr | None, path: tuple[str, tuple[str, ...]], parameters: Mapping[str, Any]
) -> list[Any] | None:
    """The values ``path`` can have where the filter is true; None when the filter does not pin it."""
    match where:
        case tree.Binary("AND", left, right):
            one = pinned(left, path, parameters)
            return one if one is not None else pinned(right, path, parameters)
        case tree.Binary("OR", left, right):
            first, second = pinned(left, path, parameters), pinned(right, path, parameters)
            return None if first is None or second is None else first + second
        case tree.Binary("=", left, right) if path_of(left) == path:
            return _constants((right,), parameters)
        case tree.Binary("=", left, right) if path_of(right) == path:
            return _constants((left,), parameters)
        case tree.In(operand, choices) if path_of(operand) == path:
            return _constants(choices, parameters)
        case _:
            return None


def _constants(exprs: tuple[tree.Expr, ...], parameters: Mapping[str, Any]) -> list[Any] | None:
    values: list[Any] = []
    for expr in exprs:
        if isinstance(expr, tree.Literal):
            values.append(expr.value)
        elif isinstance(expr, tree.Param) and expr.name in parameters:
            values.append(parameters[expr.name])
        else:
            return None
    return values
