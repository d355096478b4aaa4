"""Query plans: what an SDK merges itself, and the query it sends to each range instead of the user's."""

from collections.abc import Mapping
from typing import Any, Final

from devstack.cosmos import epk
from devstack.cosmos.errors import bad_request, unsupported
from devstack.cosmos.sql import tree
from devstack.cosmos.sql.render import expression
from devstack.cosmos.sql.rewriting import aggregates, is_aggregate, rewritten
from devstack.cosmos.sql.shape import column_names

AGGREGATE_NAMES: Final = {
    "COUNT": "Count", "SUM": "Sum", "AVG": "Average", "MIN": "Min", "MAX": "Max", "COUNTIF": "CountIf",
}  # fmt: skip
WHOLE: Final = {"min": epk.MIN_EPK, "max": epk.MAX_EPK, "isMinInclusive": True, "isMaxInclusive": False}


def query_plan(query: tree.Query, parameters: Mapping[str, Any], features: str) -> dict[str, Any]:
    """The plan; 400 when the query needs what the client's ``features`` do not name."""
    _check_features(query, {one.strip() for one in features.split(",")})
    top, offset, limit = (_number(one, parameters) for one in (query.top, query.offset, query.limit))
    types = _group_types(query)
    return {
        "partitionedQueryExecutionInfoVersion": 2,
        "queryInfo": {
            "distinctType": _distinct_type(query),
            "top": top,
            "offset": offset,
            "limit": limit,
            "orderBy": ["Descending" if one.descending else "Ascending" for one in query.order],
            "orderByExpressions": [expression(one.expr) for one in query.order],
            "groupByExpressions": [expression(one) for one in query.group],
            "groupByAliases": list(types),
            "aggregates": [AGGREGATE_NAMES[one.name] for one in aggregates(query)] if query.value else [],
            "groupByAliasToAggregateType": types,
            "rewrittenQuery": rewritten(query, offset, limit),
            "hasSelectValue": query.value,
            "dCountInfo": None,
            "hasNonStreamingOrderBy": False,
        },
        "queryRanges": [dict(WHOLE)],
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
        "NonValueAggregate": bool(found) and not query.value,
        "MultipleAggregates": len(found) > 1,
        "CountIf": any(one.name == "COUNTIF" for one in found),
    }
    missing = [name for name, used in needed.items() if used and name not in known]
    if missing:
        raise bad_request(
            "Query contains the following features, which the calling client does not support: "
            f"{', '.join(missing)}. Run it with a partition key."
        )
    if found and sum(is_aggregate(expr) for expr, _ in query.columns) != len(found):
        raise bad_request("Compositions of aggregates and other expressions are not allowed.")
    if query.distinct and (found or query.group):
        raise unsupported("DISTINCT together with GROUP BY or an aggregate, across partitions,")


def _group_types(query: tree.Query) -> dict[str, str | None]:
    """What becomes of each column when ranges are merged: an aggregate, or None for a value of the group."""
    if query.value or not (query.group or aggregates(query)):
        return {}
    names = column_names(query.columns)
    types = [
        AGGREGATE_NAMES[expr.name] if isinstance(expr, tree.Call) and is_aggregate(expr) else None
        for expr, _ in query.columns
    ]
    return dict(zip(names, types, strict=True))


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
