"""The hash by which arrays and objects are sorted: clients that merge ORDER BY compare it, and resume at it.

MurmurHash3 x64 128, chained through its seed; the seeds are those that the SDKs share. A test compares it
with the published values. Source: ``DistinctHash``, ``UInt128BinaryComparer`` of azure-cosmos-dotnet-v3.
"""

import struct
from typing import Any, Final

from devstack.cosmos.epk import murmur3_128

type Hash = tuple[int, int]  # (low, high) words

ROOT: Final[Hash] = (0xBFC2359EAFC0E2B7, 0x8846E00284C4CF1F)
NULL: Final[Hash] = (0x1380F68BB3B0CFE4, 0x156C918BF564EE48)
FALSE: Final[Hash] = (0xC1BE517FE893B40C, 0xE9FC8A4C531CD0DD)
TRUE: Final[Hash] = (0xF86D4ABF9A412E74, 0x788488365C8A985D)
STRING: Final[Hash] = (0x61F53F0A44204CFB, 0x09481BE8EF4B56DD)
NUMBER: Final[Hash] = (0x2400E8B894CE9C2A, 0x790BE1EABD7B9481)
ARRAY: Final[Hash] = (0xFA573B014C4DC18E, 0xA014512C858EB115)
OBJECT: Final[Hash] = (0x77B285AC511AEF30, 0x3DCF187245822449)
INDEX: Final[Hash] = (0xFE057204216DB999, 0x5B1CC3178BD9C593)
PROPERTY: Final[Hash] = (0xC915DDE058492A8A, 0x7C8BE2EBA72E4634)
MANTISSA: Final = 53  # the bits that a double keeps of a whole number


def hash_text(words: Hash) -> str:
    """A hash as text that sorts as clients sort hashes: by its bytes, the least significant first."""
    return struct.pack("<QQ", *words).hex()


def hashed(value: Any, seed: Hash = ROOT) -> Hash:
    """The hash of a JSON value; equal values have equal hashes, whatever the order of their properties."""
    if value is None:
        return _murmur(_packed(NULL), seed)
    if isinstance(value, bool):
        return _murmur(_packed(TRUE if value else FALSE), seed)
    if isinstance(value, (int, float)):
        return _murmur(_number(value), _murmur(_packed(NUMBER), seed))
    if isinstance(value, str):
        return _murmur(value.encode(), _murmur(_packed(STRING), seed))
    return _array(value, seed) if isinstance(value, list) else _object(value, seed)


def _array(values: list[Any], seed: Hash) -> Hash:
    found = _murmur(_packed(ARRAY), seed)
    for index, one in enumerate(values):
        low = INDEX[0] + index
        place = (low & (2**64 - 1), (INDEX[1] + (low >> 64)) & (2**64 - 1))
        found = _murmur(_packed(hashed(one, place)), found)
    return found


def _object(values: dict[str, Any], seed: Hash) -> Hash:
    found = _murmur(_packed(OBJECT), seed)
    low = high = 0
    for name, one in values.items():
        own = hashed(one, _murmur(name.encode(), _murmur(_packed(STRING), PROPERTY)))
        low, high = low ^ own[0], high ^ own[1]
    return _murmur(_packed((low, high)), found) if low or high else found


def _number(value: float) -> bytes:
    """A double and the bits of a whole number that it cannot hold (``Number64.DoubleEx``)."""
    size = abs(value).bit_length() if isinstance(value, int) else 0
    if not isinstance(value, int) or size <= MANTISSA or size > 63 or value == 0:
        return struct.pack("<dH", float(value), 0)
    low = value & -value
    if size - low.bit_length() < MANTISSA:
        return struct.pack("<dH", float(value), 0)
    mantissa = (abs(value) << (63 - size)) & (2**62 - 1)
    bits = (size - 1 + 1023) << 52 | mantissa >> 10 | (1 << 63 if value < 0 else 0)
    return struct.pack("<QH", bits, (mantissa & 0x3FF) << 6)


def _packed(words: Hash) -> bytes:
    return struct.pack("<QQ", *words)


def _murmur(data: bytes, seed: Hash) -> Hash:
    return murmur3_128(data, seed)
