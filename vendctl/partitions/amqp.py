"""AMQP 1.0 values (part 1 of the standard) with their types, which the SDK's own decoder forgets.

The types decide what the trigger makes of a value (a timestamp becomes a text, a long stays a number), and a
dead letter keeps them. ``char`` and the small decimals the SDK cannot read at all.
"""

import struct
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

MAX_DEPTH = 64
"""Lists, maps, arrays and described values inside each other."""


class Malformed(ValueError):
    """Bytes that are no AMQP value."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A value and the standard's name of its type.

    ``list`` and ``array`` hold a list of Typed, ``map`` a list of pairs, ``described`` the pair of descriptor
    and value; timestamps are milliseconds, ``decimal32`` and ``decimal64`` stay the bytes they are.
    """

    type: str
    value: Any


def decode(buffer: bytes, position: int = 0) -> tuple[Typed, int]:
    """The value at ``position``, and where the next one begins. Raises Malformed."""
    try:
        return _value(buffer, position, 0)
    except (LookupError, struct.error, UnicodeDecodeError) as fault:
        raise Malformed(f"no AMQP value at byte {position}: {fault!r}") from fault


def after(buffer: bytes, position: int) -> int:
    """Where the value at ``position`` ends, without looking inside it. Raises Malformed."""
    try:
        code = buffer[position]
        while code == 0:
            position = after(buffer, position + 1)
            code = buffer[position]
        end = position + 1 + _length(buffer, position + 1, code)
    except (IndexError, KeyError, RecursionError) as fault:
        raise Malformed(f"no AMQP value at byte {position}: {fault!r}") from fault
    if end > len(buffer):
        raise Malformed(f"the value at byte {position} is longer than the bytes that hold it")
    return end


def _length(buffer: bytes, position: int, code: int) -> int:
    """How many bytes follow a constructor, those of a length included. Raises KeyError for none of AMQP's."""
    width = WIDTHS[code >> 4]
    return width if width >= 0 else -width + int.from_bytes(buffer[position : position - width])


DECIMALS = {"decimal32": (8, 101), "decimal64": (10, 398), "decimal128": (14, 6176)}
"""Bits of the exponent, and what is added to it."""
WIDTHS = {
    0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16, 0xA: -1, 0xB: -4, 0xC: -1, 0xD: -4, 0xE: -1, 0xF: -4,
}  # fmt: skip
"""Bytes after the constructor, by its first half; negative: bytes of the length that stands there."""


def form(typed: Typed) -> dict[str, Any]:
    """As JSON that loses nothing: ``{"long": 7}``, ``{"map": [[{"symbol": "a"}, {"binary": "AAE="}]]}``.

    Binary and decimals are base64; floats that JSON has no number for are texts.
    """
    match typed.type:
        case "list" | "array":
            return {typed.type: [form(item) for item in typed.value]}
        case "map":
            return {"map": [[form(key), form(value)] for key, value in typed.value]}
        case "described":
            return {"described": [form(part) for part in typed.value]}
        case "binary" | "decimal32" | "decimal64" | "decimal128":
            return {typed.type: b64encode(typed.value).decode()}
        case "float" | "double" if typed.value - typed.value != 0:
            return {typed.type: str(typed.value)}
        case "uuid":
            return {"uuid": str(typed.value)}
    return {typed.type: typed.value}


def decimal(typed: Typed) -> Decimal:
    """The number of a decimal as the .NET client reads it: the exponent's last byte alone counts as scale.

    That is how it reads its own, which it writes with two bits of the exponent in the wrong place.
    """
    width, bias = DECIMALS[typed.type]
    bits, tail = int.from_bytes(typed.value), 8 * len(typed.value) - 1 - width
    exponent = (bits >> tail & (1 << width) - 1) - bias
    digits = tuple(map(int, str(bits & (1 << min(tail, 96)) - 1)))
    return Decimal((bits >> tail + width, digits, exponent if exponent > 0 else -(-exponent & 0xFF)))


def _value(buffer: bytes, position: int, depth: int) -> tuple[Typed, int]:
    if depth > MAX_DEPTH:
        raise Malformed("values nest too deep")
    code = buffer[position]
    if code == 0:
        descriptor, position = _value(buffer, position + 1, depth + 1)
        value, position = _value(buffer, position, depth + 1)
        return Typed("described", (descriptor, value)), position
    end = after(buffer, position)
    return _of(buffer, position + 1, code, depth), end


def _of(buffer: bytes, position: int, code: int, depth: int) -> Typed:
    """The value of a constructor, whose bytes begin at ``position``."""
    if code in CONSTANT:
        return CONSTANT[code]
    if code in FIXED:
        name, read = FIXED[code]
        return Typed(name, read(buffer, position))
    if code in VARIABLE:
        name, convert = VARIABLE[code]
        start = position + (1 if code < 0xB0 else 4)
        return Typed(name, convert(buffer[start : start + int.from_bytes(buffer[position:start])]))
    if code in (0xC0, 0xC1, 0xD0, 0xD1):
        return _compound(buffer, position, code, depth)
    if code in (0xE0, 0xF0):
        return _array(buffer, position, code, depth)
    raise Malformed(f"0x{code:02x} is no constructor of AMQP 1.0")


def _compound(buffer: bytes, position: int, code: int, depth: int) -> Typed:
    wide = 4 if code >= 0xD0 else 1
    count = int.from_bytes(buffer[position + wide : position + 2 * wide])
    position += 2 * wide
    items = []
    for _ in range(count):
        item, position = _value(buffer, position, depth + 1)
        items.append(item)
    if code in (0xC0, 0xD0):
        return Typed("list", items)
    if count % 2:
        raise Malformed("a map has a key without a value")
    return Typed("map", list(zip(items[::2], items[1::2], strict=True)))


def _array(buffer: bytes, position: int, code: int, depth: int) -> Typed:
    wide = 4 if code >= 0xF0 else 1
    end = position + wide + int.from_bytes(buffer[position : position + wide])
    count = int.from_bytes(buffer[position + wide : position + 2 * wide])
    position += 2 * wide
    descriptor: Typed | None = None
    if count and buffer[position] == 0:
        descriptor, position = _value(buffer, position + 1, depth + 1)
    items: list[Typed] = []
    code, position = buffer[position] if count else 0x40, position + 1
    if count > (max(end - position, 0) if WIDTHS.get(code >> 4) else len(buffer)):
        raise Malformed("an array claims more elements than there are bytes")
    for _ in range(count):
        item = _of(buffer, position, code, depth + 1)
        items.append(item if descriptor is None else Typed("described", (descriptor, item)))
        position += _length(buffer, position, code)
    return Typed("array", items)


def _unpacked(layout: str) -> Callable[[bytes, int], Any]:
    unpack = struct.Struct(layout).unpack_from
    return lambda buffer, position: unpack(buffer, position)[0]


def _bytes(count: int) -> Callable[[bytes, int], bytes]:
    return lambda buffer, position: buffer[position : position + count]


CONSTANT = {
    0x40: Typed("null", None), 0x41: Typed("boolean", True), 0x42: Typed("boolean", False),
    0x43: Typed("uint", 0), 0x44: Typed("ulong", 0), 0x45: Typed("list", []),
}  # fmt: skip
FIXED: dict[int, tuple[str, Callable[[bytes, int], Any]]] = {
    0x50: ("ubyte", _unpacked(">B")), 0x51: ("byte", _unpacked(">b")), 0x52: ("uint", _unpacked(">B")),
    0x53: ("ulong", _unpacked(">B")), 0x54: ("int", _unpacked(">b")), 0x55: ("long", _unpacked(">b")),
    0x56: ("boolean", lambda buffer, position: buffer[position] == 1),
    0x60: ("ushort", _unpacked(">H")), 0x61: ("short", _unpacked(">h")), 0x70: ("uint", _unpacked(">I")),
    0x71: ("int", _unpacked(">i")), 0x72: ("float", _unpacked(">f")),
    0x73: ("char", lambda buffer, position: buffer[position : position + 4].decode("utf-32-be")),
    0x74: ("decimal32", _bytes(4)), 0x80: ("ulong", _unpacked(">Q")), 0x81: ("long", _unpacked(">q")),
    0x82: ("double", _unpacked(">d")), 0x83: ("timestamp", _unpacked(">q")), 0x84: ("decimal64", _bytes(8)),
    0x94: ("decimal128", _bytes(16)),
    0x98: ("uuid", lambda buffer, position: UUID(bytes=buffer[position : position + 16])),
}  # fmt: skip
VARIABLE: dict[int, tuple[str, Callable[[bytes], Any]]] = {
    0xA0: ("binary", bytes), 0xB0: ("binary", bytes), 0xA1: ("string", bytes.decode),
    0xB1: ("string", bytes.decode), 0xA3: ("symbol", bytes.decode), 0xB3: ("symbol", bytes.decode),
}  # fmt: skip
