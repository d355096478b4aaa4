"""Everything above the items: the account's description, databases, containers, partition key ranges."""

from collections.abc import Callable
from typing import Any

import orjson

from devstack.cosmos import charge
from devstack.cosmos.catalog import LEAST_RUS, Catalog, Container, Range
from devstack.cosmos.errors import Refusal, bad_request, not_found, unsupported
from devstack.cosmos.rids import range_rid
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call, Reply, is_query

# A client that plans queries itself (.NET on Windows) takes these limits; none, and .NET ends its process.
# Names and values: the documented answer of "Get database account".
QUERY_ENGINE = {
    "maxSqlQueryInputLength": 262144, "maxJoinsPerSqlQuery": 5, "maxLogicalAndPerSqlQuery": 500,
    "maxLogicalOrPerSqlQuery": 500, "maxUdfRefPerSqlQuery": 10, "maxInExpressionItemsCount": 16000,
    "queryMaxInMemorySortDocumentCount": 500, "maxQueryRequestTimeoutFraction": 0.9,
    "sqlAllowNonFiniteNumbers": False, "sqlAllowAggregateFunctions": True, "sqlAllowSubQuery": True,
    "sqlAllowScalarSubQuery": True, "allowNewKeywords": True, "sqlAllowLike": True,
    "sqlAllowGroupByClause": True, "maxSpatialQueryCells": 12, "spatialMaxGeometryPointCount": 256,
    "sqlDisableOptimizationFlags": 0, "sqlAllowTop": True, "enableSpatialIndexing": True,
}  # fmt: skip
CHANGE_CHARGE = 4.95  # databases and containers: a constant, their charge is not published


class Administration:
    """Serves the metadata of one catalog."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    def description(self, call: Call) -> Reply:
        """GET /: where clients find the account, and its consistency."""
        endpoint = f"{scheme(call)}://{call.header('host')}/"
        here = [{"name": "Local", "databaseAccountEndpoint": endpoint}]
        return Reply.of({
            "id": "local", "_rid": "local", "_self": "", "addresses": "//addresses/", "media": "//media/",
            "_dbs": "//dbs/", "writableLocations": here, "readableLocations": here,
            "enableMultipleWriteLocations": False, "continuousBackupEnabled": False,
            "userReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 4},
            "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
            "systemReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 4},
            "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
            "queryEngineConfiguration": orjson.dumps(QUERY_ENGINE).decode(),
        })  # fmt: skip

    def databases(self, call: Call) -> Reply:
        """The list of databases, and creation."""
        if call.verb == "POST" and not is_query(call):
            if _throughput(call) is not None:
                raise unsupported("Throughput shared by a database's containers")
            return self._change(
                lambda: Reply.of(self._catalog.add_database(call.mapping(), int(call.now)), 201)
            )
        _only_list(call, "databases")
        found = [self._catalog.database(name) for name in self._catalog.databases]
        return Reply.of({"_rid": "", "Databases": found, "_count": len(found)}, charge=charge.METADATA)

    def database(self, call: Call, db: str) -> Reply:
        """One database: read, delete."""
        if call.verb == "GET":
            return Reply.of(self._catalog.database(db), charge=charge.METADATA)
        if call.verb == "DELETE":
            return self._change(lambda: self._remove_database(db))
        raise not_allowed(call)

    def containers(self, call: Call, db: str) -> Reply:
        """The list of a database's containers, and creation."""
        if call.verb == "POST" and not is_query(call):
            rus = _throughput(call)
            return self._change(
                lambda: Reply.of(
                    self._catalog.add_container(db, call.mapping(), int(call.now), rus).to_json(), 201
                )
            )
        _only_list(call, "containers")
        own = self._catalog.database(db)["_rid"]
        found = [one.to_json() for (owner, _), one in self._catalog.containers.items() if owner == db]
        return Reply.of(
            {"_rid": own, "DocumentCollections": found, "_count": len(found)}, charge=charge.METADATA
        )

    def container(self, call: Call, db: str, name: str) -> Reply:
        """One container: read, replace, delete."""
        match call.verb:
            case "GET":
                return Reply.of(self._catalog.container(db, name).to_json(), charge=charge.METADATA)
            case "PUT":
                return self._change(
                    lambda: Reply.of(self._catalog.replace_container(db, name, call.mapping()).to_json())
                )
            case "DELETE":
                return self._change(lambda: self._remove_container(db, name))
        raise not_allowed(call)

    def _remove_database(self, db: str) -> Reply:
        self._catalog.remove_database(db)
        return Reply(204)

    def _remove_container(self, db: str, name: str) -> Reply:
        self._catalog.remove_container(db, name)
        return Reply(204)

    def _change(self, change: Callable[[], Reply]) -> Reply:
        """A change of the catalog: when it fails, the objects are read from the file again."""
        try:
            with self._store.transaction():
                reply = change()
        except BaseException:
            self._catalog.load()
            raise
        reply.charge = CHANGE_CHARGE
        return reply


def ranges(call: Call, container: Container, wanted: str = "") -> Reply:
    """The partition key ranges, 304 while the client knows them; or one, by its id or its resource id."""
    etag = f'"{container.number}-{"-".join(str(one.id) for one in container.ranges)}"'
    if call.header("if-none-match") == etag:
        return Reply(304, headers={"etag": etag}, charge=charge.METADATA)
    rows = [_range(container, one, etag) for one in container.ranges]
    if wanted:
        found = [row for row in rows if wanted in (row["id"], row["_rid"])]
        if not found:
            raise not_found(f"partition key range '{wanted}' of container '{container.id}'")
        return Reply(200, orjson.dumps(found[0]), {"etag": etag}, charge.METADATA)
    body = {"_rid": container.rid, "PartitionKeyRanges": rows, "_count": len(rows)}
    return Reply(200, orjson.dumps(body), {"etag": etag}, charge.METADATA)


def _range(container: Container, one: Range, etag: str) -> dict[str, Any]:
    own = range_rid(container.db_number, container.number, one.id)
    return {
        "id": str(one.id), "_rid": own, "minInclusive": one.low, "maxExclusive": one.high,
        "parents": one.parents, "status": "online", "ridPrefix": one.id,
        "throughputFraction": 1 / len(container.ranges), "_etag": etag, "_ts": container.ts,
        "_self": f"dbs/{container.db_rid}/colls/{container.rid}/pkranges/{own}/", "lsn": container.lsn,
    }  # fmt: skip


def scheme(call: Call) -> str:
    """http, unless a proxy that ends TLS says that the client asked by https."""
    return "https" if call.header("x-forwarded-proto").lower() == "https" else "http"


def _only_list(call: Call, what: str) -> None:
    if call.verb == "GET":
        return
    if call.verb == "POST" and is_query(call):
        text = str(call.mapping().get("query", "")).strip().lower()
        if text.rstrip(";") in ("select * from root r", "select * from c", "select * from root"):
            return
        raise unsupported(f"A filtered query over {what}")
    raise not_allowed(call)


def _throughput(call: Call) -> int | None:
    if call.header("x-ms-cosmos-offer-autopilot-settings"):
        raise unsupported("Autoscale throughput")
    text = call.header("x-ms-offer-throughput")
    if not text:
        return None
    if not text.isdigit() or int(text) < LEAST_RUS:
        raise bad_request(f"The throughput {text!r} is invalid: a whole number of at least {LEAST_RUS} RU/s.")
    return int(text)


def not_allowed(call: Call) -> Refusal:
    """405."""
    return Refusal(405, f"{call.verb} is not allowed on '{call.path}'.")
