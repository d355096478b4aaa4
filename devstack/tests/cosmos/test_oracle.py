"""The engine against the second evaluation, on generated queries and items.

The number of examples comes from ``COSMOS_ORACLE_EXAMPLES`` (a few hundred unless set; the soak sets 10 000).
"""

import functools
import os
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack.cosmos.sql.pages import Cursor, page, starting
from devstack.cosmos.sql.parser import parse
from devstack.cosmos.sql.render import render
from devstack.cosmos.sql.shape import compile_query
from devstack.tests.cosmos import oracle
from devstack.tests.cosmos.oracle import Item, Missing, Node

EXAMPLES = int(os.environ.get("COSMOS_ORACLE_EXAMPLES", "200"))
PRIMITIVES = st.one_of(
    st.integers(-3, 5), st.sampled_from([0.5, -1.5, 2.0]), st.booleans(), st.none(),
    st.sampled_from(["", "a", "ab", "b", "é", 'q"\\']),
)  # fmt: skip
VALUES = st.one_of(
    PRIMITIVES, st.lists(PRIMITIVES, max_size=2), st.dictionaries(st.sampled_from("xy"), PRIMITIVES)
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "a": VALUES, "b": PRIMITIVES, "tags": st.one_of(st.lists(PRIMITIVES, max_size=3), PRIMITIVES),
            "deep": st.fixed_dictionaries(
                {}, optional={"x": PRIMITIVES, "list": st.lists(PRIMITIVES, max_size=2)}
            ),
        },
    ),
    max_size=8,
)  # fmt: skip
PATHS = st.sampled_from(
    [("path", "a"), ("path", "b"), ("path", "deep", "x"), ("path", "deep", "list", 0), ("path", "tags"),
     ("path", "a", "x"), ("path", "a", 1), ("path", "absent")]
)  # fmt: skip
SORTABLE = st.sampled_from([("path", "b"), ("path", "deep", "x")])
LEAVES: st.SearchStrategy[Node] = st.one_of(
    PATHS, PATHS, st.tuples(st.just("literal"), VALUES), st.just(("undefined",))
)


def grow(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    operators = st.sampled_from(
        ["=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "||", "??", "AND", "OR"]
    )
    checks = st.sampled_from(
        [
            "IS_DEFINED",
            "IS_NULL",
            "IS_NUMBER",
            "IS_STRING",
            "IS_BOOL",
            "IS_ARRAY",
            "IS_OBJECT",
            "LENGTH",
            "ARRAY_LENGTH",
        ]
    )
    pairs = st.sampled_from(["STARTSWITH", "CONTAINS", "ARRAY_CONTAINS"])
    return st.one_of(
        st.tuples(operators, below, below),
        st.tuples(st.sampled_from(["AND", "OR"]), below, below),
        st.tuples(st.just("not"), below),
        st.tuples(st.just("in"), below, st.lists(below, min_size=1, max_size=3)),
        st.tuples(st.just("between"), below, below, below),
        st.tuples(st.just("if"), below, below, below),
        st.tuples(st.just("call"), checks, below),
        st.tuples(st.just("call"), pairs, below, below),
        st.tuples(st.sampled_from(["exists", "count"]), below),
    )


EXPRESSIONS: st.SearchStrategy[Node] = st.recursive(LEAVES, grow, max_leaves=8)
GENERATED = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def run(text: str, items: list[Item], most: int) -> list[Any]:
    """All pages of the engine, by the query as its plan would write it."""
    shape = compile_query(parse(render(parse(text))), {})
    stored = [(n, orjson.dumps(item)) for n, item in enumerate(items)]
    cursor: Cursor | None = starting(shape)
    results: list[Any] = []
    while cursor is not None:
        found, cursor = page(
            shape, stored, Cursor.from_json(orjson.loads(orjson.dumps(cursor.to_json()))), most
        )
        results += [orjson.loads(one) for one in found]
    return results


def kept(items: list[Item], where: Node) -> list[Item]:
    return [item for item in items if oracle.attempt(where, item) is True]


def texts(values: list[Any]) -> list[str]:
    return [oracle.canonical(one) for one in values]


@GENERATED
@given(ITEMS, EXPRESSIONS, EXPRESSIONS, st.integers(1, 4))
def test_filters_and_values(items: list[Item], value: Node, where: Node, most: int) -> None:
    found = run(f"SELECT VALUE {oracle.text(value)} FROM c WHERE {oracle.text(where)}", items, most)
    values = [oracle.attempt(value, item) for item in kept(items, where)]
    assert texts(found) == texts([one for one in values if one is not Missing])


@GENERATED
@given(
    ITEMS, st.one_of(EXPRESSIONS, st.just(("literal", True))), SORTABLE, SORTABLE, st.booleans(),
    st.booleans(), st.integers(1, 4), st.integers(0, 5),
)  # fmt: skip
def test_order_and_limits(
    items: list[Item], where: Node, one: Node, other: Node, down: bool, deeper: bool, most: int, count: int
) -> None:
    keys = (
        f"{oracle.text(one)} {'DESC' if down else 'ASC'}, {oracle.text(other)} {'DESC' if deeper else 'ASC'}"
    )
    clause = f"WHERE {oracle.text(where)} ORDER BY {keys}"
    found = run(f"SELECT * FROM c {clause} OFFSET 1 LIMIT {count}", items, most)
    places = {id(item): n for n, item in enumerate(items)}

    def before(left: Item, right: Item) -> int:
        for node, reverse in ((one, down), (other, deeper)):
            sign = oracle.compare(oracle.attempt(node, left), oracle.attempt(node, right))
            if sign:
                return -sign if reverse else sign
        first = places[id(left)] - places[id(right)]  # equals follow the first key's direction
        return -first if down else first

    rows = sorted(kept(items, where), key=functools.cmp_to_key(before))
    assert texts(found) == texts(rows[1 : 1 + count])


@GENERATED
@given(ITEMS, EXPRESSIONS, st.integers(1, 4))
def test_distinct(items: list[Item], value: Node, most: int) -> None:
    found = run(f"SELECT DISTINCT VALUE {oracle.text(value)} FROM c", items, most)
    values = [one for item in items if (one := oracle.attempt(value, item)) is not Missing]
    assert texts(found) == list(dict.fromkeys(texts(values)))


@GENERATED
@given(ITEMS, EXPRESSIONS, EXPRESSIONS, st.sampled_from(["COUNT", "SUM", "AVG", "MIN", "MAX"]))
def test_aggregates(items: list[Item], value: Node, where: Node, name: str) -> None:
    found = run(f"SELECT VALUE {name}({oracle.text(value)}) FROM c WHERE {oracle.text(where)}", items, 1)
    try:
        expected = [oracle.aggregate(name, [oracle.attempt(value, item) for item in kept(items, where)])]
    except Missing:
        expected = []
    assert texts(found) == texts(expected)


@GENERATED
@given(ITEMS, PATHS, PATHS, st.integers(1, 3))
def test_groups(items: list[Item], key: Node, value: Node, most: int) -> None:
    columns = f"{oracle.text(key)} AS k, COUNT(1) AS n, COUNT({oracle.text(value)}) AS m"
    found = run(f"SELECT {columns} FROM c GROUP BY {oracle.text(key)}", items, most)
    groups: dict[str, dict[str, Any]] = {}
    for item in items:
        name = oracle.attempt(key, item)
        start = {"n": 0, "m": 0} if name is Missing else {"k": name, "n": 0, "m": 0}
        row = groups.setdefault("undefined" if name is Missing else oracle.canonical(name), start)
        row["n"] += 1
        row["m"] += oracle.attempt(value, item) is not Missing
    assert texts(found) == texts(list(groups.values()))
