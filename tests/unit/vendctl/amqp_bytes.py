"""AMQP messages as clients of other languages write them, byte by byte, for tests of what reads them."""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime

from devstack.eventhubs.wire import encode as e

ANNOTATIONS, PROPERTIES, APPLICATION, DATA, SEQUENCE, VALUE = 0x72, 0x73, 0x74, 0x75, 0x76, 0x77
ENQUEUED = 1_764_114_951_121
"""Milliseconds: 2025-11-25T23:55:51.121Z."""
AT = datetime(2025, 11, 25, 23, 55, 51, 121_000, UTC)


def binary(raw: bytes) -> bytes:
    return b"\xa0" + bytes([len(raw)]) + raw


def data(raw: bytes) -> bytes:
    """A data section."""
    long = b"\xb0" + len(raw).to_bytes(4) + raw
    return e.described(DATA, binary(raw) if len(raw) < 256 else long)


def sequence(*values: bytes) -> bytes:
    """A sequence section."""
    return e.described(SEQUENCE, e.fields(*values))


def value(encoded: bytes) -> bytes:
    """A value section."""
    return e.described(VALUE, encoded)


def described(name: str, encoded: bytes) -> bytes:
    """A described value, as .NET writes its own types."""
    return b"\x00" + e.symbol(name) + encoded


def double(number: float) -> bytes:
    return b"\x82" + struct.pack(">d", number)


def single(number: float) -> bytes:
    return b"\x72" + struct.pack(">f", number)


def message(
    number: int,
    *body: bytes,
    annotations: Mapping[str, bytes] | None = None,
    application: Mapping[str, bytes] | None = None,
    properties: bytes = b"",
    key: str | None = None,
) -> bytes:
    """An event as the hub delivers it: stamped, then what its sender wrote."""
    own = {
        "x-opt-sequence-number": e.long(number),
        "x-opt-offset": e.string(str(number * 100)),
        "x-opt-enqueued-time": e.timestamp(ENQUEUED),
    }
    if key is not None:
        own["x-opt-partition-key"] = e.string(key)
    entries = own | dict(annotations or {})
    parts = [e.described(ANNOTATIONS, e.mapping({e.symbol(name): one for name, one in entries.items()}))]
    if properties:
        parts.append(e.described(PROPERTIES, properties))
    if application:
        parts.append(
            e.described(APPLICATION, e.mapping({e.string(name): one for name, one in application.items()}))
        )
    return b"".join([*parts, *body])
