"""Items of one container: create, upsert, read, replace, delete, under ETag conditions.

Every function here runs inside a transaction the caller opened. A write stamps the item with the container's
next LSN; the caller commits that LSN with everything else.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from devstack.cosmos import charge
from devstack.cosmos.catalog import Container
from devstack.cosmos.definition import check_ttl
from devstack.cosmos.epk import key_of_text, key_text, parse_header
from devstack.cosmos.errors import Refusal, bad_request, conflict, not_found, precondition_failed
from devstack.cosmos.rids import item_rid, item_seq
from devstack.cosmos.slices import alive
from devstack.cosmos.store import Store
from devstack.cosmos.wire import MAX_ITEM

FORBIDDEN_IN_ID = frozenset("/\\?#")
MAX_ID_BYTES = 1023
PURGE_EVERY = 1024  # writes of a container with TTL between two sweeps of expired items
PER_LSN = 256  # places of a batch within one LSN


@dataclass(slots=True)
class Stored:
    """An item as it lies in the file."""

    seq: int
    etag: str
    body: bytes
    lsn: int


@dataclass(slots=True)
class Written:
    """What a write did: ``body`` is empty after a delete."""

    status: int
    etag: str
    body: bytes
    charge: float


@dataclass(slots=True)
class Condition:
    """If-Match and If-None-Match, '' when not sent."""

    if_match: str = ""
    if_none_match: str = ""

    def check(self, etag: str | None) -> None:
        """Raise 412 unless the condition holds for the item's ETag, None when there is no item."""
        if self.if_match and (etag is None or not matches(self.if_match, etag)):
            raise precondition_failed()
        if self.if_none_match and etag is not None and matches(self.if_none_match, etag):
            raise precondition_failed()


def matches(header: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match value names the ETag, quoted or not."""
    return header == "*" or header.strip('"') == etag.strip('"')


def parse_item(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body."""
    if len(body) > MAX_ITEM:
        raise Refusal(413, f"Request size is too large: {len(body)} bytes, the limit is {MAX_ITEM}.")
    try:
        item = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The request body is not valid JSON: {error}.") from None
    if not isinstance(item, dict):
        raise bad_request("An item must be a JSON object.")
    return item


class Items:
    """Reads and writes of one container at one moment, for one partition key value.

    ``key`` is the partition key header. ``place`` numbers the operations of a batch, which share one LSN.
    """

    def __init__(self, store: Store, container: Container, key: str, now: float) -> None:
        if not key:
            raise bad_request("PartitionKey value must be supplied for this operation.")
        self._store = store
        self._container = container
        self._pk = key_text(parse_header(key))
        self._now = int(now)
        self.epk = key_of_text(self._pk)
        self.lsn = container.lsn + 1
        self.place = 0
        self.wrote = False

    def find(self, item_id: str) -> Stored | None:
        """The item, unless it is missing or past its time to live."""
        table = self._container.docs
        row = self._store.execute(
            f"SELECT seq, etag, body, lsn, ts, ttl FROM {table} WHERE pk = ? AND id = ?",  # noqa: S608 - a number
            (self._pk, item_id),
        ).fetchone()
        if row is None or self._expired(row[4], row[5]):
            return None
        return Stored(*row[:4])

    def id_of(self, text: str) -> str:
        """The id of the item that a path names by its id or by its resource id; else the text itself."""
        seq = item_seq(text, self._container.rid)
        if seq is None or self.find(text) is not None:
            return text
        table = self._container.docs
        row = self._store.execute(
            f"SELECT id FROM {table} WHERE seq = ? AND pk = ?",  # noqa: S608 - a number
            (seq, self._pk),
        ).fetchone()
        return text if row is None else str(row[0])

    def _expired(self, ts: int, ttl: int | None) -> bool:
        default = self._container.definition.ttl
        if default is None:
            return False
        life = default if ttl is None else ttl
        return life != -1 and ts + life <= self._now

    def read(self, item_id: str, if_none_match: str = "") -> Stored:
        """A point read; 304 when the client already has this ETag."""
        found = self.find(item_id)
        if found is None:
            raise not_found(f"item '{item_id}' with partition key {self._pk}")
        if if_none_match and matches(if_none_match, found.etag):
            raise Refusal(304, "Not modified.", headers={"etag": found.etag})
        return found

    def create(self, item: dict[str, Any]) -> Written:
        """A new item; 409 when its id is taken within the partition key value."""
        item_id = self._checked(item)
        if self.find(item_id) is not None:
            raise conflict(f"item '{item_id}' with partition key {self._pk}")
        return self._write(item_id, item, None)

    def upsert(self, item: dict[str, Any], condition: Condition) -> Written:
        """Create or replace; a condition is checked only against an item that exists."""
        item_id = self._checked(item)
        found = self.find(item_id)
        if found is not None:
            condition.check(found.etag)
        return self._write(item_id, item, found)

    def replace(self, item_id: str, item: dict[str, Any], condition: Condition) -> Written:
        """Replace an item that exists; the id of the body must be the id of the path."""
        found = self._existing(item_id, condition)
        if self._checked(item) != item_id:
            raise bad_request(
                f"The id of the body, {item.get('id')!r}, is not the id of the path, {item_id!r}."
            )
        return self._write(item_id, item, found)

    def delete(self, item_id: str, condition: Condition) -> Written:
        """Delete an item that exists."""
        found = self._existing(item_id, condition)
        table = self._container.docs
        self._store.execute(f"DELETE FROM {table} WHERE seq = ?", (found.seq,))  # noqa: S608 - a number
        self.wrote = True
        terms = self._container.definition.policy.terms(orjson.loads(found.body))
        return Written(204, "", b"", charge.insert(len(found.body), terms))

    def _existing(self, item_id: str, condition: Condition) -> Stored:
        found = self.find(item_id)
        if found is None:
            raise not_found(f"item '{item_id}' with partition key {self._pk}")
        condition.check(found.etag)
        return found

    def _checked(self, item: dict[str, Any]) -> str:
        item_id = item.get("id")
        if not isinstance(item_id, str) or not item_id:
            raise bad_request("The input content is invalid because the required property 'id' is missing.")
        if FORBIDDEN_IN_ID & set(item_id) or len(item_id.encode()) > MAX_ID_BYTES:
            raise bad_request(
                f"The id {item_id!r} is invalid: at most {MAX_ID_BYTES} bytes, none of / \\ ? #."
            )
        if key_text(self._container.definition.key_value(item)) != self._pk:
            raise Refusal(
                400,
                "PartitionKey extracted from document doesn't match the one specified in the header.",
                1001,
            )
        return item_id

    def _write(self, item_id: str, item: dict[str, Any], old: Stored | None) -> Written:
        container, lsn = self._container, self.lsn
        ttl = self._ttl(item)
        terms = container.definition.policy.terms(item)
        if old is None and container.definition.ttl is not None:  # an expired item may still hold the id
            self._store.execute(
                f"DELETE FROM {container.docs} WHERE pk = ? AND id = ?",  # noqa: S608 - a number
                (self._pk, item_id),
            )
        seq = old.seq if old is not None else lsn * PER_LSN + self.place
        etag = self._stamp(item, seq)
        body = orjson.dumps(item)
        if len(body) > MAX_ITEM:
            raise Refusal(413, f"Request size is too large: {len(body)} bytes, the limit is {MAX_ITEM}.")
        self._store.execute(
            f"INSERT OR REPLACE INTO {container.docs} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a number
            (seq, self.epk, self._pk, item_id, lsn, self._now, ttl, etag, body),
        )
        self.place += 1
        self.wrote = True
        cost = charge.insert(len(body), terms) if old is None else charge.replace(len(body), terms)
        return Written(201 if old is None else 200, etag, body, cost)

    def _stamp(self, item: dict[str, Any], seq: int) -> str:
        """Set the system properties; the new ETag."""
        container = self._container
        own = item_rid(container.db_number, container.number, seq)
        etag = f'"{self.lsn:08x}-{self.place:04x}-{container.number:04x}-0000-{self._now:08x}0000"'
        item["_rid"] = own
        item["_self"] = f"dbs/{container.db_rid}/colls/{container.rid}/docs/{own}/"
        item["_etag"] = etag
        item["_attachments"] = "attachments/"
        item["_ts"] = self._now
        return etag

    def _ttl(self, item: dict[str, Any]) -> int | None:
        """The item's own time to live; a container without TTL neither checks nor uses it (yet)."""
        try:
            return check_ttl(item.get("ttl"), "ttl")
        except Refusal:
            if self._container.definition.ttl is not None:
                raise
            return None

    def commit(self) -> None:
        """Store the new LSN; call it as the last step of the transaction, then :meth:`done` after it."""
        if self.wrote:
            if self.lsn % PURGE_EVERY == 0 and self._container.definition.ttl is not None:
                self._purge()
            self._store.execute(
                "UPDATE lsns SET lsn = ? WHERE container = ?", (self.lsn, self._container.number)
            )

    def _purge(self) -> None:
        """Drop what has expired; until then it is only invisible."""
        docs = self._container.docs
        self._store.execute(f"DELETE FROM {docs} WHERE NOT {alive(self._container, self._now)}")  # noqa: S608 - numbers

    def done(self) -> None:
        """The transaction is committed: the LSN is the container's."""
        if self.wrote:
            self._container.lsn = self.lsn
