"""Queries over HTTP: which ranges they run on, their pages and continuations, their plans for the SDKs."""

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from devstack.cosmos import charge, epk
from devstack.cosmos.catalog import Container, Range
from devstack.cosmos.epk import key_text
from devstack.cosmos.errors import Refusal, bad_request, syntax_error
from devstack.cosmos.slices import Slice, Wanted, read_items, scope_of
from devstack.cosmos.sql import tree
from devstack.cosmos.sql.dates import current_functions
from devstack.cosmos.sql.functions import FUNCTIONS, Function
from devstack.cosmos.sql.pages import Cursor, Item, needs_all, page, starting
from devstack.cosmos.sql.parser import parse
from devstack.cosmos.sql.plan import query_plan
from devstack.cosmos.sql.render import render
from devstack.cosmos.sql.resume import parse_resume
from devstack.cosmos.sql.rewriting import streams, without_resume
from devstack.cosmos.sql.shape import Shape, compile_query
from devstack.cosmos.sql.walk import path_of, pinned
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call, Reply, text_of_query

PAGE = 100
MAX_PUSHED = 10000
# Some SDKs ask for a plan only when a 400/1004 carries this; they read no more of it than that it is there.
PLAN_NEEDED = '{"partitionedQueryExecutionInfoVersion":2}'


class Query:
    """One query request, parsed and compiled."""

    def __init__(self, call: Call, container: Container) -> None:
        self.container = container
        body = call.mapping()
        self.text, self.parameters = text_of_query(body)
        self.tree = parse(self.text)
        now = {name: Function(*rest) for name, rest in current_functions(call.now).items()}
        self.shape: Shape = compile_query(self.tree, self.parameters, {**FUNCTIONS, **now})
        _check_order(self.tree, container)
        self.shape.resume = parse_resume(body.get("resumeFilter"), container.rid, len(self.tree.order))
        bound = [_text_of_token(self.text), self.parameters, container.rid]
        self.token_name = hashlib.sha256(orjson.dumps(bound)).hexdigest()[:16]


@lru_cache(maxsize=512)
def _text_of_token(text: str) -> str:
    """The text that a continuation belongs to: a client that resumes ORDER BY may change the rest of it."""
    query = parse(text)
    plain = without_resume(query)
    return text if plain is query else render(plain)


def _check_order(query: tree.Query, container: Container) -> None:
    if not query.order:
        return
    keys = []
    for one in query.order:
        found = path_of(one.expr)
        if found is None or found[0] != query.sources[0].alias or not found[1] or "[]" in found[1]:
            raise syntax_error(
                "Unsupported ORDER BY clause: the expression could not be mapped to a document path."
            )
        keys.append((found[1], one.descending))
    container.definition.policy.check_order(keys)


def run_query(call: Call, store: Store, container: Container) -> tuple[Reply, list[Range]]:
    """The page, and the ranges it was read from."""
    query = Query(call, container)
    scope = scope_of(call, container)
    if scope is None:
        if not call.flag("x-ms-documentdb-query-enablecrosspartition"):
            raise bad_request(
                "Cross partition query is required but disabled. Please set "
                "x-ms-documentdb-query-enablecrosspartition to true, specify x-ms-documentdb-partitionkey, "
                "or revise your query to avoid this exception."
            )
        if not streams(query.tree):
            raise Refusal(
                400,
                "The provided cross partition query can not be directly served by the gateway. This is a "
                "first chance (internal) exception that all newer clients will know how to handle.",
                1004,
                extra={"additionalErrorInfo": PLAN_NEEDED},
            )  # fmt: skip
    return _run(call, store, query, scope or Slice(epk.MIN_EPK, epk.MAX_EPK))


def _run(call: Call, store: Store, query: Query, scope: Slice) -> tuple[Reply, list[Range]]:
    container = query.container
    part, cursor = _resume(call, query, scope, container)
    most = call.page_size(PAGE)
    results: list[bytes] = []
    visited: list[Range] = []
    units = 0.0
    while True:
        visited.append(container.range_of(part.low))
        items = _items(call, store, query, part, cursor)
        found, following = page(query.shape, items, cursor, most - len(results))
        results += found
        units += charge.query(sum(map(len, found)))
        if following is not None:
            break
        rest = _next(container, scope, part)
        if rest is None:
            break
        part, cursor = rest, starting(query.shape)
        if len(results) >= most:
            following = cursor
            break
    reply = Reply(body=_documents(container, results), charge=round(units, 2))
    reply.headers["x-ms-item-count"] = str(len(results))
    reply.headers |= {} if following is None else {"x-ms-continuation": _token(query, part, following)}
    return reply, visited


def _items(call: Call, store: Store, query: Query, part: Slice, cursor: Cursor) -> Iterator[Item]:
    start = 0 if needs_all(query.shape) else max(0, cursor.mark[0])
    ids = keys = None
    first = query.tree.sources[0]
    if isinstance(first.origin, tree.Name) and not first.each:
        ids = _pushed(query, (first.alias, ("id",)))
        values = _pushed(query, (first.alias, query.container.definition.path))
        keys = (
            None
            if values is None
            else [key_text(one) for one in values if one is None or not isinstance(one, (list, dict))]
        )
        ids = None if ids is None else [one for one in ids if isinstance(one, str)]
    return read_items(store, query.container, part, call.now, Wanted(start, ids, keys))


def _pushed(query: Query, path: tuple[str, tuple[str, ...]]) -> list[Any] | None:
    values = pinned(query.tree.where, path, query.parameters)
    return values if values is not None and len(values) <= MAX_PUSHED else None


def _next(container: Container, scope: Slice, part: Slice) -> Slice | None:
    """The slice after ``part`` within the scope; ranges may have been split since the part was cut."""
    if scope.pk is not None or part.high >= scope.high:
        return None
    found = container.range_of(part.high)
    return Slice(part.high, min(found.high, scope.high))


def _first(container: Container, scope: Slice) -> Slice:
    if scope.pk is not None:
        return scope
    return Slice(scope.low, min(container.range_of(scope.low).high, scope.high))


def _token(query: Query, part: Slice, cursor: Cursor) -> str:
    data = {"v": 1, "query": query.token_name, "low": part.low, "high": part.high, "at": cursor.to_json()}
    return base64.b64encode(orjson.dumps(data)).decode()


def _resume(call: Call, query: Query, scope: Slice, container: Container) -> tuple[Slice, Cursor]:
    text = call.header("x-ms-continuation")
    if not text:
        return _first(container, scope), starting(query.shape)
    try:
        data = orjson.loads(base64.b64decode(text, validate=True))
        name, low, high = str(data["query"]), str(data["low"]), str(data["high"])
        cursor = Cursor.from_json(data["at"])
    except (ValueError, KeyError, TypeError):
        raise bad_request(
            f"Invalid continuation token: {text[:80]!r} was not issued by this account."
        ) from None
    if name != query.token_name:
        raise bad_request(
            "The continuation token belongs to another query, other parameters or another container."
        )
    if scope.pk is not None and (low, high) == (scope.low, scope.high):
        return scope, cursor
    if scope.pk is None and low < scope.high and scope.low < high:
        return Slice(max(low, scope.low), min(high, scope.high)), cursor
    raise bad_request(
        "The continuation token belongs to another partition key or range than the request names."
    )


def _documents(container: Container, results: list[bytes]) -> bytes:
    head = f'{{"_rid":"{container.rid}","Documents":['.encode()
    return head + b",".join(results) + f'],"_count":{len(results)}}}'.encode()


def run_plan(call: Call, container: Container) -> Reply:
    """The query plan the SDKs ask for after a 400/1004."""
    query = Query(call, container)
    features = call.header("x-ms-cosmos-supported-query-features")
    return Reply.of(query_plan(query.tree, query.parameters, features), charge=charge.METADATA)
