"""Raw archive blobs, read as streams: whatever the size of a blob, some MiB of it are in memory."""

import zlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

import msgspec

from vending.archive.layout import blob_name
from vending.errors import VendstreamError
from vending.events.hub_event import HubEvent
from vending.events.records import restore
from vending.ports import Blobs

STEP = 4 * 1024 * 1024
"""Bytes that are decompressed at a time."""


@dataclass
class Damaged(VendstreamError):
    """A blob of the archive that is not what the archive writes."""

    blob: str
    detail: str

    def __str__(self) -> str:
        return f"{self.blob}: {self.detail}"


async def lines(blobs: Blobs, name: str, etag: str | None = None) -> AsyncGenerator[bytes]:
    """The lines of a gzip blob, each with its line feed. Raises Damaged, or Conflict (another version)."""
    rest = b""
    unpack = _Unpack(name)
    async for chunk in blobs.chunks(name, etag):
        for piece in unpack.feed(chunk):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line + b"\n"
    unpack.end()
    if rest:
        raise Damaged(name, f"the last line has no end: {rest[:40]!r}")


async def raw_events(
    blobs: Blobs, name: str, etag: str | None = None
) -> AsyncGenerator[tuple[bytes, HubEvent]]:
    """(line, event) of a raw blob, in the order of sequence numbers.

    Raises Damaged for a line that is no record, belongs elsewhere or is out of order.
    """
    last = -1
    async for line in lines(blobs, name, etag):
        try:
            event = restore(msgspec.json.decode(line))
        except (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise Damaged(name, f"after number {last}: not a record: {fault!r}") from fault
        if blob_name(event) != name:
            raise Damaged(name, f"number {event.sequence} belongs to {blob_name(event)}")
        if event.sequence <= last:
            raise Damaged(name, f"number {event.sequence} after {last}")
        last = event.sequence
        yield line, event


class _Unpack:
    """Joined gzip members, decompressed piece by piece."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._member = zlib.decompressobj(wbits=31)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            self._begun = True
            try:
                piece = self._member.decompress(data, STEP)
            except zlib.error as fault:
                raise Damaged(self._name, f"not gzip: {fault}") from fault
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        """Raises Damaged where the last member is cut off."""
        if self._begun and not self._member.eof:
            raise Damaged(self._name, "cut off in the middle of a gzip member")
