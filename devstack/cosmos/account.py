"""The account: routes a request to what serves it, each inside one transaction, and prices the answer."""

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import orjson

from devstack.cosmos import charge
from devstack.cosmos.auth import WELL_KNOWN_KEY, MasterKey
from devstack.cosmos.batch import Undone, patch_item, run_batch
from devstack.cosmos.catalog import Catalog, Container, Range
from devstack.cosmos.errors import Refusal, bad_request, unsupported
from devstack.cosmos.feed import read_feed
from devstack.cosmos.items import Condition, Items, Written, parse_item
from devstack.cosmos.patch import patch_body
from devstack.cosmos.queries import run_plan, run_query
from devstack.cosmos.session import check_session, session_token
from devstack.cosmos.slices import scope_of
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call, Reply, refused

QUERY_TYPE = "application/query+json"


class Account:
    """One account over one store. ``rus`` is the default throughput of a container, None for no limit."""

    def __init__(
        self, store: Store, ranges: int = 2, rus: int | None = None, key: str = WELL_KNOWN_KEY,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.store = store
        self.catalog = Catalog(store, ranges, rus)
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
                return self._description(call)
            case ["dbs", *rest]:
                return self._resource(call, rest)
            case _:
                raise unsupported(f"The resource '{call.path}'")

    def _description(self, call: Call) -> Reply:
        here = [{"name": "Local", "databaseAccountEndpoint": f"http://{call.header('host')}/"}]
        return Reply.of({
            "id": "local", "_rid": "local", "_self": "", "addresses": "//addresses/", "media": "//media/",
            "_dbs": "//dbs/", "writableLocations": here, "readableLocations": here,
            "enableMultipleWriteLocations": False, "continuousBackupEnabled": False,
            "userReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 4},
            "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
            "systemReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 4},
            "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
            "queryEngineConfiguration": "{}",
        })  # fmt: skip

    def _resource(self, call: Call, parts: list[str]) -> Reply:
        match parts:
            case []:
                return self._databases(call)
            case [db]:
                return self._database(call, db)
            case [db, "colls"]:
                return self._containers(call, db)
            case [db, "colls", name]:
                return self._container(call, db, name)
            case [db, "colls", name, "pkranges"] if call.verb == "GET":
                return _ranges(call, self.catalog.owner(db, name))
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

    def _databases(self, call: Call) -> Reply:
        if call.verb == "POST" and not _is_query(call):
            return self._change(
                lambda: Reply.of(self.catalog.add_database(call.mapping(), int(call.now)), 201)
            )
        _only_list(call, "databases")
        found = [self.catalog.database(name) for name in self.catalog.databases]
        return Reply.of({"_rid": "", "Databases": found, "_count": len(found)}, charge=charge.METADATA)

    def _database(self, call: Call, db: str) -> Reply:
        if call.verb == "GET":
            return Reply.of(self.catalog.database(db), charge=charge.METADATA)
        if call.verb == "DELETE":
            return self._change(lambda: self._remove_database(db))
        raise _not_allowed(call)

    def _containers(self, call: Call, db: str) -> Reply:
        if call.verb == "POST" and not _is_query(call):
            rus = _throughput(call)
            return self._change(
                lambda: Reply.of(
                    self.catalog.add_container(db, call.mapping(), int(call.now), rus).to_json(), 201
                )
            )
        _only_list(call, "containers")
        own = self.catalog.database(db)["_rid"]
        found = [one.to_json() for (owner, _), one in self.catalog.containers.items() if owner == db]
        return Reply.of(
            {"_rid": own, "DocumentCollections": found, "_count": len(found)}, charge=charge.METADATA
        )

    def _container(self, call: Call, db: str, name: str) -> Reply:
        match call.verb:
            case "GET":
                return Reply.of(self.catalog.container(db, name).to_json(), charge=charge.METADATA)
            case "PUT":
                return self._change(
                    lambda: Reply.of(self.catalog.replace_container(db, name, call.mapping()).to_json())
                )
            case "DELETE":
                return self._change(lambda: self._remove_container(db, name))
        raise _not_allowed(call)

    def _remove_database(self, db: str) -> Reply:
        self.catalog.remove_database(db)
        return Reply(204)

    def _remove_container(self, db: str, name: str) -> Reply:
        self.catalog.remove_container(db, name)
        return Reply(204)

    def _change(self, change: Callable[[], Reply]) -> Reply:
        """A change of the catalog: when it fails, the objects are read from the file again."""
        try:
            with self.store.transaction():
                reply = change()
        except BaseException:
            self.catalog.load()
            raise
        reply.charge = 4.95  # databases and containers: a constant, their charge is not published
        return reply

    def _documents(self, call: Call, container: Container) -> Reply:
        if call.verb == "GET":
            check_session(call, container)
            reader = read_feed if call.header("a-im") else _list
            return self._read(call, container, reader)
        if call.verb != "POST":
            raise _not_allowed(call)
        if call.flag("x-ms-cosmos-is-query-plan-request"):
            return run_plan(call, container)
        if _is_query(call):
            check_session(call, container)
            return self._read(call, container, run_query)
        return self._write(call, container, None)

    def _read(
        self, call: Call, container: Container,
        reader: Callable[[Call, Store, Container], tuple[Reply, list[Range]]],
    ) -> Reply:  # fmt: skip
        scope = scope_of(call, container)
        now = self.clock()
        for one in container.ranges if scope is None else [container.range_of(scope.low)]:
            if one.budget is not None:
                one.budget.admit(now)
        reply, visited = reader(call, self.store, container)
        for one in visited:
            if one.budget is not None:
                one.budget.charge(reply.charge / len(visited))
        return _stamped(reply, container, visited)

    def _item(self, call: Call, container: Container, item_id: str) -> Reply:
        if call.verb != "GET":
            return self._write(call, container, item_id)
        check_session(call, container)
        items = Items(self.store, container, call.header("x-ms-documentdb-partitionkey"), call.now)
        place = container.range_of(items.epk)
        if place.budget is not None:
            place.budget.admit(self.clock())
        found = items.read(item_id, call.header("if-none-match"))
        reply = Reply(200, found.body, {"etag": found.etag}, charge.read(len(found.body)))
        if place.budget is not None:
            place.budget.charge(reply.charge)
        return _stamped(reply, container, [place])

    def _write(self, call: Call, container: Container, item_id: str | None) -> Reply:
        items = Items(self.store, container, call.header("x-ms-documentdb-partitionkey"), call.now)
        place = container.range_of(items.epk)
        if place.budget is not None:
            place.budget.admit(self.clock())
        try:
            with self.store.transaction():
                reply = _apply(call, container, items, item_id)
                items.commit()
        except Undone as undone:
            if place.budget is not None:
                place.budget.charge(undone.reply.charge)
            _stamped(undone.reply, container, [place])
            raise
        items.done()
        if place.budget is not None:
            place.budget.charge(reply.charge)
        return _stamped(reply, container, [place])


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
    raise _not_allowed(call)


def _answer(call: Call, written: Written) -> Reply:
    minimal = call.header("prefer").lower() == "return=minimal"
    reply = Reply(written.status, b"" if minimal else written.body, charge=written.charge)
    if written.etag:
        reply.headers["etag"] = written.etag
    return reply


def _stamped(reply: Reply, container: Container, visited: list[Range]) -> Reply:
    reply.headers["x-ms-session-token"] = session_token(container, visited)
    reply.headers["x-ms-alt-content-path"] = f"dbs/{container.db}/colls/{container.id}"
    if len(visited) == 1:
        reply.headers["x-ms-documentdb-partitionkeyrangeid"] = str(visited[0].id)
    return reply


def _list(call: Call, store: Store, container: Container) -> tuple[Reply, list[Range]]:
    """Read all items (the feed of documents): a query without a filter."""
    call.body = b'{"query":"SELECT * FROM c"}'
    if scope_of(call, container) is None:
        call.headers = {**call.headers, "x-ms-documentdb-query-enablecrosspartition": "true"}
    return run_query(call, store, container)


def _ranges(call: Call, container: Container) -> Reply:
    etag = f'"{container.number}-{"-".join(str(one.id) for one in container.ranges)}"'
    if call.header("if-none-match") == etag:
        return Reply(304, headers={"etag": etag}, charge=charge.METADATA)
    rows: list[dict[str, Any]] = [
        {
            "id": str(one.id), "_rid": f"{container.rid[:-2]}{one.id:02d}", "minInclusive": one.low,
            "maxExclusive": one.high, "parents": one.parents, "status": "online", "ridPrefix": one.id,
            "throughputFraction": 1 / len(container.ranges), "_etag": etag, "_ts": container.ts,
            "_self": f"dbs/{container.db_rid}/colls/{container.rid}/pkranges/{one.id}/", "lsn": container.lsn,
        }
        for one in container.ranges
    ]  # fmt: skip
    body = {"_rid": container.rid, "PartitionKeyRanges": rows, "_count": len(rows)}
    return Reply(200, orjson.dumps(body), {"etag": etag}, charge.METADATA)


def _is_query(call: Call) -> bool:
    return call.flag("x-ms-documentdb-isquery") or call.header("content-type").startswith(QUERY_TYPE)


def _only_list(call: Call, what: str) -> None:
    if call.verb == "GET":
        return
    if call.verb == "POST" and _is_query(call):
        text = str(call.mapping().get("query", "")).strip().lower()
        if text.rstrip(";") in ("select * from root r", "select * from c", "select * from root"):
            return
        raise unsupported(f"A filtered query over {what}")
    raise _not_allowed(call)


def _throughput(call: Call) -> int | None:
    if call.header("x-ms-cosmos-offer-autopilot-settings"):
        raise unsupported("Autoscale throughput")
    text = call.header("x-ms-offer-throughput")
    if not text:
        return None
    if not text.isdigit() or int(text) < 400:
        raise bad_request(f"The throughput {text!r} is invalid: a whole number of at least 400 RU/s.")
    return int(text)


def _not_allowed(call: Call) -> Refusal:
    return Refusal(405, f"{call.verb} is not allowed on '{call.path}'.")
