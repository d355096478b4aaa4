"""What a batch of events becomes for the worker, without a process.

Rules: Azure/azure-sdk-for-net EventHubTriggerBindingStrategy (names), azure-functions-host
GrpcMessageConversionExtensions (types, omission of empty texts); one batch of the real trigger.
"""

import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.message import Message, Properties
from azure.eventhub._pyamqp.types import AMQPTypes as Amqp

from devstack.functions.errors import BindingFailed
from devstack.functions.listeners import event_metadata
from devstack.tests.functions.hosting import ROOT
from devstack.tests.functions.messages import AT, GOLDEN, described, placed, received, typed

SHARED = ROOT.parent / "shared" / "data" / "platform" / "eventhub-trigger-batch.json"
OWN = Path(__file__).parent / "trigger_batch.json"
"""Written by hand from the forms that were measured."""
CONTEXT = {
    "FullyQualifiedNamespace": "localhost",
    "EventHubName": "one",
    "ConsumerGroup": "a",
    "PartitionId": "0",
}
NAMES = {"EnqueuedTimeUtc", "Offset", "OffsetString", "PartitionKey", "Properties", "SequenceNumber",
         "SystemProperties"}  # fmt: skip
COMMON = {"PartitionContext", "TriggerPartitionContext", "sys"}


def annotated(message: Message, annotations: dict[Any, Any]) -> EventData:
    """The message as the service delivers it: its own annotations first."""
    return received(
        message._replace(message_annotations={**annotations, **(message.message_annotations or {})})
    )


def values(found: dict[str, Any]) -> dict[str, Any]:
    """The metadata as values; JSON is parsed."""
    return {name: json.loads(one) if kind == "json" else one for name, (kind, one) in found.items()}


def test_the_metadata_of_the_nine_messages_are_those_of_the_real_trigger() -> None:
    """Field by field, names and types; null keys are dropped from the text arrays by the host afterwards."""
    if not SHARED.exists():
        pytest.skip(f"no batch of the real trigger: {SHARED} is missing; the hand-written one is compared")
    golden = json.loads(SHARED.read_text())
    events = []
    for message, row in zip(GOLDEN, golden["SystemPropertiesArray"], strict=True):
        at = datetime.fromisoformat(row["x-opt-enqueued-time"])
        place = placed(row["SequenceNumber"], row["OffsetString"], row["PartitionKey"], at)
        events.append(annotated(message, place))
    found = values(event_metadata.many(events, CONTEXT, "eh_events"))
    golden["PartitionKeyArray"] = [one for one in golden["PartitionKeyArray"] if one]
    assert set(found) == set(golden)
    for name in golden.keys() - {"sys"}:
        assert repr(found[name]) == repr(_ordered_as(found[name], golden[name])), name
    assert set(found["sys"]) == set(golden["sys"])
    assert found["sys"]["MethodName"] == "eh_events"
    assert len(found["sys"]["UtcNow"]) == len(golden["sys"]["UtcNow"])
    uuid.UUID(found["sys"]["RandGuid"])


def _ordered_as(found: Any, golden: Any) -> Any:
    """``golden`` with the keys of its objects in the order of ``found``: the order of fields is free."""
    if isinstance(golden, dict) and isinstance(found, dict):
        return {name: _ordered_as(found[name], golden[name]) for name in found if name in golden} | golden
    if isinstance(golden, list) and isinstance(found, list) and len(found) == len(golden):
        return [_ordered_as(one, other) for one, other in zip(found, golden, strict=True)]
    return golden


def test_the_metadata_of_three_messages_are_as_written_by_hand() -> None:
    """Types of properties and annotations, a key, an offset of a geo-replicated hub."""
    events = [
        annotated(GOLDEN[1], placed(4, "512")),
        annotated(GOLDEN[3], placed(5, "640", "key-ä")),
        annotated(Message(data=[b""]), placed(6, "1:23:456")),
    ]
    found = values(event_metadata.many(events, CONTEXT, "f"))
    found.pop("sys")
    assert found == json.loads(OWN.read_text())


def test_many_has_arrays_and_empty_keys_are_missing() -> None:
    """string[] becomes collection_string without empty entries, long[] collection_sint64, the rest JSON."""
    events = [received(Message(message_annotations=placed(number, str(number * 100), key), data=[b"x"]))
              for number, key in ((1, "a"), (2, None))]  # fmt: skip
    found = event_metadata.many(events, CONTEXT, "f")
    assert set(found) == {f"{name}Array" for name in NAMES} | COMMON
    assert found["PartitionKeyArray"] == ("collection_string", ["a"])
    assert found["OffsetArray"] == found["OffsetStringArray"] == ("collection_string", ["100", "200"])
    assert found["SequenceNumberArray"] == ("collection_sint64", [1, 2])


def test_one_has_the_same_names_without_array() -> None:
    """A single event: the names without Array, Offset a text, and no entry for an empty text."""
    event = received(Message(message_annotations=placed(7, "28", "a"), data=[b"x"]))
    found = event_metadata.one(event, CONTEXT, "f")
    assert set(found) == NAMES | COMMON
    assert found["Offset"] == found["OffsetString"] == ("string", "28")
    assert found["SequenceNumber"] == ("json", "7")
    assert json.loads(found["SystemProperties"][1])["Offset"] == 28
    bare = received(Message(message_annotations=placed(7), data=[b"x"]))
    assert set(event_metadata.one(bare, CONTEXT, "f")) == NAMES - {"PartitionKey"} | COMMON


@pytest.mark.parametrize(
    ("offset", "number"),
    [("0", 0), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", -1), ("1:2:3", -1), ("", -1)],
)
def test_an_offset_that_is_no_number_is_minus_one(offset: str, number: int) -> None:
    """long.TryParse(OffsetString), else -1."""
    event = received(Message(message_annotations=placed(1, offset), data=[b"x"]))
    found = event_metadata.system_properties(event)
    assert (found["Offset"], found["OffsetString"]) == (number, offset)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (typed(Amqp.timestamp, 0), '"1970-01-01T00:00:00Z"'),
        (typed(Amqp.timestamp, -62135596800000), '"0001-01-01T00:00:00Z"'),
        (typed(Amqp.timestamp, 2**62), '"9999-12-31T23:59:59.9999999Z"'),
        (described("timespan", Amqp.long, -1), '"-00:00:00.0000001"'),
        (described("timespan", Amqp.long, 36000000000), '"01:00:00"'),
        (typed(Amqp.float, 16777216.0), "16777216.0"),
        (typed(Amqp.float, float("-inf")), '"-Infinity"'),
        (typed("DECIMAL", (-5, 0)), "-5.0"),
        (typed("DECIMAL", (7922816251426433759354395033, 28)), "0.7922816251426433759354395033"),
        (typed("CHAR", "😀"), '"😀"'),
        ({"a": [typed(Amqp.timestamp, 0), b"\x00"]}, '{"a":["1970-01-01T00:00:00Z","AA=="]}'),
    ],
)
def test_values_are_written_as_newtonsoft_writes_them(value: Any, expected: str) -> None:
    """DateTime, TimeSpan, float, decimal and char, at their edges."""
    event = received(Message(message_annotations={**placed(1), b"x-value": value}, data=[b"x"]))
    text = event_metadata.many([event], CONTEXT, "f")["SystemPropertiesArray"][1]
    assert f'"x-value":{expected},' in text


def test_message_ids_are_texts_whatever_they_were() -> None:
    """AmqpMessageId.ToString."""
    number = uuid.UUID(int=5)
    ids: Any = {"message_id": 7, "correlation_id": number}
    event = received(Message(message_annotations=placed(1), properties=Properties(**ids), data=[b"x"]))
    found = event_metadata.system_properties(event)
    assert (found["message-id"], found["correlation-id"]) == ("7", str(number))


def _events(*bodies: bytes) -> list[EventData]:
    return [received(Message(message_annotations=placed(n), data=[body])) for n, body in enumerate(bodies)]


@pytest.mark.parametrize(
    ("data_type", "many", "expected"),
    [
        ("binary", True, ("collection_bytes", [b"\xff", b""])),
        ("string", True, ("collection_string", ["\ufffd"])),
        ("binary", False, ("bytes", b"\xff")),
        ("string", False, ("string", "\ufffd")),
    ],
)
def test_bodies_are_exact_only_as_binary(data_type: str, many: bool, expected: Any) -> None:
    """dataType binary keeps every byte and every empty body; texts of a batch lose the empty ones."""
    found = event_metadata.payload(_events(b"\xff", b""), data_type=data_type, cardinality_many=many)
    assert found == expected


def test_without_a_data_type_bodies_are_parsed_and_written_anew() -> None:
    """Measured: 1.10 becomes 1.1, and a body that is no JSON fails its batch."""
    events = _events(b'{"price": 1.10, "at": "2026-01-31T12:34:56.000Z"}', b"[1]")
    found = event_metadata.payload(events, data_type="", cardinality_many=True)
    assert found == ("json", '[{"price":1.1,"at":"2026-01-31T12:34:56Z"},[1]]')
    assert event_metadata.payload(events, data_type="", cardinality_many=False)[1].startswith('{"price":1.1')
    with pytest.raises(BindingFailed, match=r"sequence number 1 is none.*data_type=func\.DataType\.BINARY"):
        event_metadata.payload(_events(b"{}", b"text"), data_type="", cardinality_many=True)


@pytest.mark.parametrize(
    "message",
    [
        Message(value=7),
        Message(value={"a": 1}),
        Message(value="text"),
        Message(sequence=[["a", 1]]),
    ],
)
def test_a_body_that_is_no_data_cannot_be_bound(message: Message) -> None:
    """NotSupportedException of EventData.EventBody; it names the event."""
    event = received(message._replace(message_annotations=placed(3, "136")))
    with pytest.raises(BindingFailed, match=r"NotSupportedException.*offset 136, sequence number 3"):
        event_metadata.payload([event], data_type="binary", cardinality_many=True)


def test_a_value_that_dotnet_cannot_hold_fails_its_batch_by_name() -> None:
    """A DateTimeOffset after the year 9999; nothing but a failed batch comes of it."""
    after = described("datetime-offset", Amqp.long, 2**62)
    event = received(
        Message(message_annotations=placed(3, "136"), application_properties={"at": after}, data=[b"x"])
    )
    with pytest.raises(BindingFailed, match=r"OverflowError.*offset 136, sequence number 3"):
        event_metadata.many([event], CONTEXT, "f")


def test_a_time_keeps_its_milliseconds() -> None:
    """``x-opt-enqueued-time`` with an offset, ``EnqueuedTimeUtc`` without a zone."""
    event = received(Message(message_annotations=placed(1, at=AT.replace(microsecond=120000)), data=[b"x"]))
    found = event_metadata.system_properties(event)
    assert found["x-opt-enqueued-time"] == "2026-01-31T12:34:56.12+00:00"
    assert found["EnqueuedTimeUtc"] == "2026-01-31T12:34:56.12"
