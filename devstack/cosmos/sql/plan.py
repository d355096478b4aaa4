"""Query plans: what an SDK merges itself, and the query it sends to each range instead of the user's.

The shapes are the ones the SDKs' own pipelines read: ``orderByItems`` and ``payload`` for ORDER BY, with a
place for the filter of a client that resumes, ``[{"item": …}]`` for an aggregate, OFFSET folded into LIMIT.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from devstack.cosmos import epk
from devstack.cosmos.errors import bad_request
from devstack.cosmos.sql import tree
from devstack.cosmos.sql.compiler import AGGREGATES
from devstack.cosmos.sql.render import expression, render
from devstack.cosmos.sql.shape import column_names
from devstack.cosmos.sql.walk import calls

AGGREGATE_NAMES: Final = {
    "COUNT": "Count", "SUM": "Sum", "AVG": "Average", "MIN": "Min", "MAX": "Max", "COUNTIF": "CountIf",
}  # fmt: skip
ORDERED: Final = ["_rid", "orderByItems", "payload"]


def aggregates(query: tree.Query) -> list[tree.Call]:
    """The aggregate calls of the select list."""
    return [call for expr, _ in query.columns for call in calls(expr) if call.name in AGGREGATES]


def streams(query: tree.Query) -> bool:
    """Whether the ranges' results, one after the other, are the result: the gateway serves it directly."""
    counted = query.top is not None or query.limit is not None
    return not (query.distinct or query.group or query.order or counted or aggregates(query))


def query_plan(query: tree.Query, parameters: Mapping[str, Any], features: str) -> dict[str, Any]:
    """The plan; 400 when the query needs what the client's ``features`` do not name."""
    _check_features(query, {one.strip() for one in features.split(",")})
    top, offset, limit = (_number(one, parameters) for one in (query.top, query.offset, query.limit))
    whole = {"min": epk.MIN_EPK, "max": epk.MAX_EPK, "isMinInclusive": True, "isMaxInclusive": False}
    return {
        "partitionedQueryExecutionInfoVersion": 2,
        "queryInfo": {
            "distinctType": _distinct_type(query),
            "top": top,
            "offset": offset,
            "limit": limit,
            "orderBy": ["Descending" if one.descending else "Ascending" for one in query.order],
            "orderByExpressions": [expression(one.expr) for one in query.order],
            "groupByExpressions": [],
            "groupByAliases": [],
            "aggregates": [AGGREGATE_NAMES[one.name] for one in aggregates(query)],
            "groupByAliasToAggregateType": {},
            "rewrittenQuery": _rewritten(query, offset, limit),
            "hasSelectValue": query.value,
            "dCountInfo": None,
            "hasNonStreamingOrderBy": False,
        },
        "queryRanges": [whole],
    }


def _check_features(query: tree.Query, known: set[str]) -> None:
    found = aggregates(query)
    needed = {
        "GroupBy": bool(query.group),
        "OrderBy": bool(query.order),
        "MultipleOrderBy": len(query.order) > 1,
        "Distinct": query.distinct,
        "Top": query.top is not None,
        "OffsetAndLimit": query.limit is not None,
        "Aggregate": bool(found),
    }
    missing = [name for name, used in needed.items() if used and name not in known]
    if missing:
        raise _unsupported(", ".join(missing))
    if query.group:
        raise _unsupported("GroupBy, which this local server plans for no client")
    if len(found) > 1 or (found and len(query.columns) > 1):
        raise _unsupported("MultipleAggregates")
    if found and query.columns[0][0] != found[0]:
        raise _unsupported("an aggregate inside an expression")
    if found and (query.distinct or query.limit is not None or query.top is not None):
        raise _unsupported("an aggregate together with DISTINCT, TOP or OFFSET LIMIT")


def _unsupported(what: str) -> Exception:
    return bad_request(
        f"Query contains the following features, which the calling client does not support: {what}. "
        "Run it with a partition key."
    )


def _number(expr: tree.Expr | None, parameters: Mapping[str, Any]) -> int | None:
    if expr is None:
        return None
    value: Any = parameters[expr.name] if isinstance(expr, tree.Param) else getattr(expr, "value", None)
    return int(value)


def _distinct_type(query: tree.Query) -> str:
    if not query.distinct:
        return "None"
    sorted_by = query.order[0].expr if len(query.order) == 1 else None
    return "Ordered" if query.value and query.columns[0][0] == sorted_by else "Unordered"


def _rewritten(query: tree.Query, offset: int | None, limit: int | None) -> str:
    found = aggregates(query)
    if found:
        return render(replace(query, columns=((_partial(found[0]), None),), value=True))
    if streams(query):
        return ""
    if query.order:
        query = _ordered(query)
    if limit is None or query.limit is None:
        return render(query)
    zero, both = tree.Literal(0, "number"), tree.Literal((offset or 0) + limit, "number")
    return render(replace(query, offset=zero, limit=both))


def _partial(call: tree.Call) -> tree.Expr:
    """``[{"item": …}]``: what one range knows of the aggregate."""
    item: tree.Expr = call
    if call.name == "AVG":
        parts = [("sum", tree.Call("SUM", call.arguments)), ("count", tree.Call("COUNT", call.arguments))]
        item = tree.ObjectOf(tuple(parts))
    fields = [("item", item)]
    if call.name in ("MIN", "MAX"):  # the JavaScript SDK reads this second form
        count = tree.Call("COUNT", call.arguments)
        fields.append(("item2", tree.ObjectOf(((call.name.lower(), call), ("count", count)))))
    return tree.ArrayOf((tree.ObjectOf(tuple(fields)),))


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
    keys = tree.ArrayOf(tuple(tree.ObjectOf((("item", one.expr),)) for one in query.order))
    rid = tree.Member(alias, tree.Literal("_rid", "string"))
    changed = replace(
        query, star=False, value=False, where=where, distinct=False,
        columns=tuple(zip((rid, keys, payload), ORDERED, strict=True)),
    )  # fmt: skip
    if query.distinct:  # the client drops repeated rows first, so a range must not count them
        return replace(changed, top=None, limit=None, offset=None)
    return changed
