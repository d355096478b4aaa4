"""Decoding of AMQP 1.0 values (part 1 of the standard), bounded in depth and size.

Integers, timestamps and characters become ``int``, strings ``str``, symbols :class:`Symbol`, binary
``bytes``; decimals stay the ``bytes`` they are. Every fault is an AmqpError with ``amqp:decode-error``.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from devstack.eventhubs.errors import AmqpError, decode_error

MAX_DEPTH = 32
MAX_EMPTY_ELEMENTS = 1024  # an array of nulls costs nothing on the wire and 8 bytes each in memory


class Symbol(str):
    """An AMQP symbol: ASCII, and never equal in meaning to a string."""

    __slots__ = ()


class Described(NamedTuple):
    """A described value: ``descriptor`` is an ``int`` or a :class:`Symbol` in the standard's own types."""

    descriptor: Any
    value: Any


def _widths() -> list[int]:
    """Bytes after each constructor; -1 and -4 for a length of one or four bytes, -9 for no constructor."""
    table = [-9] * 256
    fixed = {
        0: (0x40, 0x41, 0x42, 0x43, 0x44, 0x45), 1: (0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56),
        2: (0x60, 0x61),
        4: (0x70, 0x71, 0x72, 0x73, 0x74), 8: (0x80, 0x81, 0x82, 0x83, 0x84), 16: (0x94, 0x98),
        -1: (0xA0, 0xA1, 0xA3, 0xC0, 0xC1, 0xE0), -4: (0xB0, 0xB1, 0xB3, 0xD0, 0xD1, 0xF0),
    }  # fmt: skip
    for width, codes in fixed.items():
        for code in codes:
            table[code] = width
    return table


WIDTH = _widths()


def skip(buf: bytes, pos: int) -> int:
    """The position after the value at ``pos``, without looking inside it."""
    depth = 0
    pending = 1
    while pending:
        if pos >= len(buf):
            raise decode_error("a value ends before its bytes do")
        code = buf[pos]
        if code == 0:
            depth += 1
            if depth > MAX_DEPTH:
                raise decode_error("described types nest too deep")
            pending += 1
            pos += 1
            continue
        pos = _after(buf, pos, code)
        pending -= 1
    return pos


def _after(buf: bytes, pos: int, code: int) -> int:
    width = WIDTH[code]
    if width >= 0:
        pos += 1 + width
    elif width == -1:
        if pos + 1 >= len(buf):
            raise decode_error("a value has no length")
        pos += 2 + buf[pos + 1]
    elif width == -4:
        pos += 5 + int.from_bytes(buf[pos + 1 : pos + 5])
    else:
        raise decode_error(f"0x{code:02x} is no constructor of AMQP 1.0")
    if pos > len(buf):
        raise decode_error("a value is longer than the bytes that hold it")
    return pos


def decode(buf: bytes, pos: int = 0) -> tuple[Any, int]:
    """The value at ``pos`` and the position after it."""
    try:
        return _value(buf, pos, 0)
    except AmqpError:
        raise
    except (IndexError, ValueError, struct.error, TypeError) as fault:
        raise decode_error(f"malformed value: {fault}") from fault


def _value(buf: bytes, pos: int, depth: int) -> tuple[Any, int]:
    code = buf[pos]
    if code == 0:
        if depth >= MAX_DEPTH:
            raise decode_error("values nest too deep")
        descriptor, pos = _value(buf, pos + 1, depth + 1)
        value, pos = _value(buf, pos, depth + 1)
        return Described(descriptor, value), pos
    return _body(buf, pos + 1, code, depth)


def _body(buf: bytes, pos: int, code: int, depth: int) -> tuple[Any, int]:
    end = _after(buf, pos - 1, code) if code < 0xE0 else pos
    fixed = _FIXED.get(code)
    if fixed is not None:
        return fixed(buf, pos), end
    if code < 0xC0:
        start = pos + (1 if code < 0xB0 else 4)
        return _VARIABLE[code & 0x0F](buf[start:end]), end
    if depth >= MAX_DEPTH:
        raise decode_error("values nest too deep")
    if code >= 0xE0:
        return _array(buf, pos, code, depth)
    return _compound(buf, pos, code, depth), end


def _compound(buf: bytes, pos: int, code: int, depth: int) -> Any:
    size, count, pos, end = _size_and_count(buf, pos, wide=code >= 0xD0)
    if count > size:
        raise decode_error(f"a list or map claims {count} elements in {size} bytes")
    items = []
    for _ in range(count):
        item, pos = _value(buf, pos, depth + 1)
        items.append(item)
    if pos != end:
        raise decode_error("a list or map does not end where its size says")
    if code in (0xC0, 0xD0):
        return items
    if count % 2:
        raise decode_error("a map has a key without a value")
    return dict(zip(items[::2], items[1::2], strict=True))


def _array(buf: bytes, pos: int, code: int, depth: int) -> tuple[Any, int]:
    size, count, pos, end = _size_and_count(buf, pos, wide=code == 0xF0)
    if WIDTH[code] == -9:
        raise decode_error(f"0x{code:02x} is no constructor of AMQP 1.0")
    start = pos
    descriptor: Any = None
    if buf[pos] == 0:
        descriptor, pos = _value(buf, pos + 1, depth + 1)
    element = buf[pos]
    pos += 1
    if count > max(size, 0) and (WIDTH[element] != 0 or count > MAX_EMPTY_ELEMENTS):
        raise decode_error(f"an array claims {count} elements in {size} bytes")
    items = []
    for _ in range(count):
        item, pos = _body(buf, pos, element, depth + 1)
        items.append(item if buf[start] != 0 else Described(descriptor, item))
    if pos != end:
        raise decode_error("an array does not end where its size says")
    return items, pos


def _size_and_count(buf: bytes, pos: int, *, wide: bool) -> tuple[int, int, int, int]:
    if wide:
        size, count = struct.unpack_from(">II", buf, pos)
        end, pos = pos + 4 + size, pos + 8
    else:
        size, count = buf[pos], buf[pos + 1]
        end, pos = pos + 1 + size, pos + 2
    if end > len(buf) or pos > end:
        raise decode_error("a list, map or array is longer than the bytes that hold it")
    return size, count, pos, end


def _boolean(buf: bytes, pos: int) -> bool:
    if buf[pos] > 1:
        raise decode_error("a boolean is neither 0 nor 1")
    return bool(buf[pos])


def _unpack(form: str) -> Callable[[bytes, int], Any]:
    unpack_from = struct.Struct(form).unpack_from

    def read(buf: bytes, pos: int) -> Any:
        return unpack_from(buf, pos)[0]

    return read


_FIXED: dict[int, Callable[[bytes, int], Any]] = {
    0x40: lambda _buf, _pos: None, 0x41: lambda _buf, _pos: True, 0x42: lambda _buf, _pos: False,
    0x43: lambda _buf, _pos: 0, 0x44: lambda _buf, _pos: 0, 0x45: lambda _buf, _pos: [],
    0x50: _unpack(">B"), 0x51: _unpack(">b"), 0x52: _unpack(">B"), 0x53: _unpack(">B"), 0x54: _unpack(">b"),
    0x55: _unpack(">b"), 0x56: _boolean, 0x60: _unpack(">H"), 0x61: _unpack(">h"), 0x70: _unpack(">I"),
    0x71: _unpack(">i"), 0x72: _unpack(">f"), 0x73: _unpack(">I"), 0x74: lambda buf, pos: buf[pos : pos + 4],
    0x80: _unpack(">Q"), 0x81: _unpack(">q"), 0x82: _unpack(">d"), 0x83: _unpack(">q"),
    0x84: lambda buf, pos: buf[pos : pos + 8], 0x94: lambda buf, pos: buf[pos : pos + 16],
    0x98: lambda buf, pos: UUID(bytes=buf[pos : pos + 16]),
}  # fmt: skip
_VARIABLE: dict[int, Callable[[bytes], Any]] = {
    0: bytes,
    1: lambda raw: raw.decode(),
    3: lambda raw: Symbol(raw.decode("ascii")),
}
