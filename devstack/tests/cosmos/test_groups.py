"""GROUP BY and several aggregates across ranges, merged as .NET merges them, equal the oracle's."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack.cosmos.account import Account
from devstack.cosmos.store import Store
from devstack.tests.cosmos import oracle
from devstack.tests.cosmos.asking import ask
from devstack.tests.cosmos.dotnet import FEATURES
from devstack.tests.cosmos.oracle import Missing

PYTHON = "Aggregate,CompositeAggregate,Distinct,MultipleOrderBy,OffsetAndLimit,OrderBy,Top,CountIf"
DOCS = "/dbs/d/colls/c/docs"
PRIMITIVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.5, "", "a", "b"]))
VALUES = st.one_of(PRIMITIVES, PRIMITIVES, PRIMITIVES, st.lists(st.integers(0, 1), max_size=1))
ITEMS = st.lists(
    st.fixed_dictionaries({"pk": st.integers(0, 9)}, optional={"k": VALUES, "v": VALUES}), max_size=12
)
BLAMED = "which the calling client does not support"
AGGREGATES = ["COUNT", "SUM", "AVG", "MIN", "MAX"]


def account(items: list[dict[str, Any]]) -> tuple[Store, Account]:
    store = Store(None)
    made = Account(store, ranges=3)
    assert ask(made, "POST", "/dbs", {"id": "d"}).status == 201
    body = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
    assert ask(made, "POST", "/dbs/d/colls", body).status == 201
    for n, item in enumerate(items):
        key = json.dumps([item["pk"]])
        reply = ask(made, "POST", DOCS, {"id": f"i{n}", **item}, x_ms_documentdb_partitionkey=key)
        assert reply.status == 201
    return store, made


def plan(made: Account, text: str, features: str = FEATURES) -> Any:
    asked = {"x_ms_cosmos_is_query_plan_request": "True", "x_ms_cosmos_supported_query_features": features}
    reply = ask(made, "POST", DOCS, {"query": text}, **asked)
    return (
        orjson.loads(reply.body)["queryInfo"] if reply.status == 200 else orjson.loads(reply.body)["message"]
    )


def rows(made: Account, text: str) -> list[Any]:
    """What all ranges answer, page by page."""
    found: list[Any] = []
    for place in range(3):
        token = ""
        while True:
            more = {"x_ms_continuation": token} if token else {}
            reply = ask(
                made, "POST", DOCS, {"query": text}, x_ms_documentdb_isquery="True", x_ms_max_item_count="2",
                x_ms_documentdb_query_enablecrosspartition="True",
                x_ms_documentdb_partitionkeyrangeid=str(place), **more,
            )  # fmt: skip
            assert reply.status == 200, reply.body
            found += orjson.loads(reply.body)["Documents"]
            token = reply.headers.get("x-ms-continuation", "")
            if not token:
                break
    return found


def merge(kind: str | None, parts: list[Any]) -> Any:
    """``SingleGroupAggregator``: a column of a group, of what each range knew; Missing is undefined."""
    if kind is None:
        return parts[0]
    items = [part.get("item2", part.get("item", Missing)) for part in parts]
    if kind in ("Count", "CountIf"):
        return sum(items)
    if kind == "Sum":
        return Missing if Missing in items else sum(items)
    if kind == "Average":
        count = sum(one["count"] for one in items)
        return (
            sum(one["sum"] for one in items) / count
            if count and all("sum" in one for one in items)
            else Missing
        )
    return extreme(kind.lower(), [one for one in items if one["count"]])


def extreme(kind: str, items: list[Any]) -> Any:
    """``MinMaxAggregator``: ranges without a value do not count, one with an array makes it undefined."""
    if not items or any(kind not in one for one in items):
        return Missing
    return oracle.aggregate(kind.upper(), [one[kind] for one in items])


def answer(made: Account, text: str) -> list[Any]:
    """The whole result, as the client puts it together from the plan and the ranges' rows."""
    info = plan(made, text)
    groups: dict[str, list[Any]] = {}
    for row in rows(made, info["rewrittenQuery"]):
        name = oracle.canonical(row["groupByItems"]) if info["groupByExpressions"] else ""
        payload = row.get("payload", Missing) if isinstance(row, dict) else row
        groups.setdefault(name, []).append(payload)
    if info["hasSelectValue"]:
        kind = (info["aggregates"] or [None])[0]
        found = [merge(kind, [one[0] for one in parts] if kind else parts) for parts in groups.values()]
        return [one for one in found if one is not Missing]
    types = info["groupByAliasToAggregateType"]
    assert list(types) == info["groupByAliases"]
    found = [
        {name: merge(kind, [one.get(name, Missing) for one in parts]) for name, kind in types.items()}
        for parts in groups.values()
    ]
    return [{name: value for name, value in row.items() if value is not Missing} for row in found]


def same(found: list[Any], expected: list[Any]) -> bool:
    return sorted(map(oracle.canonical, found)) == sorted(map(oracle.canonical, expected))


def attempt(name: str, values: list[Any]) -> Any:
    try:
        return oracle.aggregate(name, values)
    except Missing:
        return Missing


def expected(items: list[dict[str, Any]], grouped: bool) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {} if grouped else {"": []}
    for item in items:
        name = "" if not grouped else oracle.canonical(item["k"]) if "k" in item else "undefined"
        groups.setdefault(name, []).append(item)
    found = []
    for members in groups.values():
        row = {name: attempt(name, [one.get("v", Missing) for one in members]) for name in AGGREGATES}
        row |= {"n": len(members)} | ({"k": members[0].get("k", Missing)} if grouped else {})
        found.append({name: value for name, value in row.items() if value is not Missing})
    return found


COLUMNS = ", ".join(["COUNT(1) AS n", *(f"{name}(c.v) AS {name}" for name in AGGREGATES)])
MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(ITEMS)
def test_groups_of_all_ranges(items: list[dict[str, Any]]) -> None:
    store, made = account(items)
    try:
        assert same(answer(made, f"SELECT c.k, {COLUMNS} FROM c GROUP BY c.k"), expected(items, grouped=True))
    finally:
        store.close()


@MANY
@given(ITEMS)
def test_several_aggregates_of_all_ranges(items: list[dict[str, Any]]) -> None:
    store, made = account(items)
    try:
        assert same(answer(made, f"SELECT {COLUMNS} FROM c"), expected(items, grouped=False))
    finally:
        store.close()


@MANY
@given(ITEMS, st.sampled_from(AGGREGATES))
def test_one_value_of_each_group(items: list[dict[str, Any]], name: str) -> None:
    store, made = account(items)
    try:
        found = answer(made, f"SELECT VALUE {name}(c.v) FROM c GROUP BY c.k")
        assert same(found, [row[name] for row in expected(items, grouped=True) if name in row])
        keys = answer(made, "SELECT VALUE c.k FROM c GROUP BY c.k")
        assert same(keys, [row["k"] for row in expected(items, grouped=True) if "k" in row])
    finally:
        store.close()


@pytest.fixture
def empty() -> Any:
    store, made = account([])
    yield made
    store.close()


def test_the_plan_is_the_services(empty: Account) -> None:
    """The one that ``QueryPartitionProviderTests`` has from the service, but for how names are written."""
    found = plan(empty, "SELECT COUNTIF(c.valid) FROM c GROUP BY c.zipcode")
    assert found == {
        "distinctType": "None", "top": None, "offset": None, "limit": None, "orderBy": [],
        "orderByExpressions": [], "groupByExpressions": ['c["zipcode"]'], "groupByAliases": ["$1"],
        "aggregates": [], "groupByAliasToAggregateType": {"$1": "CountIf"}, "hasSelectValue": False,
        "rewrittenQuery": 'SELECT [{"item": c["zipcode"]}] AS groupByItems, {"$1": {"item": '
        'COUNTIF(c["valid"])}} AS payload FROM c AS c GROUP BY c["zipcode"]',
        "dCountInfo": None, "hasNonStreamingOrderBy": False,
    }  # fmt: skip


def test_limits_are_left_to_the_client(empty: Account) -> None:
    """It merges the groups first: a range must not cut its own."""
    found = plan(empty, "SELECT c.k, COUNT(1) AS n FROM c GROUP BY c.k OFFSET 1 LIMIT 2")
    assert (found["offset"], found["limit"]) == (1, 2)
    assert "LIMIT" not in found["rewrittenQuery"]
    found = plan(empty, "SELECT TOP 3 COUNT(1) AS n FROM c")
    assert found["top"] == 3
    assert "TOP" not in found["rewrittenQuery"]


@pytest.mark.parametrize(
    ("text", "features", "words"),
    [
        ("SELECT c.k, COUNT(1) AS n FROM c GROUP BY c.k", PYTHON, f"{BLAMED}: GroupBy, NonValueAggregate."),
        ("SELECT COUNT(1), MAX(c.v) FROM c", PYTHON, f"{BLAMED}: NonValueAggregate, MultipleAggregates."),
        ("SELECT COUNT(1) AS n FROM c", PYTHON, f"{BLAMED}: NonValueAggregate."),
        ("SELECT VALUE COUNTIF(c.k) FROM c", "Aggregate", f"{BLAMED}: CountIf."),
        ("SELECT ABS(SUM(c.v)) AS s FROM c", FEATURES, "Compositions of aggregates and other expressions"),
        ("SELECT VALUE {'n': COUNT(1)} FROM c", FEATURES, "Compositions of aggregates and other expressions"),
        ("SELECT DISTINCT c.k, COUNT(1) FROM c GROUP BY c.k", FEATURES, "not supported by this local server"),
    ],
)  # fmt: skip
def test_who_cannot_is_told_truly(empty: Account, text: str, features: str, words: str) -> None:
    """A client is blamed only for what it does not name; the service's limits and ours have own words."""
    assert words in plan(empty, text, features)
