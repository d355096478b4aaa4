"""One event, two ways: handed over by the trigger, or brought in past it. Both are the same hub event.

The trigger's way is that of the local host, which is held against a real batch; and that batch itself.
Not compared, because nothing is known of it: lists in properties that hold symbols or described values.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp import _encode
from azure.eventhub._pyamqp.message import Message as Sent
from azure.functions.eventhub import EventHubTriggerConverter
from azure.functions.meta import Datum

from devstack.functions.listeners import event_metadata
from devstack.tests.functions.messages import AT, GOLDEN, placed, types_of_dotnet
from tests.support.external_data import beside
from tests.support.trigger_batch import as_datums, bodies
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.message import Message
from vending.adapters.eventhubs import decode
from vending.events.hub_event import HubEvent
from vending.events.records import encode, record

CONTEXT = {"FullyQualifiedNamespace": "localhost", "EventHubName": "one", "PartitionId": "0"}


def delivered(sent: Sent, annotations: dict[Any, Any]) -> bytes:
    """A message with the hub's annotations in front of its own, as the hub delivers it."""
    output = bytearray()
    own = annotations | (sent.message_annotations or {})
    with types_of_dotnet():
        _encode.encode_payload(output, sent._replace(message_annotations=own))
    return bytes(output)


def triggered(raw: Sequence[bytes]) -> list[HubEvent]:
    """Through the host's metadata, the library's decoder and the app's own."""
    events = [EventData.from_bytes(one) for one in raw]
    wires = event_metadata.many(events, CONTEXT, "ingest_telemetry")
    known = {name: Datum(value, kind) for name, (kind, value) in wires.items() if kind == "json"}
    sent = bodies([event_metadata.body_of(event) for event in events])
    given: Any = EventHubTriggerConverter.decode(sent, trigger_metadata=known)
    return decode(given, "1")


def brought_in(raw: Sequence[bytes]) -> list[HubEvent]:
    return [hub_event(Message.read(one), "1", "0") for one in raw]


@pytest.mark.parametrize("number", range(len(GOLDEN)))
def test_an_event_that_was_brought_in_is_the_one_that_the_trigger_hands_over(number: int) -> None:
    """Types, annotations, AMQP properties, bodies in parts: equal, and so are the bytes of their records."""
    raw = delivered(GOLDEN[number], placed(number, str(number * 112), "key-ä", AT))
    (expected,), (found,) = triggered([raw]), brought_in([raw])
    assert found == expected
    assert encode(record(found)) == encode(record(expected))


def test_a_hub_that_is_replicated_tells_its_place_by_text() -> None:
    raw = delivered(GOLDEN[0], placed(7, "1:23:456", None, AT))
    (event,) = brought_in([raw])
    assert event == triggered([raw])[0]
    assert (event.offset, event.key) == ("1:23:456", None)


def test_a_real_batch_is_the_same_brought_in() -> None:
    """What the real extension handed over of these very messages."""
    batch: dict[str, Any] = json.loads(beside("data/platform/eventhub-trigger-batch.json").read_text())
    rows = batch["SystemPropertiesArray"]
    raw = [
        delivered(
            sent,
            placed(
                row["SequenceNumber"], row["OffsetString"], row["PartitionKey"],
                datetime.fromisoformat(row["EnqueuedTimeUtc"]).replace(tzinfo=UTC),
            ),
        )
        for sent, row in zip(GOLDEN, rows, strict=True)
    ]  # fmt: skip
    found = brought_in(raw)
    sent = bodies([event.body for event in found])
    given: Any = EventHubTriggerConverter.decode(sent, trigger_metadata=as_datums(batch))
    for one, other in zip(found, decode(given, "1"), strict=True):
        assert one == other
        assert encode(record(one)) == encode(record(other))
