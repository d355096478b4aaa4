"""ORDER BY across ranges, resumed after every row as clients resume it, equals the whole."""

import base64
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devstack.cosmos.account import Account
from devstack.cosmos.errors import Refusal
from devstack.cosmos.rids import container_rid, item_rid
from devstack.cosmos.sql.hashing import hash_text, hashed
from devstack.cosmos.sql.resume import parse_resume
from devstack.cosmos.store import Store
from devstack.tests.cosmos import oracle
from devstack.tests.cosmos.asking import ask
from devstack.tests.cosmos.dotnet import FEATURES
from devstack.tests.cosmos.oracle import Missing

PRIMITIVES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.sampled_from([0.5, 2**53 + 1, "", "a", "b", 'é"\\'])
)
VALUES = st.one_of(
    PRIMITIVES, PRIMITIVES, st.lists(PRIMITIVES, max_size=2),
    st.dictionaries(st.sampled_from("xy"), PRIMITIVES, max_size=2),
)  # fmt: skip


def items(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {"pk": st.integers(0, 9), "tags": st.lists(st.just("t"), max_size=2)},
        optional={"a": values, "b": values},
    )
    return st.lists(one, min_size=2, max_size=7)


ORDERS = st.lists(
    st.tuples(st.sampled_from("ab"), st.booleans()), min_size=1, max_size=2, unique_by=lambda o: o[0]
)
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
BOTH = [
    [{"path": f"/{one}", "order": order}, {"path": f"/{other}", "order": second}]
    for one, other in ("ab", "ba")
    for order in ("ascending", "descending")
    for second in ("ascending", "descending")
]


@dataclass
class Row:
    """A row of one range: its keys as JSON, where an absent item is undefined."""

    place: int
    rid: str
    keys: list[dict[str, Any]]
    payload: Any

    @property
    def seq(self) -> int:
        return rid_word(self.rid)


def rid_word(rid: str) -> int:
    return int.from_bytes(base64.b64decode(rid.replace("-", "/"))[8:], "little")


class Ranges:
    """A container of three ranges with these items, and one query over it."""

    def __init__(self, stored: list[dict[str, Any]], text: str) -> None:
        self.store = Store(None)
        self.account = Account(self.store, ranges=3)
        assert ask(self.account, "POST", "/dbs", {"id": "d"}).status == 201
        body = {
            "id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2},
            "indexingPolicy": {"includedPaths": [{"path": "/*"}], "compositeIndexes": BOTH},
        }  # fmt: skip
        assert ask(self.account, "POST", "/dbs/d/colls", body).status == 201
        for n, item in enumerate(stored):
            key = json.dumps([item["pk"]])
            made = ask(
                self.account,
                "POST",
                "/dbs/d/colls/c/docs",
                {"id": f"i{n}", **item},
                x_ms_documentdb_partitionkey=key,
            )
            assert made.status == 201
        plan = ask(
            self.account, "POST", "/dbs/d/colls/c/docs", {"query": text},
            x_ms_cosmos_is_query_plan_request="True", x_ms_cosmos_supported_query_features=FEATURES,
        )  # fmt: skip
        assert plan.status == 200
        self.info = orjson.loads(plan.body)["queryInfo"]
        assert self.info["rewrittenQuery"].count("{documentdb-formattableorderbyquery-filter}") == 1
        self.descending = [one == "Descending" for one in self.info["orderBy"]]

    def __enter__(self) -> "Ranges":
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def text(self, condition: str) -> str:
        return str(self.info["rewrittenQuery"]).replace(
            "{documentdb-formattableorderbyquery-filter}", condition
        )

    def page(
        self, place: int, body: dict[str, Any], token: str | None, most: int
    ) -> tuple[list[Row], str | None]:
        more = {} if token is None else {"x_ms_continuation": token}
        reply = ask(
            self.account, "POST", "/dbs/d/colls/c/docs", body, x_ms_documentdb_isquery="True",
            x_ms_documentdb_query_enablecrosspartition="True", x_ms_max_item_count=str(most),
            x_ms_documentdb_partitionkeyrangeid=str(place), **more,
        )  # fmt: skip
        assert reply.status == 200, reply.body
        found = orjson.loads(reply.body)["Documents"]
        rows = [Row(place, one["_rid"], one["orderByItems"], one["payload"]) for one in found]
        return rows, reply.headers.get("x-ms-continuation")

    def read(self, place: int, body: dict[str, Any], token: str | None = None, most: int = 2) -> list[Row]:
        """All rows of a range, page by page."""
        found: list[Row] = []
        while True:
            rows, token = self.page(place, body, token, most)
            found += rows
            if token is None:
                return found

    def compare(self, left: Row, right: Row) -> int:
        """The order in which a client merges: keys, ranges from left to right, the order of creation."""
        sign = self.compare_keys(left.keys, right.keys)
        if sign or left.place != right.place:
            return sign or left.place - right.place
        return (right.seq - left.seq) if self.descending[0] else (left.seq - right.seq)

    def compare_keys(self, left: list[dict[str, Any]], right: list[dict[str, Any]]) -> int:
        for one, other, down in zip(left, right, self.descending, strict=True):
            sign = compare(one.get("item", Missing), other.get("item", Missing))
            if sign:
                return -sign if down else sign
        return 0

    def whole(self) -> list[Row]:
        """Everything, sorted here and not by the server."""
        rows = [row for place in range(3) for row in self.read(place, {"query": self.text("true")})]
        return sorted(rows, key=functools.cmp_to_key(self.compare))


def compare(left: Any, right: Any) -> int:
    """The oracle's order of primitives; arrays and objects by the hash that the SDKs share."""
    if isinstance(left, (list, dict)) and type(left) is type(right):
        one, other = hash_text(hashed(left)), hash_text(hashed(right))
        return int(one > other) - int(one < other)
    return oracle.compare(*(shape(one) for one in (left, right)))


def shape(value: Any) -> Any:
    return value if value is Missing or not isinstance(value, (list, dict)) else type(value)()


def resume_value(key: dict[str, Any]) -> Any:
    """As the .NET client writes it: ``SqlQueryResumeValue.Serialize``."""
    if "item" not in key:
        return []
    value = key["item"]
    if not isinstance(value, (list, dict)):
        return value
    low, high = (word - 2**64 if word >= 2**63 else word for word in hashed(value))
    return {"type": "array" if isinstance(value, list) else "object", "low": low, "high": high}


def after(ranges: Ranges, rows: list[Row], last: Row, skip: int) -> Iterator[Row]:
    """What the client keeps of the range where the page ended: ``FilterNextAsync``."""
    for row in rows:
        sign = ranges.compare_keys(last.keys, row.keys)
        tie = last.seq - row.seq
        tie = -tie if ranges.descending[0] else tie
        if sign > 0 or (sign == 0 and tie > 0):
            continue
        if sign == 0 and tie == 0 and skip > 0:
            skip -= 1
            continue
        yield row


def resumed(ranges: Ranges, whole: list[Row], done: int, bodies: dict[str, dict[str, Any]]) -> list[Row]:
    """The rest after ``done`` rows; ``bodies`` are for the ranges left of the last row's, it, those right."""
    last = whole[done - 1]
    skip = sum(row.rid == last.rid for row in whole[:done])
    rest: list[Row] = []
    for place in range(3):
        side = "left" if place < last.place else "right" if place > last.place else "target"
        rows = ranges.read(place, bodies[side])
        rest += after(ranges, rows, last, skip) if side == "target" else rows
    return sorted(rest, key=functools.cmp_to_key(ranges.compare))


def texts(rows: list[Row]) -> list[str]:
    return [oracle.canonical(row.payload) for row in rows]


def query_of(order: list[tuple[str, bool]], joined: bool) -> str:
    keys = ", ".join(f"c.{name} {'DESC' if down else 'ASC'}" for name, down in order)
    source = "c JOIN t IN c.tags WHERE t = 't' AND c.pk >= 0" if joined else "c"
    return f"SELECT c.id, c.a FROM {source} ORDER BY {keys}"


@SETTINGS
@given(items(VALUES), ORDERS, st.booleans())
@example([{"pk": n, "tags": [], "a": 1} for n in range(7)], [("a", True)], False)
def test_resumed_by_a_filter_beside_the_query(
    stored: list[dict[str, Any]], order: list[tuple[str, bool]], joined: bool
) -> None:
    """All forms of values, after every row, on every range."""
    with Ranges(stored, query_of(order, joined)) as ranges:
        whole = ranges.whole()
        for done in range(1, len(whole) + 1):
            last = whole[done - 1]
            values = [resume_value(one) for one in last.keys]
            bodies = {
                "left": {"value": values, "exclude": True},
                "target": {"value": values, "rid": last.rid, "exclude": False},
                "right": {"value": values, "exclude": False},
            }
            text = ranges.text("true")
            sent = {side: {"query": text, "resumeFilter": one} for side, one in bodies.items()}
            assert texts(resumed(ranges, whole, done, sent)) == texts(whole[done:])


CHECKS = ["NOT IS_DEFINED", "IS_NULL", "IS_BOOLEAN", "IS_NUMBER", "IS_STRING", "IS_ARRAY", "IS_OBJECT"]


def condition(expression: str, key: dict[str, Any], down: bool, inclusive: bool) -> str:
    """As the .NET client writes it for one key: ``GetFormattedFilters``."""
    sign = "<" if down else ">"
    if "item" not in key:
        defined = f"IS_DEFINED({expression})"
        first = (f"NOT {defined}" if inclusive else "false") if down else ("true" if inclusive else defined)
        rank = 0
    else:
        first = f"{expression} {sign}{'=' if inclusive else ''} {json.dumps(key['item'], ensure_ascii=False)}"
        rank = 1 + oracle.ORDER.index(oracle.kind(key["item"]))
    others = CHECKS[:rank] if down else CHECKS[rank + 1 :]
    return f"( {' OR '.join([first, *(f'{one}({expression})' for one in others)])} )"


@SETTINGS
@given(items(PRIMITIVES), st.sampled_from("ab"), st.booleans(), st.booleans())
def test_resumed_by_a_filter_in_the_query(
    stored: list[dict[str, Any]], name: str, down: bool, joined: bool
) -> None:
    """The place holder of the planned query, as older clients fill it in."""
    with Ranges(stored, query_of([(name, down)], joined)) as ranges:
        whole = ranges.whole()
        (expression,) = ranges.info["orderByExpressions"]
        for done in range(1, len(whole) + 1):
            (key,) = whole[done - 1].keys
            sides = {"left": False, "target": True, "right": True}
            sent = {
                side: {"query": ranges.text(condition(expression, key, down, inclusive))}
                for side, inclusive in sides.items()
            }
            assert texts(resumed(ranges, whole, done, sent)) == texts(whole[done:])


@SETTINGS
@given(items(PRIMITIVES), ORDERS)
def test_a_continuation_is_bound_to_neither_filter(
    stored: list[dict[str, Any]], order: list[tuple[str, bool]]
) -> None:
    """One of a request without a filter goes on beside a filter; the later place of both holds."""
    with Ranges(stored, query_of(order, joined=False)) as ranges:
        plain = {"query": ranges.text("true")}
        for place in range(3):
            rows = ranges.read(place, plain, most=100)
            for done in range(1, len(rows)):
                first, token = ranges.page(place, plain, None, done)
                assert token is not None
                for other in (done - 1, len(rows) - 1):
                    values = [resume_value(one) for one in rows[other].keys]
                    resume = {"value": values, "rid": rows[other].rid, "exclude": False}
                    later = max(done, other)
                    asked = {**plain, "resumeFilter": resume}
                    assert texts(ranges.read(place, asked, token)) == texts(rows[later:])
                filtered = {"query": ranges.text('( IS_DEFINED(c["pk"]) OR false )')}
                assert texts(first + ranges.read(place, filtered, token)) == texts(rows)


def test_a_continuation_is_still_bound_to_the_query() -> None:
    stored = [{"pk": 1, "tags": [], "a": n} for n in range(4)]
    with Ranges(stored, "SELECT c.id FROM c WHERE c.a >= 0 ORDER BY c.a") as ranges:
        place = next(one for one in range(3) if ranges.read(one, {"query": ranges.text("true")}))
        _, token = ranges.page(place, {"query": ranges.text("true")}, None, 2)
        for old, new in (('(c["a"] >= 0)', '(c["a"] >= 1)'), ("ASC", "DESC")):
            changed = ranges.text("true").replace(old, new)
            assert changed != ranges.text("true")
            with pytest.raises(AssertionError, match="belongs to another query"):
                ranges.page(place, {"query": changed}, token, 2)


RID = container_rid(1, 1)


@pytest.mark.parametrize(
    "data",
    [
        [], "x", {}, {"value": 1}, {"value": []}, {"value": [1, 2]}, {"value": [[1]]}, {"value": [{}]},
        {"value": [{"type": "array", "low": 1}]}, {"value": [{"type": "map", "low": 1, "high": 2}]},
        {"value": [{"type": "array", "low": 1.5, "high": 2}]}, {"value": [1], "exclude": "yes"},
        {"value": [1], "rid": "nonsense"}, {"value": [1], "rid": item_rid(1, 2, 3)},
        {"value": [1], "rid": RID},
    ],
)  # fmt: skip
def test_a_malformed_filter_is_refused(data: Any) -> None:
    with pytest.raises(Refusal, match="The resume filter of the query is malformed"):
        parse_resume(data, RID, 1)


HASHES: list[tuple[Any, str]] = [
    (None, "898EFBF2680DAEA39E24D6AE6653417D"), (False, "6E88AA4242F017B7705F12581A61118F"),
    (True, "CD4D51AB869F071FF019C3E4A55C0125"), ("", "A78446CF287029A585B395A161A2A9A1"),
    ("asdfasdfasdfasdfasdfasdf", "8F124368401E0B91AD580CA542E035DB"),
    (1234, "A94BF61335C9FBA42C28D7D9895D1434"),
    ([], "7D54F729FF4A63FFA2EF3CA359538082"), ({}, "14B86A60AA01A7381438743E80B965D8"),
    ([None], "3E8E8C77472338352F80EA6235FB6E41"), ({"prop": None}, "A3D5880C264194B40E763E0B097A94D4"),
    ([[]], "51667C83CA3C85E958EC39854AEE937C"), ({"prop": []}, "3D4C7D78D626A9F4F80DD7FA6826F48D"),
    ([None, False, True, 1234, "asdfasdfasdfasdfasdfasdf"], "A9407916DE27F316CC5A8E4EB9AFD5E6"),
    (
        {"null": None, "false": False, "true": True, "cosmosNumber": 1234, "cosmosString": "asdf" * 6},
        "3B6AA9F4F43AAEC0E48EBE2BC020D55C",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), HASHES)
def test_hashes_are_those_of_the_sdks(value: Any, expected: str) -> None:
    """The published values: ``DistinctHashBaselineTests`` of azure-cosmos-dotnet-v3."""
    low, high = hashed(value)
    assert f"{high:016X}{low:016X}" == expected
