"""Messages read with their types: against the SDK's encoder, and what the real trigger handed over."""

import struct
import uuid
from base64 import b64decode
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from azure.eventhub._pyamqp._encode import encode_value
from hypothesis import given
from hypothesis import strategies as st

from devstack.eventhubs.wire import encode as e
from tests.unit.vendctl.amqp_bytes import (
    AT,
    ENQUEUED,
    binary,
    data,
    described,
    double,
    message,
    sequence,
    single,
    value,
)
from vendctl.partitions.amqp import Malformed, Typed, after, decimal, decode, form
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.message import Message
from vending.errors import Rejected
from vending.events.event import parse
from vending.events.records import decode_lines, encode, record, restore

TICKS, YEARS = 10_000_000, 62_135_596_800
"""Of .NET: ticks of a second, seconds from the year 1 to 1970."""

MEASURED: dict[str, tuple[bytes, Any]] = {
    "string": (e.string("grüß"), "grüß"),
    "empty": (e.string(""), ""),
    "int": (e.integer(42), 42),
    "long": (e.long(9007199254740993), 9007199254740993),
    "ulong": (e.ulong(18446744073709551615), 18446744073709551615),
    "uint": (e.uint(7), 7),
    "short": (b"\x61\xff\xfd", -3),
    "ushort": (e.ushort(3), 3),
    "byte": (e.ubyte(200), 200),
    "sbyte": (b"\x51\xfb", -5),
    "float": (single(0.1), 0.1),
    "double": (double(0.1), 0.1),
    "double.whole": (double(5.0), 5.0),
    "double.nan": (double(float("nan")), "NaN"),
    "double.inf": (double(float("inf")), "Infinity"),
    "decimal": (b"\x94" + bytes([12, 30 << 1]) + bytes(10) + (1234).to_bytes(4), 12.34),
    "guid": (
        b"\x98" + uuid.UUID("00112233-4455-6677-8899-aabbccddeeff").bytes,
        "00112233-4455-6677-8899-aabbccddeeff",
    ),
    "datetime": (e.timestamp(1_769_862_896_789), "2026-01-31T12:34:56.789Z"),
    "datetimeoffset": (
        described("com.microsoft:datetime-offset", e.long((YEARS + 1_769_855_696) * TICKS + 7_890_000)),
        "2026-01-31T10:34:56.789+00:00",
    ),
    "timespan": (
        described("com.microsoft:timespan", e.long((86_400 + 2 * 3600 + 3 * 60 + 4) * TICKS + 50_000)),
        "1.02:03:04.0050000",
    ),
    "bytes": (binary(b"\x00\x01\xfe\xff"), "AAH+/w=="),
    "bytes.text": (binary(b"text"), "dGV4dA=="),
    "bool": (b"\x41", True),
    "char": (b"\x73" + "ä".encode("utf-32-be"), "ä"),
    "null": (b"\x40", None),
    "uri": (
        described("com.microsoft:uri", e.string("https://example.org/%C3%A4?q=1")),
        "https://example.org/%C3%A4?q=1",
    ),
}  # fmt: skip
"""Property → as .NET encodes it, and what the real Event Hubs trigger (5.12.2) handed over, measured."""


def test_properties_are_what_the_real_trigger_hands_over() -> None:
    sent = message(1, data(b"x"), application={name: raw for name, (raw, _) in MEASURED.items()})
    found = hub_event(Message.read(sent), "1", "0").properties
    assert dict(found) == {name: expected for name, (_, expected) in MEASURED.items()}
    assert type(found["double.whole"]) is float


def test_an_event_of_iot_hub_is_what_the_real_trigger_hands_over() -> None:
    """Annotations are the system properties; properties of AMQP stand before them; empty ones are missing."""
    sent = message(
        7,
        data(b"ab"),
        data(b"c"),
        key="dev-7",
        annotations={
            "iothub-connection-device-id": e.string("dev-7"),
            "iothub-enqueuedtime": e.timestamp(ENQUEUED),
            "x-opt-publisher": e.string("dev-7"),
            "unknown": described("com.example:thing", e.long(1)),
        },
        properties=e.fields(
            e.string("m-1"), binary(b"user"), b"\x40", e.string(""), b"\x40", e.ulong(9), e.symbol("a/b"),
            b"\x40", e.timestamp(ENQUEUED + 879), b"\x40", b"\x40", e.uint(3),
        ),
    )  # fmt: skip
    event = hub_event(Message.read(sent), "2", "3")
    assert (event.generation, event.partition, event.sequence, event.offset) == ("2", "3", 7, "700")
    assert (event.key, event.enqueued, event.body, event.amqp) == ("dev-7", AT, b"abc", None)
    assert list(event.system.items()) == [
        ("message-id", "m-1"),
        ("user-id", {"Length": 4, "IsEmpty": False}),
        ("correlation-id", "9"),
        ("content-type", "a/b"),
        ("absolute-expiry-time", "2025-11-25T23:55:52+00:00"),
        ("group-sequence", 3),
        ("iothub-connection-device-id", "dev-7"),
        ("iothub-enqueuedtime", "2025-11-25T23:55:51.121Z"),
        ("x-opt-publisher", "dev-7"),
    ]


SENT = [None, True, False, 0, 7, -7, 2**31 - 1, 1.5, "", "text", "x" * 300, b"", b"\x00" * 300,
        uuid.UUID(int=7), [], [1, "a", [None]], {"a": 1, "b": {"c": [2.5]}}, {"k": "v" * 300}]  # fmt: skip


def simple(typed: Typed) -> Any:
    """Without its types, for a comparison with what was encoded."""
    match typed.type:
        case "list" | "array":
            return [simple(item) for item in typed.value]
        case "map":
            return {simple(key): simple(item) for key, item in typed.value}
        case "described":
            return simple(typed.value[1])
    return typed.value


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: repr(sent)[:20])
def test_values_of_the_sdks_encoder_are_read(sent: Any) -> None:
    output = bytearray()
    encode_value(output, sent)
    typed, end = decode(bytes(output))
    assert (simple(typed), end) == (sent, len(output))
    assert after(bytes(output), 0) == end


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_malformed(raw: bytes) -> None:
    for read in (decode, lambda found: after(found, 0), Message.read):
        with suppress(Malformed):
            read(raw)


@given(st.binary(max_size=40), st.sampled_from(range(0x70, 0x79)))
def test_whatever_a_section_holds_the_message_becomes_an_event(raw: bytes, section: int) -> None:
    """A hostile sender's bytes cost one dead letter, whatever they are."""
    with suppress(Malformed):
        found = Message.read(message(3) + e.described(section, raw))
        event = hub_event(found, "1", "0")
        assert (event.sequence, event.amqp is None) == (3, found.unbindable == "")
        assert restore(record(event)) == event


def test_hostile_nesting_and_counts_are_malformed() -> None:
    nested = b"\x40"
    for _ in range(100):
        nested = e.fields(nested)
    for raw in (nested, b"\x00" * 5_000, b"\xc0\x01", b"\xd0" * 9, b"\xf0" + b"\xff" * 8 + b"\x40", b"\x99"):
        with pytest.raises(Malformed):
            decode(raw)


def test_arrays_are_read_and_skipped() -> None:
    raw = b"\xe0" + bytes([2 + 8, 2]) + b"\x71" + struct.pack(">ii", 1, -2) + b"\x41"
    assert decode(raw)[0] == Typed("array", [Typed("int", 1), Typed("int", -2)])
    words = b"\xa3\x01a\xa3\x02bc"
    symbols = b"\xe0" + bytes([2 + 5, 2]) + b"\xa3" + words.replace(b"\xa3", b"")
    typed, end = decode(symbols + b"\x40")
    assert (form(typed), end) == ({"array": [{"symbol": "a"}, {"symbol": "bc"}]}, len(symbols))


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (Typed("decimal32", (((101 - 2) << 23) + 1234).to_bytes(4)), "12.34"),
        (Typed("decimal64", ((1 << 63) + ((398 - 2) << 53) + 1234).to_bytes(8)), "-12.34"),
        (Typed("decimal128", (((6176 - 2) << 113) + 1234).to_bytes(16)), "12.34"),
        (Typed("decimal128", (((6176 + 2) << 113) + 12).to_bytes(16)), "1200"),
    ],
)
def test_decimals_are_read_as_dotnet_reads_them(typed: Typed, number: str) -> None:
    assert decimal(typed) == Decimal(number)


BAD = {
    "null": (value(b"\x40"), "value", {"null": None}),
    "int": (value(e.integer(7)), "value", {"int": 7}),
    "text": (value(e.string("{}")), "value", {"string": "{}"}),
    "map": (value(e.mapping({e.string("a"): e.long(1)})), "value", {"map": [[{"string": "a"}, {"long": 1}]]}),
    "binary": (value(binary(b"\xff")), "value", {"binary": "/w=="}),
    "nan": (value(double(float("nan"))), "value", {"double": "nan"}),
    "described": (
        value(described("com.microsoft:timespan", e.long(1))), "value",
        {"described": [{"symbol": "com.microsoft:timespan"}, {"long": 1}]},
    ),
    "sequence": (
        sequence(e.string("a"), e.uint(1)) + sequence(), "sequence",
        [{"list": [{"string": "a"}, {"uint": 1}]}, {"list": []}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_body_that_is_no_data_is_kept_whole_and_refused_with_its_reason(name: str) -> None:
    """P1: byte for byte in its archive record. P6: its own dead letter."""
    body, kind, values = BAD[name]
    sent = message(5, body, key="dev-1", annotations={"x-opt-publisher": e.string("dev-1")})
    event = hub_event(Message.read(sent), "1", "0")
    assert event.amqp is not None
    assert (event.body, event.amqp["kind"], event.amqp["body"]) == (b"", kind, values)
    (fields,) = decode_lines(encode(record(event)))
    again = restore(fields)
    assert again == event
    assert b64decode(event.amqp["message64"]) == sent
    with pytest.raises(Rejected, match=f"amqp-body: its AMQP body is a {kind}, not data: mend the sender"):
        parse(again)


def test_what_a_trigger_can_bind() -> None:
    """A null of the Python SDK has no body section; properties of no .NET type fail in the client itself."""
    assert Message.read(message(1)).unbindable == "it has no body"
    assert hub_event(Message.read(message(1)), "1", "0").body == b""
    far = Message.read(message(1, data(b"x"), application={"at": e.timestamp(2**62)}))
    assert (far.unbindable, hub_event(far, "1", "0").properties["at"][:4]) == ("", "9999")
    assert Message.read(message(1, data(b""))).unbindable == ""
    odd = message(1, data(b"x"), annotations={"k": e.mapping({})})
    assert Message.read(odd).unbindable == "its property k is a map"
    event = hub_event(Message.read(odd), "1", "0")
    assert (event.body, event.amqp and event.amqp["kind"]) == (b"x", "data")
    code = message(1, data(b"x"), application={"k": b"\x00" + e.ulong(5) + e.long(1)})
    assert Message.read(code).unbindable == "its property k is a described"


@pytest.mark.parametrize(
    "odd",
    [
        described("com.microsoft:timespan", e.string("long")),
        described("com.microsoft:datetime-offset", e.long(2**62)),
    ],
)
def test_a_property_that_its_type_has_no_room_for_costs_its_event_only(odd: bytes) -> None:
    found = Message.read(message(4, data(b"x"), application={"odd": odd}, key="dev-1"))
    event = hub_event(found, "1", "0")
    assert (event.sequence, event.key, event.amqp is None) == (4, "dev-1", False)
    with pytest.raises(Rejected, match="amqp-body: its properties cannot be read"):
        parse(event)


def test_a_deep_or_large_body_is_kept_though_its_values_are_not_written_out() -> None:
    deep = b"\x40"
    for _ in range(100):
        deep = e.fields(deep)
    found = hub_event(Message.read(message(1, value(deep))), "1", "0").amqp
    assert found is not None
    assert found["unread"] == "values nest too deep"
    assert "body" not in found
    large = hub_event(Message.read(message(1, value(e.string("x" * 70_000)))), "1", "0").amqp
    assert large is not None
    assert "body" not in large
    assert len(large["message64"]) > 90_000


def test_ordinary_records_have_no_amqp_field() -> None:
    assert "amqp" not in record(hub_event(Message.read(message(1, data(b"x"))), "1", "0"))
