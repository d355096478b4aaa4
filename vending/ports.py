"""What the use cases need from the world. Each port has an adapter and, for the tests, a fake."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from vending.documents.base import Body
from vending.mail import Mail

Scalar = str | int | float | bool
Filter = tuple[str, Literal["=", "<", "<=", ">", ">="], Scalar] | tuple[str, Literal["in"], Sequence[Scalar]]
"""(field, comparison, value); filters are joined by AND, and compare values of one type only. ``in`` takes at
least one value."""
Figure = Literal[
    "events", "batch.size", "lag", "waiting", "holes", "holes.closed", "request.units", "throttles", "alerts",
]  # fmt: skip
"""The names of the metrics; ``vending/adapters/telemetry.py`` says what each is."""


def beginning(prefix: str) -> tuple[Filter, Filter]:
    """The filters for ids that begin so. Ids are in every index, and cost no write anything."""
    return ("id", ">=", prefix), ("id", "<", prefix[:-1] + chr(ord(prefix[-1]) + 1))


@dataclass(frozen=True, slots=True)
class Stored:
    """A document and the version it was read at."""

    body: Body
    etag: str


@dataclass(frozen=True, slots=True)
class Put:
    """A conditional write: create where ``etag`` is None, else replace that version."""

    body: Body
    etag: str | None = None


class Documents(Protocol):
    """One container of documents, by partition key and id."""

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None."""
        ...

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """All of the writes or none; their versions. Raises Conflict when one moved or an id is taken."""
        ...

    def select(self, key: str | None, *where: Filter, fields: Sequence[str] = ()) -> AsyncIterator[Stored]:
        """The documents that match, of one partition key or (None) of all; with ``fields``, only those."""
        ...


class Erasable(Documents, Protocol):
    """Documents that may be deleted: only what an operator takes away is."""

    async def delete(self, key: str, id: str, etag: str) -> None:  # noqa: A002
        """Delete that version; nothing happens where there is none. Raises Conflict when it has moved."""
        ...


class Feed(Protocol):
    """The change feed of a container: latest versions, deletes invisible, in order per partition key."""

    async def ranges(self) -> list[str]:
        """The feed ranges of today, to be stored: a stored range stays readable after a split."""
        ...

    async def changes(
        self, feed_range: str, continuation: str | None, limit: int
    ) -> tuple[list[Body], str | None]:
        """Up to about ``limit`` changes after the continuation, and where to go on."""
        ...

    async def waiting_since(self, feed_range: str, continuation: str | None) -> datetime | None:
        """When the first change after the continuation was written; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Blocks:
    """The committed block list of a block blob; no etag where the blob does not exist."""

    etag: str | None
    ids: tuple[str, ...]


class Blobs(Protocol):
    """One container of block blobs."""

    async def create(self, name: str, data: bytes) -> bool:
        """Write a blob that must not exist; False when it does."""
        ...

    async def read(self, name: str) -> bytes:
        """The whole blob."""
        ...

    def chunks(self, name: str, etag: str | None = None) -> AsyncIterator[bytes]:
        """The blob in pieces of some MiB. Raises Conflict when it is not that version (any more)."""
        ...

    async def blocks(self, name: str) -> Blocks:
        """What is committed."""
        ...

    async def commit(self, name: str, ids: Sequence[str], new: dict[str, bytes], etag: str | None) -> str:
        """Stage the new blocks and commit the list of ids against that version; the new version.

        Raises Conflict.
        """
        ...

    def names(self, prefix: str = "") -> AsyncIterator[str]:
        """The names below a prefix, in order."""
        ...


class Queue(Protocol):
    """One queue of JSON messages, delivered at least once."""

    async def send(self, message: dict[str, Any]) -> None:
        """Add a message."""
        ...


class QueueLength(Protocol):
    """How much waits in a queue."""

    async def length(self) -> int:
        """About how many messages; 0 where there is no such queue."""
        ...


class Metrics(Protocol):
    """Figures for whoever watches the app; names and units in ``vending/adapters/telemetry.py``."""

    def tell(self, name: Figure, value: float, **about: str) -> None:
        """Count, or record, a value. ``about``: its dimensions, few and with few values each. Raises KeyError
        for a name that is none, also where nobody listens."""
        ...


class Webhook(Protocol):
    """Somebody else's HTTP endpoint for notifications."""

    async def post(self, message: dict[str, Any], idempotency_key: str) -> None:
        """Deliver, or raise Transient (try again), Refused (for a day) or Rejected (never again)."""
        ...


class Mailer(Protocol):
    """A mail server that takes mails for anybody."""

    async def send(self, mail: Mail) -> None:
        """Hand it over, or raise Transient (try again), Refused (for a day) or Rejected (never again)."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A blob in a listing."""

    name: str
    etag: str
    size: int
    modified: datetime


class ArchiveBlobs(Blobs, Protocol):
    """The archive's container: large files in blocks, listings with versions, reads of one version."""

    def listing(self, prefix: str) -> AsyncIterator[Listed]:
        """The blobs below a prefix, in order of their names."""
        ...

    async def find(self, name: str) -> tuple[bytes, str] | None:
        """A small blob whole, with its version; None where there is none."""
        ...

    async def replace(self, name: str, data: bytes, etag: str | None) -> None:
        """Write a small blob over that version, or (None) where none is. Raises Conflict."""
        ...

    async def stage(self, name: str, block: str, data: bytes) -> None:
        """Stage one block of a blob, for a later commit."""
        ...

    async def delete(self, name: str) -> None:
        """Delete a blob; nothing happens where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class PartitionEnd:
    """How far a hub partition reaches: its lowest kept and its highest number (-1 before the first event)."""

    partition: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A blob, without its content."""

    etag: str
    size: int
    content_type: str
    modified: datetime


class UploadBlobs(Protocol):
    """The container that people write into, each a blob of his own, once."""

    async def address(self, name: str, now: datetime, until: datetime) -> str:
        """An address that creates that blob, and does nothing else, until then."""
        ...

    async def look(self, name: str) -> Looked | None:
        """The blob as it is now; None where there is none."""
        ...

    async def take(self, name: str, etag: str, most: int) -> bytes:
        """At most that many of its first bytes. Raises Conflict when it is not that version (any more)."""
        ...

    async def delete(self, name: str) -> None:
        """Delete a blob; nothing happens where there is none."""
        ...


class Sender(Protocol):
    """The telemetry hub, for who sends events into it."""

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        """Returns when the hub has it. Raises Transient."""
        ...


class Hub(Protocol):
    """What the hub says of itself."""

    async def ends(self) -> list[PartitionEnd]:
        """Every partition, as it is now."""
        ...


class Checkpoints(Protocol):
    """How far the functions that read the hub are."""

    async def done(self) -> dict[str, dict[str, int]]:
        """Function → partition → the last sequence number that it has done; none yet: no partition."""
        ...


class Table(Protocol):
    """A columnar file in the making, in bounded memory."""

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take some rows."""
        ...

    def take(self) -> bytes:
        """The bytes that are ready, once."""
        ...

    def close(self) -> bytes:
        """Finish; the last bytes."""
        ...
