"""Effective partition keys: where a partition key value lies between "" and "FF" (hash version 2).

MurmurHash3 x64 128 is Austin Appleby's public domain algorithm; the type tags and the masked top bits are the
ones every Cosmos DB SDK computes, and a test compares this with the Python SDK's.
"""

import struct
from functools import lru_cache
from typing import Any, Final

import orjson

from devstack.cosmos.errors import bad_request

MIN_EPK: Final = ""
MAX_EPK: Final = "FF"
SPACE: Final = 1 << 126  # the two top bits of a hash are always zero
MAX_KEY_BYTES: Final = 2048

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F

type KeyValue = str | int | float | bool | None


class Missing:
    """The value of a partition key path that an item does not have (``[{}]`` on the wire)."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


def _rotl(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _fmix(value: int) -> int:
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & _MASK
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 33)


def _scramble1(k: int) -> int:
    return (_rotl((k * _C1) & _MASK, 31) * _C2) & _MASK


def _scramble2(k: int) -> int:
    return (_rotl((k * _C2) & _MASK, 33) * _C1) & _MASK


def murmur3_128(data: bytes, seed: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """The two 64-bit halves (h1, h2) of the x64 variant."""
    h1, h2 = seed
    whole = len(data) - len(data) % 16
    for at in range(0, whole, 16):
        k1, k2 = struct.unpack_from("<QQ", data, at)
        h1 = (_rotl(h1 ^ _scramble1(k1), 27) + h2) & _MASK
        h1 = (h1 * 5 + 0x52DCE729) & _MASK
        h2 = (_rotl(h2 ^ _scramble2(k2), 31) + h1) & _MASK
        h2 = (h2 * 5 + 0x38495AB5) & _MASK
    tail = data[whole:]
    h2 ^= _scramble2(int.from_bytes(tail[8:], "little"))
    h1 ^= _scramble1(int.from_bytes(tail[:8], "little"))
    h1 ^= len(data)
    h2 ^= len(data)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    h1, h2 = _fmix(h1), _fmix(h2)
    h1 = (h1 + h2) & _MASK
    return h1, (h2 + h1) & _MASK


def _tagged(value: KeyValue | Missing) -> bytes:
    if isinstance(value, Missing):
        return b"\x00"
    if value is None:
        return b"\x01"
    if isinstance(value, bool):
        return b"\x03" if value else b"\x02"
    if isinstance(value, (int, float)):
        return b"\x05" + struct.pack("<d", float(value))
    return b"\x08" + value.encode() + b"\xff"


def effective_key(value: KeyValue | Missing) -> str:
    """The effective partition key of a value: 32 upper-case hexadecimal digits."""
    h1, h2 = murmur3_128(_tagged(value))
    number = ((h2 << 64) | h1) & (SPACE - 1)
    return f"{number:032X}"


@lru_cache(maxsize=65536)
def key_of_text(text: str) -> str:
    """The effective partition key of a canonical key text (:func:`key_text`)."""
    return effective_key(parse_header(text))


def key_text(value: KeyValue | Missing) -> str:
    """The canonical text of a key value, equal for equal values (1 and 1.0 are one number)."""
    if isinstance(value, Missing):
        return "[{}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    text = orjson.dumps([value]).decode()
    if len(text) > MAX_KEY_BYTES + 4:
        raise bad_request(f"Partition key value must not be longer than {MAX_KEY_BYTES} bytes.")
    return text


@lru_cache(maxsize=65536)
def parse_header(header: str) -> KeyValue | Missing:
    """The value in an ``x-ms-documentdb-partitionkey`` header: a JSON array of one value."""
    try:
        parts: Any = orjson.loads(header)
    except orjson.JSONDecodeError:
        raise bad_request(f"Partition key {header!r} is not a JSON array.") from None
    if not isinstance(parts, list) or len(parts) != 1:
        raise bad_request(
            "Partition key provided doesn't correspond to the definition: one value is expected."
        )
    return checked_value(parts[0])


def checked_value(value: object) -> KeyValue | Missing:
    """``value`` when it may be a partition key; objects and arrays may not."""
    if value == {}:
        return MISSING
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise bad_request("Partition key value must be a string, a number, a boolean or null.")


def bounds(count: int) -> list[str]:
    """The inner boundaries that cut the key space into ``count`` equal ranges."""
    return [f"{SPACE * i // count:032X}" for i in range(1, count)]


def middle(low: str, high: str) -> str:
    """A boundary halfway between two others."""
    top = SPACE if high == MAX_EPK else int(high, 16)
    bottom = int(low, 16) if low else 0
    return f"{(bottom + top) // 2:032X}"
