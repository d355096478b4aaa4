"""Tree → text that parses to the same tree: what query plans send to the ranges."""

from collections.abc import Callable
from typing import Any, Final

import orjson

from devstack.cosmos.sql import tree


def render(query: tree.Query) -> str:
    """The text of a query."""
    parts = ["SELECT"]
    if query.distinct:
        parts.append("DISTINCT")
    if query.top is not None:
        parts += ["TOP", expression(query.top)]
    if query.star:
        parts.append("*")
    else:
        parts += ["VALUE"] if query.value else []
        parts.append(", ".join(map(_column, query.columns)))
    parts += [_source(source, place) for place, source in enumerate(query.sources)]
    if query.where is not None:
        parts += ["WHERE", expression(query.where)]
    if query.group:
        parts += ["GROUP BY", ", ".join(map(expression, query.group))]
    if query.order:
        keys = [f"{expression(one.expr)} {'DESC' if one.descending else 'ASC'}" for one in query.order]
        parts += ["ORDER BY", ", ".join(keys)]
    if query.offset is not None and query.limit is not None:
        parts += ["OFFSET", expression(query.offset), "LIMIT", expression(query.limit)]
    return " ".join(parts)


def _column(column: tuple[tree.Expr, str | None]) -> str:
    expr, alias = column
    return expression(expr) + ("" if alias is None else f" AS {alias}")


def _source(source: tree.Source, place: int) -> str:
    word = "JOIN" if place else "FROM"
    if isinstance(source.origin, tree.Query):
        return f"{word} ({render(source.origin)}) AS {source.alias}"
    origin = expression(source.origin)
    if source.each:
        return f"{word} {source.alias} IN {origin}"
    return f"{word} {origin} AS {source.alias}"


def expression(expr: tree.Expr) -> str:
    """The text of an expression, with brackets around everything that could need them."""
    return WRITERS[type(expr)](expr)


def _list(exprs: tuple[tree.Expr, ...]) -> str:
    return ", ".join(map(expression, exprs))


def _text(value: object) -> str:
    return orjson.dumps(value).decode()


def _literal(expr: tree.Literal) -> str:
    negative = expr.kind == "number" and _text(expr.value).startswith("-")
    return f"({_text(expr.value)})" if negative else _text(expr.value)


def _unary(expr: tree.Unary) -> str:
    return f"({expr.op} {expression(expr.operand)})"


def _like(expr: tree.Like) -> str:
    escape = "" if expr.escape is None else f" ESCAPE {_text(expr.escape)}"
    return f"({expression(expr.operand)} LIKE {expression(expr.pattern)}{escape})"


def _object(expr: tree.ObjectOf) -> str:
    return "{" + ", ".join(f"{_text(key)}: {expression(value)}" for key, value in expr.items) + "}"


def _conditional(expr: tree.Conditional) -> str:
    return f"({expression(expr.test)} ? {expression(expr.yes)} : {expression(expr.no)})"


def _subquery(expr: tree.Subquery) -> str:
    return f"{'' if expr.kind == 'scalar' else expr.kind}({render(expr.query)})"


WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    tree.Literal: _literal,
    tree.UndefinedLiteral: lambda _: "undefined",
    tree.ResumeFilter: lambda _: "({documentdb-formattableorderbyquery-filter})",
    tree.Param: lambda expr: expr.name,
    tree.Name: lambda expr: expr.name,
    tree.Member: lambda expr: f"{expression(expr.base)}[{expression(expr.key)}]",
    tree.Unary: _unary,
    tree.Binary: lambda expr: f"({expression(expr.left)} {expr.op} {expression(expr.right)})",
    tree.Between: lambda expr: (
        f"({expression(expr.operand)} BETWEEN {expression(expr.low)} AND {expression(expr.high)})"
    ),
    tree.In: lambda expr: f"({expression(expr.operand)} IN ({_list(expr.choices)}))",
    tree.Like: _like,
    tree.Conditional: _conditional,
    tree.Call: lambda expr: f"{expr.name}({_list(expr.arguments)})",
    tree.ArrayOf: lambda expr: f"[{_list(expr.items)}]",
    tree.ObjectOf: _object,
    tree.Subquery: _subquery,
}
