"""Random histories against a dictionary: items, batches, splits, restarts, expiry, and a reader of the feed.

``COSMOS_MODEL_EXAMPLES`` says how many histories (80 unless set).
"""

import base64
import os
import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from devstack.cosmos.account import Account
from devstack.cosmos.auth import WELL_KNOWN_KEY, signature, signed_resource
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call, Reply

IDS = st.sampled_from(["a", "b"])
KEYS = st.sampled_from(["p1", "p2", "p3"])
LIVES = st.sampled_from([None, None, -1, 5, 50])
DATE = "mon, 23 nov 2026 12:00:00 gmt"


class Histories(RuleBasedStateMachine):
    """The model: (key, id) → (etag, when it expires or None)."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1_000_000.0
        self.model: dict[tuple[str, str], tuple[str, float | None]] = {}
        self.read: dict[tuple[str, str], str] = {}
        self.marks: dict[tuple[str, str], str] = {("", "FF"): ""}
        self.open()

    def open(self) -> None:
        self.store = Store(Path(self.folder.name) / "account.db")
        self.account = Account(self.store, ranges=2, clock=lambda: self.now)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def ask(self, verb: str, path: str, body: Any = None, **headers: str) -> Reply:
        kind, link = signed_resource(path)
        signed = signature(base64.b64decode(WELL_KNOWN_KEY), verb, kind, link, DATE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"x-ms-date": DATE, "authorization": f"type=master&ver=1.0&sig={signed}", "host": "h"}
        data = b"" if body is None else orjson.dumps(body)
        return self.account.handle(Call(verb, path, path.strip("/").split("/"), sent, data, self.now))

    def docs(self, verb: str, key: str, body: Any = None, item: str = "", **headers: str) -> Reply:
        path = "/dbs/d/colls/c/docs" + (f"/{item}" if item else "")
        return self.ask(
            verb, path, body, x_ms_documentdb_partitionkey=orjson.dumps([key]).decode(), **headers
        )

    @initialize()
    def container(self) -> None:
        assert self.ask("POST", "/dbs", {"id": "d"}).status == 201
        body = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}, "defaultTtl": 20}
        assert self.ask("POST", "/dbs/d/colls", body).status == 201

    def live(self) -> dict[tuple[str, str], str]:
        return {name: etag for name, (etag, end) in self.model.items() if end is None or end > int(self.now)}

    def stored(self, key: str, item: str, life: int | None, etag: str) -> None:
        life = 20 if life is None else life
        self.model[key, item] = (etag, None if life == -1 else int(self.now) + life)

    @rule(key=KEYS, item=IDS, life=LIVES, upsert=st.booleans())
    def create(self, key: str, item: str, life: int | None, upsert: bool) -> None:
        body = {"id": item, "pk": key, **({} if life is None else {"ttl": life})}
        reply = self.docs("POST", key, body, x_ms_documentdb_is_upsert=str(upsert))
        taken = (key, item) in self.live()
        assert reply.status == (201 if not taken else 200 if upsert else 409)
        if reply.status < 300:
            self.stored(key, item, life, reply.headers["etag"])

    @rule(items=st.lists(st.tuples(KEYS, IDS), min_size=2, max_size=5))
    def fill(self, items: list[tuple[str, str]]) -> None:
        for key, item in items:
            self.create(key, item, None, upsert=True)

    @rule(place=st.integers(0, 5), stale=st.sampled_from([True, False, False]), delete=st.booleans())
    def change_one_that_lives(self, place: int, stale: bool, delete: bool) -> None:
        names = sorted(self.live())
        if names:
            self.change(*names[place % len(names)], stale, delete)

    @rule(key=KEYS, item=IDS, stale=st.booleans(), delete=st.booleans())
    def change(self, key: str, item: str, stale: bool, delete: bool) -> None:
        etag = self.live().get((key, item))
        condition = '"stale"' if stale or etag is None else etag
        body = None if delete else {"id": item, "pk": key}
        reply = self.docs("DELETE" if delete else "PUT", key, body, item, if_match=condition)
        assert reply.status == (404 if etag is None else 412 if stale else 204 if delete else 200)
        if reply.status == 200:
            self.stored(key, item, None, reply.headers["etag"])
        elif reply.status == 204:
            del self.model[key, item]

    @rule(key=KEYS, items=st.lists(IDS, min_size=1, max_size=4))
    def batch(self, key: str, items: list[str]) -> None:
        operations = [{"operationType": "Create", "resourceBody": {"id": item, "pk": key}} for item in items]
        header = {"x_ms_cosmos_is_batch_request": "True", "x_ms_cosmos_batch_atomic": "True"}
        rows = orjson.loads(self.docs("POST", key, operations, **header).body)
        fits = len(set(items)) == len(items) and not any((key, item) in self.live() for item in items)
        assert all(row["statusCode"] == 201 for row in rows) is fits
        assert fits or sorted({row["statusCode"] for row in rows}) in ([409], [409, 424])
        for item, row in zip(items, rows, strict=True):
            if fits:
                self.stored(key, item, None, row["eTag"])

    @rule(seconds=st.sampled_from([1, 5, 15, 20]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.open()

    @rule(place=st.integers(0, 5))
    def split(self, place: int) -> None:
        container = self.account.catalog.owner("d", "c")
        if len(container.ranges) < 6:
            with self.store.transaction():
                self.account.catalog.split(container, container.ranges[place % len(container.ranges)])

    @rule(most=st.integers(1, 5))
    def follow_the_feed(self, most: int) -> None:
        """Read each current range to its end, from the mark of the part of the key space it came from."""
        marks: dict[tuple[str, str], str] = {}
        for one in self.account.catalog.owner("d", "c").ranges:
            mark = next(
                mark for (low, high), mark in self.marks.items() if low <= one.low and one.high <= high
            )
            header = {"a_im": "Incremental Feed", "x_ms_max_item_count": str(most)}
            header["x_ms_documentdb_partitionkeyrangeid"] = str(one.id)
            while True:
                more = {"if_none_match": mark} if mark else {}
                reply = self.ask("GET", "/dbs/d/colls/c/docs", **header, **more)
                mark = reply.headers["etag"]
                if reply.status == 304:
                    break
                for item in orjson.loads(reply.body)["Documents"]:
                    assert self.read.get((item["pk"], item["id"])) != item["_etag"], "read twice"
                    self.read[item["pk"], item["id"]] = item["_etag"]
            marks[one.low, one.high] = mark
        self.marks = marks
        live = self.live()
        assert {name: etag for name, etag in self.read.items() if name in live} == live

    @invariant()
    def queries_and_reads_agree_with_the_model(self) -> None:
        if "d" not in self.account.catalog.databases:
            return
        header = {"x_ms_documentdb_query_enablecrosspartition": "True", "x_ms_documentdb_isquery": "True"}
        found: list[Any] = []
        token: dict[str, str] = {}
        while True:
            reply = self.ask(
                "POST", "/dbs/d/colls/c/docs", {"query": "SELECT * FROM c"},
                x_ms_max_item_count="3", **header, **token,
            )  # fmt: skip
            found += orjson.loads(reply.body)["Documents"]
            if "x-ms-continuation" not in reply.headers:
                break
            token = {"x_ms_continuation": reply.headers["x-ms-continuation"]}
        assert {(one["pk"], one["id"]): one["_etag"] for one in found} == self.live()
        assert len(found) == len(self.live())


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=int(os.environ.get("COSMOS_MODEL_EXAMPLES", "80")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
