"""The ports in memory, as strict as the real ones: contract tests run one body on these and on the adapters.

``fault`` is called before an operation with its name and key, and may raise, or act as another writer.
``after`` is called when a write has happened, so that a test can lose the answer of a write that counted.
Who has to wait there, or to change an answer, stands around the calls: ``tests/support/watched.py``.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sortedcontainers import SortedDict  # type: ignore[import-untyped]

from vending.errors import Conflict
from vending.mail import Mail
from vending.ports import Blocks, Filter, Looked, Put, Stored

Hook = Callable[[str, str], None]
RANGES = ("low", "high")


def nothing(operation: str, key: str) -> None:
    """No fault."""


LAST = chr(0x10FFFF)
"""After every id."""
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
}


def copied(body: dict[str, Any]) -> dict[str, Any]:
    """What a store gives back: JSON that nobody else holds a reference to."""
    value: dict[str, Any] = json.loads(json.dumps(body))
    return value


class FakeDocuments:
    """A container with its change feed (latest versions, per range in the order of writing)."""

    def __init__(self, key_field: str, fault: Hook = nothing, after: Hook = nothing) -> None:
        self.key_field = key_field
        self.fault = fault
        self.after = after
        self.items: Any = SortedDict()
        """(partition key, id) → (version, body), in order."""
        self.requests = 0
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.written: dict[tuple[str, str], datetime] = {}
        self._versions = count(1)

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002
        self._request("read", key)
        held = self.items.get((key, id))
        return Stored(copied(held[1]), str(held[0])) if held else None

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        self._request("write", key)
        if len(puts) > 100:
            raise ValueError(f"{len(puts)} operations in one batch; the service takes 100")
        for put in puts:
            if put.body[self.key_field] != key:
                raise ValueError(f"{put.body['id']} does not belong to partition key {key!r}")
            held = self.items.get((key, put.body["id"]))
            if put.etag != (str(held[0]) if held else None):
                raise Conflict(f"{key}/{put.body['id']}")
        version = next(self._versions)
        for put in puts:
            self.items[key, put.body["id"]] = (version, copied(put.body))
            self.written[key, put.body["id"]] = self.clock()
        self.after("write", key)
        return [str(version)] * len(puts)

    async def delete(self, key: str, id: str, etag: str) -> None:  # noqa: A002
        self._request("delete", key)
        held = self.items.get((key, id))
        if held and str(held[0]) != etag:
            raise Conflict(f"{key}/{id}")
        self.items.pop((key, id), None)
        self.after("delete", key)

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        self._request("select", key or "*")
        for version, body in self._rows(key):
            if _matches(body, where):
                shown = {name: body[name] for name in fields if name in body} if fields else body
                yield Stored(copied(shown), str(version))

    async def ranges(self) -> list[str]:
        self._request("ranges", "*")
        return list(RANGES)

    async def changes(
        self, feed_range: str, continuation: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        self._request("changes", feed_range)
        news = self._news(feed_range, continuation)
        page = news[:limit]
        # A page never ends inside a transaction.
        page += [row for row in news[limit:] if page and row[0] == page[-1][0]]
        bodies = [copied(self.items[name][1]) for _, name in page]
        return bodies, str(page[-1][0]) if page else continuation

    async def waiting_since(self, feed_range: str, continuation: str | None) -> datetime | None:
        self._request("changes", feed_range)
        news = self._news(feed_range, continuation)
        return self.written[news[0][1]].replace(microsecond=0) if news else None

    def put(self, body: dict[str, Any]) -> None:
        """A document from before the test: it is not copied, so it may be shared."""
        self.items[body[self.key_field], body["id"]] = (next(self._versions), body)

    def damage(self, key: str, id: str, **fields: Any) -> None:  # noqa: A002
        """Some of a stored document's fields hold what its type does not know; nobody saw who did it."""
        version, body = self.items[key, id]
        self.items[key, id] = (version, body | fields)

    def bodies(self, type: str) -> list[dict[str, Any]]:  # noqa: A002
        """All documents of a type, for assertions."""
        return [copied(body) for _, body in self.items.values() if body["type"] == type]

    def _news(self, feed_range: str, continuation: str | None) -> list[tuple[int, tuple[str, str]]]:
        """Version, and key and id, of what changed after the continuation."""
        start = int(continuation or 0)
        return sorted(
            (version, name)
            for name, (version, _) in self.items.items()
            if version > start and range_of(name[0]) == feed_range
        )

    def _rows(self, key: str | None) -> list[tuple[int, dict[str, Any]]]:
        """The documents of a partition key, or all, as they are now, in order."""
        names = self.items if key is None else self.items.irange((key, ""), (key, LAST))
        return [self.items[name] for name in names]

    def _request(self, operation: str, key: str) -> None:
        self.requests += 1
        self.fault(operation, key)


def range_of(key: str) -> str:
    """The feed range of a partition key."""
    return RANGES[hashlib.blake2b(key.encode(), digest_size=1).digest()[0] % len(RANGES)]


def _matches(body: dict[str, Any], where: Iterable[Filter]) -> bool:
    return all(
        field in body and COMPARE[comparison](body[field], value) for field, comparison, value in where
    )


class FakeBlobs:
    """A container of block blobs; a block that no commit named is lost with the next commit."""

    def __init__(self, fault: Hook = nothing, after: Hook = nothing) -> None:
        self.fault = fault
        self.after = after
        self.committed: dict[str, tuple[int, dict[str, bytes]]] = {}
        self.requests = 0
        self._versions = count(1)

    async def create(self, name: str, data: bytes) -> bool:
        self._request("create", name)
        if name in self.committed:
            return False
        self.committed[name] = (next(self._versions), {"": data})
        self.after("create", name)
        return True

    async def read(self, name: str) -> bytes:
        self._request("read", name)
        return b"".join(self.committed[name][1].values())

    async def chunks(self, name: str, etag: str | None = None) -> AsyncIterator[bytes]:
        self._request("chunks", name)
        if etag is not None and (name not in self.committed or str(self.committed[name][0]) != etag):
            raise Conflict(name)
        data = b"".join(self.committed[name][1].values())
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    async def blocks(self, name: str) -> Blocks:
        self._request("blocks", name)
        if name not in self.committed:
            return Blocks(None, ())
        version, held = self.committed[name]
        return Blocks(str(version), tuple(held))

    async def commit(self, name: str, ids: Sequence[str], new: dict[str, bytes], etag: str | None) -> str:
        self._request("commit", name)
        version, held = self.committed.get(name, (None, {}))
        if etag != (None if version is None else str(version)) or not set(ids) <= held.keys() | new.keys():
            raise Conflict(name)
        self.committed[name] = (next(self._versions), {block: (new | held)[block] for block in ids})
        self.after("commit", name)
        return str(self.committed[name][0])

    async def folders(self, prefix: str = "") -> AsyncIterator[str]:
        self._request("folders", prefix)
        rest = {name.removeprefix(prefix) for name in self.committed if name.startswith(prefix)}
        for folder in sorted({name.partition("/")[0] for name in rest if "/" in name}):
            yield f"{prefix}{folder}/"

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        self._request("names", prefix)
        for name in sorted(self.committed):
            if name.startswith(prefix):
                yield name

    def _request(self, operation: str, name: str) -> None:
        self.requests += 1
        self.fault(operation, name)


class FakeUploads:
    """A container that people write into."""

    def __init__(self, fault: Hook = nothing) -> None:
        self.fault = fault
        self.held: dict[str, tuple[int, bytes]] = {}
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._versions = count(1)

    def put(self, name: str, data: bytes) -> str:
        """Somebody writes; the version, without quotes."""
        self.held[name] = (next(self._versions), data)
        return str(self.held[name][0])

    async def address(self, name: str, now: datetime, until: datetime) -> str:
        self.fault("address", name)
        return f"https://store.example/uploads/{name}?until={until.isoformat()}"

    async def look(self, name: str) -> Looked | None:
        self.fault("look", name)
        if name not in self.held:
            return None
        version, data = self.held[name]
        return Looked(f'"{version}"', len(data), "text/plain", self.clock())

    async def take(self, name: str, etag: str, most: int) -> bytes:
        self.fault("take", name)
        if name not in self.held or f'"{self.held[name][0]}"' != etag:
            raise Conflict(name)
        return self.held[name][1][:most]

    async def delete(self, name: str) -> None:
        self.fault("delete", name)
        self.held.pop(name, None)


class FakeQueue:
    """A queue that keeps what was sent."""

    def __init__(self, fault: Hook = nothing) -> None:
        self.fault = fault
        self.messages: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        self.fault("send", "")
        self.messages.append(copied(message))


class FakeWebhook:
    """An endpoint that keeps what was posted, by idempotency key."""

    def __init__(self, fault: Hook = nothing) -> None:
        self.fault = fault
        self.posted: list[tuple[str, dict[str, Any]]] = []

    async def post(self, message: dict[str, Any], idempotency_key: str) -> None:
        self.fault("post", idempotency_key)
        self.posted.append((idempotency_key, copied(message)))


class FakeMailer:
    """A mail server that keeps what it took."""

    def __init__(self, fault: Hook = nothing, after: Hook = nothing) -> None:
        self.fault = fault
        self.after = after
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.fault("send", mail.to)
        self.mails.append(mail)
        self.after("send", mail.to)
