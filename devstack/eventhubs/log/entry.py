"""The bytes of a log: entries of one or more events, each entry written and recovered as a whole.

Entry: header (28 bytes, big-endian: length of the body u32, CRC-32 of the rest of the header and the body
u32, first sequence number i64, enqueued time in ms i64, number of events u32), then for each event a length
(u32) and its bytes. The offset of an event is the log position of its length field: it never changes.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

HEADER = struct.Struct(">IIqqI")
_COVERED = struct.Struct(">qqI")
_LENGTH = struct.Struct(">I")
MAX_BODY = 64 * 1024 * 1024


class Damaged(Exception):
    """Bytes that are no entry."""


class Event(NamedTuple):
    """A stored event: sequence number, offset, enqueued time in milliseconds, encoded message."""

    sequence: int
    offset: int
    time_ms: int
    payload: bytes


class Head(NamedTuple):
    """An entry's header; ``size`` counts header and body."""

    size: int
    crc: int
    sequence: int
    time_ms: int
    number: int


class EntryBuilder:
    """Collects the events of one entry; tells each its sequence number and offset before it is encoded."""

    def __init__(self, sequence: int, position: int, time_ms: int) -> None:
        self.first = sequence
        self.sequence = sequence
        self.offset = position + HEADER.size
        self.last_offset = -1
        self.time_ms = time_ms
        self._parts: list[bytes] = []

    def add(self, payload: bytes) -> None:
        """Put in the event that has the current sequence number and offset."""
        self._parts.append(_LENGTH.pack(len(payload)))
        self._parts.append(payload)
        self.last_offset = self.offset
        self.offset += 4 + len(payload)
        self.sequence += 1

    def encode(self) -> bytes:
        """The whole entry."""
        body = b"".join(self._parts)
        covered = _COVERED.pack(self.first, self.time_ms, self.sequence - self.first)
        crc = zlib.crc32(body, zlib.crc32(covered))
        return HEADER.pack(len(body), crc, self.first, self.time_ms, self.sequence - self.first) + body


def head(data: bytes, pos: int) -> Head:
    """The header at ``pos``; Damaged when it is cut off or cannot be one."""
    if len(data) - pos < HEADER.size:
        raise Damaged("an entry's header is cut off")
    length, crc, sequence, time_ms, count = HEADER.unpack_from(data, pos)
    if not 0 < count <= length // 4 or length > MAX_BODY or sequence < 0:
        raise Damaged("an entry's header holds impossible numbers")
    return Head(HEADER.size + length, crc, sequence, time_ms, count)


def check(data: bytes, pos: int, entry: Head) -> None:
    """Damaged unless the whole entry is there and its CRC fits."""
    end = pos + entry.size
    if end > len(data):
        raise Damaged("an entry is cut off")
    covered = zlib.crc32(memoryview(data)[pos + 8 : pos + HEADER.size])
    if zlib.crc32(memoryview(data)[pos + HEADER.size : end], covered) != entry.crc:
        raise Damaged("an entry's CRC does not fit its bytes")


def events(data: bytes, pos: int, entry: Head, base: int) -> Iterator[Event]:
    """The events of a checked entry; ``base`` is the log position of ``data[0]``."""
    at = pos + HEADER.size
    for index in range(entry.number):
        end = at + 4 + _LENGTH.unpack_from(data, at)[0]
        yield Event(entry.sequence + index, base + at, entry.time_ms, data[at + 4 : end])
        at = end
