"""Hub events for the archive's tests, and what an archive holds, read back from its blobs alone."""

import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from tests.support import events
from tests.support.events import NOON, temperature
from tests.support.fakes import FakeBlobs, Hook, nothing
from vending.errors import Conflict
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines, restore
from vending.ports import Listed, PartitionEnd

AWKWARD = (
    b"",
    b"\n",
    b"not json",
    b'{"a": 1.50,\r\n "b": "\xc3\xa9"}\n',
    b"\xff\xfe\x00\x01",
    b"\xef\xbb\xbf{}",
    b"\xed\xa0\x80",
    "\u2028\u2029\x85\x00".encode(),
)
"""Bodies that a careless archive changes: empty, line feeds, spacing, not UTF-8, a byte-order mark, half a
surrogate, Unicode's own line ends."""


def hub_event(
    sequence: int, content: bytes = b"{}", *, partition: str = "0", at: datetime = NOON, step: float = 0.01
) -> HubEvent:
    """Event ``sequence`` of a partition, enqueued ``step`` seconds after the one before; every field says
    something."""
    return events.hub_event(
        sequence,
        content,
        partition=partition,
        offset=str(sequence * 100),
        enqueued=at + timedelta(seconds=sequence * step),
        key=f"dev-{sequence % 7}",
        properties={"content-type": "application/json", "n": sequence},
        system={"x-opt-trace": f"{sequence % 5}"},
    )


def reading(
    sequence: int, machine: str, device_sequence: int, *, partition: str = "0", at: datetime = NOON
) -> HubEvent:
    """A valid temperature reading as an event of a partition."""
    who = {
        "machine": machine,
        "device": f"dev-{machine}",
        "time": (at + timedelta(seconds=sequence)).isoformat(),
    }
    content = temperature(device_sequence, 4.5 + sequence % 3, **who)
    return hub_event(sequence, content, partition=partition, at=at, step=1)


def held(blobs: FakeBlobs, prefix: str = "raw/") -> list[HubEvent]:
    """Every archived event, in the order of blobs and of their blocks."""
    found: list[HubEvent] = []
    for name, (_, blocks) in sorted(blobs.committed.items()):
        if name.startswith(prefix):
            found += map(restore, decode_lines(gzip.decompress(b"".join(blocks.values()))))
    return found


class FakeArchive(FakeBlobs):
    """The archive's container; blobs written whole have one block without an id."""

    def __init__(self, fault: Hook = nothing, after: Hook = nothing) -> None:
        super().__init__(fault, after)
        self.staged: dict[tuple[str, str], bytes] = {}
        self.modified = NOON

    async def listing(self, prefix: str) -> AsyncIterator[Listed]:
        self._request("listing", prefix)
        for name, (version, blocks) in sorted(self.committed.items()):
            if name.startswith(prefix):
                yield Listed(name, str(version), sum(map(len, blocks.values())), self.modified)

    async def find(self, name: str) -> tuple[bytes, str] | None:
        self._request("find", name)
        if name not in self.committed:
            return None
        version, blocks = self.committed[name]
        return b"".join(blocks.values()), str(version)

    async def replace(self, name: str, data: bytes, etag: str | None) -> None:
        self._request("replace", name)
        held = self.committed.get(name)
        if etag != (str(held[0]) if held else None):
            raise Conflict(name)
        self.put(name, data)
        self.after("replace", name)

    async def stage(self, name: str, block: str, data: bytes) -> None:
        self._request("stage", name)
        self.staged[name, block] = data

    async def commit(self, name: str, ids: Sequence[str], new: dict[str, bytes], etag: str | None) -> str:
        staged = {block: data for (owner, block), data in self.staged.items() if owner == name}
        version = await super().commit(name, ids, staged | new, etag)
        for block in staged:
            del self.staged[name, block]
        return version

    async def delete(self, name: str) -> None:
        self._request("delete", name)
        self.committed.pop(name, None)
        self.after("delete", name)

    def put(self, name: str, data: bytes) -> None:
        """Write a blob whole, whatever is there: what no part of the archive ever does to raw blobs."""
        self.committed[name] = (next(self._versions), {"": data})


class FakeHub:
    """A hub of which each partition's first and last number are told; one event makes the last 0."""

    def __init__(self, **last: int) -> None:
        self.last = {name.removeprefix("p"): number for name, number in last.items()}
        self.first: dict[str, int] = {}

    async def ends(self) -> list[PartitionEnd]:
        return [
            PartitionEnd(name, self.first.get(name, 0), number) for name, number in sorted(self.last.items())
        ]
