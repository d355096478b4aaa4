"""The query that an SDK sends to each range instead of the user's, and whose rows it merges.

The shapes are the ones the SDKs' own pipelines read: ``orderByItems`` and ``payload`` for ORDER BY, with a
place for the filter of a client that resumes; ``groupByItems`` and ``payload`` for GROUP BY; for aggregates
``{"item": …}``, what one range knows of each. OFFSET is folded into LIMIT, or left to the client where it
merges rows first. Sources: plans in the tests of azure-cosmos-dotnet-v3 (``QueryPartitionProviderTests``),
its ``GroupByQueryPipelineStage`` and ``AggregateQueryPipelineStage``.
"""

from dataclasses import replace
from typing import Final

from devstack.cosmos.sql import tree
from devstack.cosmos.sql.compiler import AGGREGATES
from devstack.cosmos.sql.render import render
from devstack.cosmos.sql.shape import column_names
from devstack.cosmos.sql.walk import calls

ORDERED: Final = ["_rid", "orderByItems", "payload"]


def aggregates(query: tree.Query) -> list[tree.Call]:
    """The aggregate calls of the select list."""
    return [call for expr, _ in query.columns for call in calls(expr) if call.name in AGGREGATES]


def streams(query: tree.Query) -> bool:
    """Whether the ranges' results, one after the other, are the result: the gateway serves it directly."""
    counted = query.top is not None or query.limit is not None
    return not (query.distinct or query.group or query.order or counted or aggregates(query))


def rewritten(query: tree.Query, offset: int | None, limit: int | None) -> str:
    """The text; empty when the user's own goes to each range."""
    if query.group or aggregates(query):
        return render(_merged(query))
    if streams(query):
        return ""
    if query.order:
        query = _ordered(query)
    if limit is None or query.limit is None:
        return render(query)
    zero, both = tree.Literal(0, "number"), tree.Literal((offset or 0) + limit, "number")
    return render(replace(query, offset=zero, limit=both))


def _merged(query: tree.Query) -> tree.Query:
    """GROUP BY and aggregates: the groups of one range, each with its keys and what the range knows of it."""
    query = replace(query, top=None, offset=None, limit=None)
    if query.value:
        expr = query.columns[0][0]
        payload: tree.Expr = tree.ArrayOf((_partial(expr),)) if is_aggregate(expr) else expr
        if not query.group:
            return replace(query, columns=((payload, None),))
    else:
        names = column_names(query.columns)
        values = [_partial(expr) if is_aggregate(expr) else expr for expr, _ in query.columns]
        payload = tree.ObjectOf(tuple(zip(names, values, strict=True)))
    columns: list[tuple[tree.Expr, str | None]] = [(payload, "payload")]
    if query.group:
        columns.insert(0, (_items(query.group), "groupByItems"))
    return replace(query, value=False, columns=tuple(columns))


def is_aggregate(expr: tree.Expr) -> bool:
    """Whether the expression is one call of an aggregate and nothing else."""
    return isinstance(expr, tree.Call) and expr.name in AGGREGATES


def _items(exprs: tuple[tree.Expr, ...]) -> tree.Expr:
    """``[{"item": a}, {"item": b}]``."""
    return tree.ArrayOf(tuple(tree.ObjectOf((("item", one),)) for one in exprs))


def _partial(call: tree.Expr) -> tree.Expr:
    """``{"item": …}``: what one range knows of the aggregate."""
    assert isinstance(call, tree.Call)
    item: tree.Expr = call
    count = tree.Call("COUNT", call.arguments)
    if call.name == "AVG":
        item = tree.ObjectOf((("sum", tree.Call("SUM", call.arguments)), ("count", count)))
    fields = [("item", item)]
    if call.name in ("MIN", "MAX"):  # .NET and JavaScript read this second form: a range may have no value
        fields.append(("item2", tree.ObjectOf(((call.name.lower(), call), ("count", count)))))
    return tree.ObjectOf(tuple(fields))


def without_resume(query: tree.Query) -> tree.Query:
    """A planned ORDER BY without the filter that a client put into its place; another query as it is."""
    names = [name for _, name in query.columns]
    if query.order and names == ORDERED and isinstance(query.where, tree.Binary):
        return replace(query, where=query.where.left)
    return query


def _ordered(query: tree.Query) -> tree.Query:
    """``SELECT c._rid, [{"item": key}…] AS orderByItems, … AS payload``; SDKs need a payload in every row."""
    alias = tree.Name(query.sources[0].alias)
    payload: tree.Expr
    where = query.where
    if query.star:
        payload = alias
    elif query.value:
        payload = query.columns[0][0]
        defined = tree.Call("IS_DEFINED", (payload,))
        where = defined if where is None else tree.Binary("AND", where, defined)
    else:
        names = column_names(query.columns)
        payload = tree.ObjectOf(tuple(zip(names, (expr for expr, _ in query.columns), strict=True)))
    where = tree.Binary("AND", where or tree.Literal(True, "boolean"), tree.ResumeFilter())
    keys = _items(tuple(one.expr for one in query.order))
    rid = tree.Member(alias, tree.Literal("_rid", "string"))
    changed = replace(
        query, star=False, value=False, where=where, distinct=False,
        columns=tuple(zip((rid, keys, payload), ORDERED, strict=True)),
    )  # fmt: skip
    if query.distinct:  # the client drops repeated rows first, so a range must not count them
        return replace(changed, top=None, limit=None, offset=None)
    return changed
