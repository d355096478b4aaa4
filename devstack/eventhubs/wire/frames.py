"""Frames of AMQP 1.0 (part 2, section 2.3): cutting a byte stream into them, and making them."""

import struct
from typing import NamedTuple

from devstack.eventhubs.errors import FRAMING_ERROR, AmqpError

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
AMQP = 0
SASL = 1
HEARTBEAT = b"\x00\x00\x00\x08\x02\x00\x00\x00"
MAX_FRAME = 65536

_HEADER = struct.Struct(">IBBH")


class Frame(NamedTuple):
    """One frame; an empty ``body`` is a heartbeat."""

    kind: int
    channel: int
    body: bytes


def frame(body: bytes, channel: int = 0, kind: int = AMQP) -> bytes:
    """``body`` with the eight bytes before it."""
    return _HEADER.pack(len(body) + 8, 2, kind, channel) + body


class FrameReader:
    """Cuts what arrives into protocol headers and frames, and holds at most one unfinished frame."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._buffer = b""
        self._pos = 0
        self._limit = limit

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._buffer = self._buffer[self._pos :] + data
        self._pos = 0

    def header(self) -> bytes | None:
        """The next eight bytes, once they are there: a protocol header is expected."""
        if len(self._buffer) - self._pos < 8:
            return None
        start = self._pos
        self._pos += 8
        return self._buffer[start : start + 8]

    def next(self) -> Frame | None:
        """The next whole frame.

        Raises AmqpError (framing-error) on a size or data offset that no valid frame can have.
        """
        if len(self._buffer) - self._pos < 8:
            return None
        size, offset, kind, channel = _HEADER.unpack_from(self._buffer, self._pos)
        if not 8 <= size <= self._limit:
            raise AmqpError(FRAMING_ERROR, f"a frame claims {size} bytes; 8 to {self._limit} are allowed")
        if not 2 <= offset <= size // 4 or kind > SASL:
            raise AmqpError(FRAMING_ERROR, f"a frame has data offset {offset} and type {kind}")
        if len(self._buffer) - self._pos < size:
            return None
        start = self._pos
        self._pos += size
        return Frame(kind, channel, self._buffer[start + offset * 4 : start + size])
