"""The account: routes a request to what serves it, each inside one transaction, and prices the answer."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from devstack.cosmos import charge
from devstack.cosmos.administration import Administration, not_allowed, ranges
from devstack.cosmos.auth import WELL_KNOWN_KEY, MasterKey
from devstack.cosmos.batch import Undone, patch_item, run_batch
from devstack.cosmos.bulk import run_bulk
from devstack.cosmos.catalog import Catalog, Container, Range
from devstack.cosmos.errors import Refusal, bad_request, unsupported
from devstack.cosmos.feed import read_feed
from devstack.cosmos.items import Condition, Items, Written, parse_item
from devstack.cosmos.offers import serve_offers
from devstack.cosmos.patch import patch_body
from devstack.cosmos.queries import run_plan, run_query
from devstack.cosmos.session import check_session, session_headers
from devstack.cosmos.slices import scope_of
from devstack.cosmos.store import Store
from devstack.cosmos.upgrade import upgrade
from devstack.cosmos.wire import Call, Reply, is_query, refused


class Account:
    """One account over one store. ``rus`` is the default throughput of a container, None for no limit."""

    def __init__(
        self, store: Store, ranges: int = 2, rus: int | None = None, key: str = WELL_KNOWN_KEY,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        upgrade(store)
        self.store = store
        self.catalog = Catalog(store, ranges, rus)
        self._administration = Administration(store, self.catalog)
        self.clock = clock
        self._key = MasterKey(key)

    def handle(self, call: Call) -> Reply:
        """The answer to one request; never raises for what a client did."""
        try:
            self._key.check(call.verb, call.path, call.header("authorization"), call.header("x-ms-date"))
            return self._route(call)
        except Undone as undone:
            return undone.reply
        except Refusal as error:
            return refused(error, charge.FAILED_READ if error.status != 429 else 0.38)
        except sqlite3.OperationalError as error:
            logging.getLogger(__name__).exception("%s %s was not done", call.verb, call.path)
            return refused(Refusal(503, f"The account's file could not be written or read: {error}."))

    def _route(self, call: Call) -> Reply:
        level = call.header("x-ms-consistency-level")
        if level.lower() not in ("", "session", "consistentprefix", "eventual"):
            raise bad_request(f"Consistency level {level} is stronger than the account's, which is Session.")
        match call.parts:
            case []:
                return self._administration.description(call)
            case ["dbs", *rest]:
                return self._resource(call, rest)
            case ["offers", *rest] if len(rest) < 2:
                return serve_offers(call, self.catalog, *rest)
            case _:
                raise unsupported(f"The resource '{call.path}'")

    def _named(self, parts: list[str]) -> list[str]:
        """The parts with names where the client wrote resource ids."""
        match parts:
            case [db]:
                return [self.catalog.database_name(db)]
            case [db, "colls", name, *rest]:
                db = self.catalog.database_name(db)
                return [db, "colls", self.catalog.container_name(db, name), *rest]
            case [db, *rest]:
                return [self.catalog.database_name(db), *rest]
        return parts

    def _resource(self, call: Call, parts: list[str]) -> Reply:
        match self._named(parts):
            case []:
                return self._administration.databases(call)
            case [db]:
                return self._administration.database(call, db)
            case [db, "colls"]:
                return self._administration.containers(call, db)
            case [db, "colls", name]:
                return self._administration.container(call, db, name)
            case [db, "colls", name, "pkranges", *rest] if call.verb == "GET" and len(rest) < 2:
                return ranges(call, self.catalog.owner(db, name), *rest)
            case [db, "colls", name, "docs"]:
                return self._documents(call, self._owner(call, db, name))
            case [db, "colls", name, "docs", item]:
                return self._item(call, self._owner(call, db, name), item)
            case _:
                raise unsupported(f"The resource '{call.path}'")

    def _owner(self, call: Call, db: str, name: str) -> Container:
        container = self.catalog.owner(db, name)
        intended = call.header("x-ms-cosmos-intended-collection-rid")
        if intended and intended != container.rid:
            raise Refusal(
                400, f"The container '{name}' was deleted and created again (its rid changed).", 1024
            )
        return container

    def _documents(self, call: Call, container: Container) -> Reply:
        if call.verb == "GET":
            check_session(call, container)
            reader = read_feed if call.header("a-im") else _list
            return self._read(call, container, reader)
        if call.verb != "POST":
            raise not_allowed(call)
        if call.flag("x-ms-cosmos-is-query-plan-request"):
            return run_plan(call, container)
        if is_query(call):
            check_session(call, container)
            return self._read(call, container, run_query)
        if call.flag("x-ms-cosmos-is-batch-request") and not call.flag("x-ms-cosmos-batch-atomic"):
            return self._bulk(call, container)
        return self._write(call, container, None)

    def _read(
        self, call: Call, container: Container,
        reader: Callable[[Call, Store, Container], tuple[Reply, list[Range]]],
    ) -> Reply:  # fmt: skip
        scope = scope_of(call, container)
        asked = container.ranges if scope is None else [container.range_of(scope.low)]
        with self._budgeted(container, asked):
            reply, visited = reader(call, self.store, container)
        _charge(visited, reply.charge)
        return _stamped(reply, container, visited)

    def _item(self, call: Call, container: Container, item_id: str) -> Reply:
        if call.verb != "GET":
            return self._write(call, container, item_id)
        check_session(call, container)
        items = Items(self.store, container, call.header("x-ms-documentdb-partitionkey"), call.now)
        place = container.range_of(items.epk)
        with self._budgeted(container, [place]):
            found = items.read(items.id_of(item_id), call.header("if-none-match"))
        reply = Reply(200, found.body, {"etag": found.etag}, charge.read(len(found.body)))
        _charge([place], reply.charge)
        return _stamped(reply, container, [place])

    def _write(self, call: Call, container: Container, item_id: str | None) -> Reply:
        items = Items(self.store, container, call.header("x-ms-documentdb-partitionkey"), call.now)
        place = container.range_of(items.epk)
        try:
            with self._budgeted(container, [place]), self.store.transaction():
                item_id = None if item_id is None else items.id_of(item_id)
                reply = _apply(call, container, items, item_id)
                items.commit()
        except Undone as undone:
            _charge([place], undone.reply.charge)
            _stamped(undone.reply, container, [place])
            raise
        items.done()
        _charge([place], reply.charge)
        return _stamped(reply, container, [place])

    def _bulk(self, call: Call, container: Container) -> Reply:
        range_id = call.header("x-ms-documentdb-partitionkeyrangeid")
        if not range_id:
            raise bad_request("A bulk request needs x-ms-documentdb-partitionkeyrangeid, its range.")
        place = container.range_named(range_id.split(",")[-1])
        with self._budgeted(container, [place]):
            reply = run_bulk(call, self.store, container, place)
        _charge([place], reply.charge)
        return _stamped(reply, container, [place])

    @contextmanager
    def _budgeted(self, container: Container, ranges: Sequence[Range]) -> Iterator[None]:
        """Raise 429 for a range that has spent its second; what is refused in the block costs units too.

        Clients keep the session of a refused request as well: of 404, 409 and 412, as the service sends it.
        """
        for one in ranges:
            if one.budget is not None:
                one.budget.admit(self.clock())
        try:
            yield
        except Refusal as error:
            _charge(ranges, charge.FAILED_READ)
            if error.status in (404, 409, 412):
                error.headers = {**session_headers(container, ranges), **error.headers}
            raise


def _charge(ranges: Sequence[Range], units: float) -> None:
    """What a request cost, shared by the ranges it visited."""
    for one in ranges:
        if one.budget is not None:
            one.budget.charge(units / len(ranges))


def _apply(call: Call, container: Container, items: Items, item_id: str | None) -> Reply:
    for name in ("pre", "post"):
        if call.header(f"x-ms-documentdb-{name}-trigger-include"):
            raise unsupported("A trigger")
    condition = Condition(call.header("if-match"), call.header("if-none-match"))
    if call.flag("x-ms-cosmos-is-batch-request"):
        return run_batch(call, container, items)
    if item_id is None:
        item = parse_item(call.body)
        upsert = call.flag("x-ms-documentdb-is-upsert")
        return _answer(call, items.upsert(item, condition) if upsert else items.create(item))
    match call.verb:
        case "PUT":
            return _answer(call, items.replace(item_id, parse_item(call.body), condition))
        case "PATCH":
            return _answer(call, patch_item(container, items, item_id, patch_body(call.json()), condition))
        case "DELETE":
            return _answer(call, items.delete(item_id, condition))
    raise not_allowed(call)


def _answer(call: Call, written: Written) -> Reply:
    minimal = call.header("prefer").lower() == "return=minimal"
    reply = Reply(written.status, b"" if minimal else written.body, charge=written.charge)
    if written.etag:
        reply.headers["etag"] = written.etag
    return reply


def _stamped(reply: Reply, container: Container, visited: list[Range]) -> Reply:
    reply.headers |= session_headers(container, visited)
    return reply


def _list(call: Call, store: Store, container: Container) -> tuple[Reply, list[Range]]:
    """Read all items (the feed of documents): a query without a filter."""
    call.body = b'{"query":"SELECT * FROM c"}'
    if scope_of(call, container) is None:
        call.headers = {**call.headers, "x-ms-documentdb-query-enablecrosspartition": "true"}
    return run_query(call, store, container)
