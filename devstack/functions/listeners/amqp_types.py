"""AMQP values with their types kept, for a client whose decoder drops them.

The Event Hubs SDK decodes timestamps to integers, single floats to doubles, binaries and texts both to bytes,
drops descriptors, misreads decimals and knows no char: an event with one is then received again and again,
for ever. The platform's .NET client keeps each apart, and the trigger writes each differently.
:func:`install` puts readers into the SDK's table of constructors; each value stays usable as what the SDK
made of it.

Source: OASIS AMQP 1.0 part 1, 1.6; azure-sdk-for-net AmqpMessageConverter (the three described types).
"""

import struct
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from azure.eventhub._pyamqp import _decode

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_EXACT = Context(prec=40)


class Timestamp(int):
    """Milliseconds since 1970 (AMQP timestamp, .NET DateTime)."""


class Single(float):
    """A float of four bytes."""


class Binary(bytes):
    """Bytes that are no text."""


class Ticks(int):
    """Tenths of a microsecond: a described ``com.microsoft:timespan`` (.NET TimeSpan)."""


class Moment(int):
    """Ticks since the year 1, UTC: a described ``com.microsoft:datetime-offset`` (.NET DateTimeOffset)."""


_DESCRIBED: dict[bytes, type[int]] = {
    b"com.microsoft:timespan": Ticks,
    b"com.microsoft:datetime-offset": Moment,
}


def install() -> None:
    """Put the readers in place; calling it again changes nothing."""
    table = _decode._DECODE_BY_CONSTRUCTOR  # noqa: SLF001 - the SDK has no public way
    table[0x00] = _described
    table[0x72] = _single
    table[0x73] = _char
    table[0x74], table[0x84], table[0x94] = _decimal32, _decimal64, _decimal128
    table[0x83] = _timestamp
    table[0xA0], table[0xB0] = _binary_small, _binary_large


def single_as_double(value: float) -> float:
    """The double with the fewest digits that is this single float, as .NET writes it."""
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if struct.pack("!f", short) == struct.pack("!f", value):
            return short
    return float(f"{value:.9g}")


def moment(ticks: int) -> datetime:
    """A UTC time; ``OverflowError`` outside the years 1 to 9999."""
    return YEAR_ONE + timedelta(microseconds=ticks // 10)


def _described(buffer: memoryview) -> tuple[memoryview, Any]:
    if buffer[0] == 0xA3:
        name = buffer[2 : 2 + buffer[1]].tobytes()
        if (kind := _DESCRIBED.get(name)) is not None:
            rest = buffer[2 + buffer[1] :]
            rest, value = _decode._DECODE_BY_CONSTRUCTOR[rest[0]](rest[1:])  # noqa: SLF001
            return rest, kind(value) if isinstance(value, int) else value
    result: tuple[memoryview, Any] = _decode._decode_described(buffer)  # noqa: SLF001
    return result


def _timestamp(buffer: memoryview) -> tuple[memoryview, Timestamp]:
    return buffer[8:], Timestamp(_decode.c_signed_long_long.unpack(buffer[:8])[0])


def _single(buffer: memoryview) -> tuple[memoryview, Single]:
    return buffer[4:], Single(_decode.c_float.unpack(buffer[:4])[0])


def _char(buffer: memoryview) -> tuple[memoryview, str]:
    return buffer[4:], buffer[:4].tobytes().decode("utf-32-be", "replace")


def _binary_small(buffer: memoryview) -> tuple[memoryview, Binary]:
    end = buffer[0] + 1
    return buffer[end:], Binary(buffer[1:end])


def _binary_large(buffer: memoryview) -> tuple[memoryview, Binary]:
    end = _decode.c_unsigned_long.unpack(buffer[:4])[0] + 4
    return buffer[end:], Binary(buffer[4:end])


def _decimal32(buffer: memoryview) -> tuple[memoryview, Decimal]:
    return buffer[4:], _decimal(buffer[:4].tobytes(), 8, 101)


def _decimal64(buffer: memoryview) -> tuple[memoryview, Decimal]:
    return buffer[8:], _decimal(buffer[:8].tobytes(), 10, 398)


def _decimal128(buffer: memoryview) -> tuple[memoryview, Decimal]:
    return buffer[16:], _decimal(buffer[:16].tobytes(), 14, 6176)


def _decimal(raw: bytes, exponent_bits: int, bias: int) -> Decimal:
    """IEEE 754-2008 with a binary coefficient, as AMQP has it."""
    bits = len(raw) * 8
    number = int.from_bytes(raw)
    sign = number >> (bits - 1)
    combination = (number >> (bits - 6)) & 0x1F
    if combination >= 0x1E:
        return Decimal("NaN") if combination == 0x1F else Decimal("-Infinity" if sign else "Infinity")
    width = bits - 1 - exponent_bits
    if combination >> 3 == 0x3:
        # The coefficient begins with an implied 100; the exponent stands two bits further right.
        width -= 2
        coefficient = (4 << width) | (number & ((1 << width) - 1))
    else:
        coefficient = number & ((1 << width) - 1)
    exponent = (number >> width) & ((1 << exponent_bits) - 1)
    value = Decimal(-coefficient if sign else coefficient)
    return value.scaleb(exponent - bias, _EXACT)
