"""Which partition an event goes to: the service's hash of the partition key, so that both agree.

Bob Jenkins' lookup3 (public domain, hashlittle2) on the UTF-8 bytes of the key; the two words xor-ed and
cut to a signed 16-bit number; its remainder by the number of partitions, truncating as C does, made positive.
"""

import struct

_M = 0xFFFFFFFF


def _rot(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _M


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    a = ((a - c) & _M) ^ _rot(c, 4)
    c = (c + b) & _M
    b = ((b - a) & _M) ^ _rot(a, 6)
    a = (a + c) & _M
    c = ((c - b) & _M) ^ _rot(b, 8)
    b = (b + a) & _M
    a = ((a - c) & _M) ^ _rot(c, 16)
    c = (c + b) & _M
    b = ((b - a) & _M) ^ _rot(a, 19)
    a = (a + c) & _M
    c = ((c - b) & _M) ^ _rot(b, 4)
    return a, (b + a) & _M, c


def _final(a: int, b: int, c: int) -> tuple[int, int]:
    c = ((c ^ b) - _rot(b, 14)) & _M
    a = ((a ^ c) - _rot(c, 11)) & _M
    b = ((b ^ a) - _rot(a, 25)) & _M
    c = ((c ^ b) - _rot(b, 16)) & _M
    a = ((a ^ c) - _rot(c, 4)) & _M
    b = ((b ^ a) - _rot(a, 14)) & _M
    return ((c ^ b) - _rot(b, 24)) & _M, b


def lookup3(data: bytes, c: int = 0, b: int = 0) -> tuple[int, int]:
    """Jenkins' hashlittle2: (primary, secondary) for the seeds ``c`` and ``b``."""
    a = (0xDEADBEEF + len(data) + c) & _M
    a, b, c = a, a, (a + b) & _M
    pos = 0
    while len(data) - pos > 12:
        x, y, z = struct.unpack_from("<III", data, pos)
        a, b, c = _mix((a + x) & _M, (b + y) & _M, (c + z) & _M)
        pos += 12
    if pos == len(data):
        return c, b
    x, y, z = struct.unpack("<III", data[pos:].ljust(12, b"\0"))
    return _final((a + x) & _M, (b + y) & _M, (c + z) & _M)


def hash_code(key: str) -> int:
    """The service's hash of a partition key, -32768 to 32767."""
    c, b = lookup3(key.encode())
    low = (c ^ b) & 0xFFFF
    return low - 0x10000 if low & 0x8000 else low


def partition_for(key: str, partitions: int) -> int:
    """The index of the partition that holds all events with this key."""
    return abs(hash_code(key)) % partitions
