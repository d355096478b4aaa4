"""Query plans: what an SDK merges itself, and the query it sends to each range (facts: the SDKs' own parsers)."""

from typing import Any

from devstack.cosmos.sql import tree
from devstack.cosmos.sql.compiler import AGGREGATES
from devstack.cosmos.sql.walk import calls


def streams(query: tree.Query) -> bool:
    """Whether results of the ranges, one after the other, are the result: the gateway serves it directly."""
    return not (
        query.distinct or query.group or query.order or query.top is not None or query.limit is not None
        or any(call.name in AGGREGATES for expr, _ in query.columns for call in calls(expr))
    )  # fmt: skip


def query_plan(query: tree.Query, parameters: dict[str, Any], features: str) -> dict[str, Any]:
    """The plan."""
    from devstack.cosmos.errors import unsupported

    raise unsupported("A query plan")
