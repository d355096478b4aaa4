"""Encoding of AMQP 1.0 values: the caller names the type, so nothing is guessed from Python's."""

import struct
from collections.abc import Iterable, Mapping

NULL = b"\x40"
TRUE = b"\x41"
FALSE = b"\x42"
EMPTY_LIST = b"\x45"


def boolean(value: bool) -> bytes:
    """One byte."""
    return TRUE if value else FALSE


def ubyte(value: int) -> bytes:
    """0 to 255."""
    return bytes((0x50, value))


def ushort(value: int) -> bytes:
    """0 to 65535."""
    return b"\x60" + value.to_bytes(2)


def uint(value: int) -> bytes:
    """32 bits."""
    if value == 0:
        return b"\x43"
    return bytes((0x52, value)) if value < 256 else b"\x70" + value.to_bytes(4)


def ulong(value: int) -> bytes:
    """64 bits."""
    if value == 0:
        return b"\x44"
    return bytes((0x53, value)) if value < 256 else b"\x80" + value.to_bytes(8)


def integer(value: int) -> bytes:
    """Signed, 32 bits."""
    return b"\x71" + struct.pack(">i", value)


def long(value: int) -> bytes:
    """Signed, 64 bits."""
    return b"\x81" + struct.pack(">q", value)


def double(value: float) -> bytes:
    """64 bits of binary floating point."""
    return b"\x82" + struct.pack(">d", value)


def timestamp(milliseconds: int) -> bytes:
    """Milliseconds since 1970, UTC."""
    return b"\x83" + struct.pack(">q", milliseconds)


def _variable(code: int, raw: bytes) -> bytes:
    if len(raw) < 256:
        return bytes((code, len(raw))) + raw
    return bytes((code + 0x10,)) + len(raw).to_bytes(4) + raw


def binary(value: bytes) -> bytes:
    """Bytes as they are."""
    return _variable(0xA0, value)


def string(value: str) -> bytes:
    """UTF-8."""
    return _variable(0xA1, value.encode())


def symbol(value: str) -> bytes:
    """ASCII."""
    return _variable(0xA3, value.encode("ascii"))


def array(code: int, items: Iterable[bytes]) -> bytes:
    """An array of strings (0xB1) or symbols (0xB3) from their raw bytes."""
    bodies = [len(item).to_bytes(4) + item for item in items]
    raw = b"".join(bodies)
    return b"\xf0" + struct.pack(">II", 5 + len(raw), len(bodies)) + bytes((code,)) + raw


def compound(code: int, items: list[bytes], count: int | None = None) -> bytes:
    """A list (0xC0) or map (0xC1) of encoded items; ``count`` when ``items`` are not one element each."""
    raw = b"".join(items)
    number = len(items) if count is None else count
    if len(raw) < 255 and number < 256:
        return bytes((code, len(raw) + 1, number)) + raw
    return bytes((code + 0x10,)) + struct.pack(">II", len(raw) + 4, number) + raw


def fields(*items: bytes) -> bytes:
    """A list of encoded fields: never the empty-list constructor, which some clients cannot read."""
    return compound(0xC0, list(items))


def mapping(entries: Mapping[bytes, bytes]) -> bytes:
    """A map from encoded keys and values."""
    return compound(0xC1, [part for entry in entries.items() for part in entry])


def described(code: int, value: bytes) -> bytes:
    """A value behind a numeric descriptor, always in its one-byte form."""
    return bytes((0x00, 0x53, code)) + value
