"""AMQP messages as the .NET SDK sends them, and how they look to a receiver.

The Python SDK has no way to send a char or a decimal as .NET does: :func:`types_of_dotnet` teaches its
encoder. :data:`GOLDEN` are the nine messages of the real batch in ``eventhub-trigger-batch.json``.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from azure.eventhub import EventData
from azure.eventhub._pyamqp import _encode
from azure.eventhub._pyamqp.message import Message, Properties
from azure.eventhub._pyamqp.types import AMQPTypes as Amqp

AT = datetime(2026, 1, 31, 12, 34, 56, 789000, UTC)
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


def typed(kind: str, value: Any) -> dict[str, Any]:
    """A value with its AMQP type, as the SDK's encoder takes it."""
    return {"TYPE": kind, "VALUE": value}


def described(name: str, kind: str, value: Any) -> dict[str, Any]:
    """A described value: ``com.microsoft:…`` and its form."""
    return typed(Amqp.described, (typed(Amqp.symbol, f"com.microsoft:{name}"), typed(kind, value)))


def milliseconds(moment: datetime) -> int:
    """As an AMQP timestamp counts."""
    return round(moment.timestamp() * 1000)


def ticks(moment: datetime) -> int:
    """As a .NET DateTimeOffset counts."""
    difference = moment - YEAR_ONE
    return (difference.days * 86400 + difference.seconds) * 10**7 + difference.microseconds * 10


def _char(output: bytearray, value: str, with_constructor: bool = True, **_: Any) -> None:
    output += (b"\x73" if with_constructor else b"") + value.encode("utf-32-be")


def _decimal(output: bytearray, value: tuple[int, int], with_constructor: bool = True, **_: Any) -> None:
    """``(coefficient, digits after the point)`` as IEEE 754-2008 decimal128 with a binary coefficient."""
    coefficient, scale = value
    number = (coefficient < 0) << 127 | (6176 - scale) << 113 | abs(coefficient)
    output += (b"\x94" if with_constructor else b"") + number.to_bytes(16)


@contextmanager
def types_of_dotnet() -> Iterator[None]:
    """Let the SDK's encoder write ``CHAR`` and ``DECIMAL``."""
    table: dict[Any, Any] = _encode._ENCODE_MAP
    table["CHAR"], table["DECIMAL"] = _char, _decimal
    try:
        yield
    finally:
        del table["CHAR"], table["DECIMAL"]


def received(message: Message) -> EventData:
    """The event that a consumer gets of a message, through the SDK's own decoder."""
    output = bytearray()
    with types_of_dotnet():
        _encode.encode_payload(output, message)
    return EventData.from_bytes(bytes(output))


def placed(
    number: int, offset: str | None = None, key: str | None = None, at: datetime = AT
) -> dict[Any, Any]:
    """The service's annotations."""
    found: dict[Any, Any] = {
        b"x-opt-sequence-number": typed(Amqp.long, number),
        b"x-opt-offset": str(number) if offset is None else offset,
        b"x-opt-enqueued-time": typed(Amqp.timestamp, milliseconds(at)),
    }
    return found if key is None else {**found, b"x-opt-partition-key": key}


TYPES: dict[str | bytes, Any] = {
    "string": "grüß",
    "empty": "",
    "int": typed(Amqp.int, 42),
    "long": typed(Amqp.long, 9007199254740993),
    "ulong": typed(Amqp.ulong, 18446744073709551615),
    "uint": typed(Amqp.uint, 7),
    "short": typed(Amqp.short, -3),
    "ushort": typed(Amqp.ushort, 3),
    "byte": typed(Amqp.ubyte, 200),
    "sbyte": typed(Amqp.byte, -5),
    "float": typed(Amqp.float, 0.1),
    "double": 0.1,
    "double.whole": 5.0,
    "double.nan": float("nan"),
    "double.inf": float("inf"),
    "decimal": typed("DECIMAL", (1234, 2)),
    "guid": uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
    "datetime": typed(Amqp.timestamp, milliseconds(AT)),
    "datetimeoffset": described("datetime-offset", Amqp.long, ticks(AT.replace(hour=10))),
    "timespan": described("timespan", Amqp.long, (((24 + 2) * 60 + 3) * 60 + 4) * 10**7 + 50000),
    "bytes": b"\x00\x01\xfe\xff",
    "bytes.text": b"text",
    "bool": True,
    "char": typed("CHAR", "ä"),
    "null": None,
    "uri": described("uri", Amqp.string, "https://example.org/%C3%A4?q=1"),
}
GOLDEN = (
    Message(data=[b'{"n":1}']),
    Message(application_properties=TYPES, data=[b"typed"]),
    Message(
        properties=Properties(
            "message-1", b"user-1", "to-1", "subject-1", "reply-to-1", "correlation-1", "application/json",
            "gzip", milliseconds(AT.replace(month=2, day=1)), milliseconds(AT), "group-1", 9, "reply-group-1",
        ),
        data=[b"properties"],
    ),
    Message(
        message_annotations={
            b"x-custom": "custom",
            b"x-number": typed(Amqp.int, 5),
            b"x-bytes": b"\x01\x02",
            b"x-time": typed(Amqp.timestamp, milliseconds(AT)),
            b"iothub-connection-device-id": "device-1",
            b"iothub-enqueuedtime": typed(Amqp.timestamp, milliseconds(AT)),
        },
        properties=Properties(
            absolute_expiry_time=milliseconds(datetime(2026, 11, 26, 0, 5, 50, 999000, UTC)),
            creation_time=milliseconds(datetime(2026, 11, 25, 23, 55, 50, 999000, UTC)),
        ),
        data=[b"annotations"],
    ),
    Message(data=[b""]),
    Message(data=[b"part 1,", b"part 2"]),
    Message(data=[b"\xff\xfe\x00\x41"]),
    Message(data=[b"keyed 1"]),
    Message(data=[b"keyed 2"]),
)  # fmt: skip
