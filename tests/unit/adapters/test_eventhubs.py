"""A trigger's batch, as azure-functions decodes it, becomes hub events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.functions.eventhub import EventHubTriggerConverter
from azure.functions.meta import Datum

from tests.support.trigger_batch import START, as_datums, bodies, metadata, system_row
from vending.adapters.eventhubs import decode
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines, encode, record, restore


def numbered(rows: Sequence[dict[str, Any]]) -> dict[str, Datum]:
    return metadata(rows, [{"n": number} for number, _ in enumerate(rows)])


def delivered(sent: Sequence[bytes], found: dict[str, Datum]) -> Any:
    return EventHubTriggerConverter.decode(bodies(sent), trigger_metadata=found)


def test_a_batch_is_decoded_in_order_and_to_the_byte() -> None:
    rows = [system_row(7, "dev-7"), system_row(8, more={"x-opt-publisher": "dev-8", "iothub-x": 1})]
    events = decode(delivered([b"\x00\xff", b""], numbered(rows)), "2")
    assert events == [
        HubEvent("2", "3", 7, "784", START, "dev-7", {"n": 0}, {}, b"\x00\xff"),
        HubEvent("2", "3", 8, "896", START, None, {"n": 1}, {"x-opt-publisher": "dev-8", "iothub-x": 1}, b""),
    ]


@pytest.mark.parametrize(
    ("fields", "offset"),
    [
        ({"Offset": 28, "OffsetString": "28"}, "28"),
        ({"Offset": -1, "OffsetString": "7:4704:1"}, "7:4704:1"),  # a geo-replicated hub
        ({"Offset": 28, "OffsetString": None}, "28"),
        ({"Offset": "28", "OffsetString": None}, "28"),  # extensions before OffsetString
    ],
)
def test_the_archive_keeps_the_offset_as_the_hub_has_it(fields: dict[str, Any], offset: str) -> None:
    (event,) = decode(delivered([b"x"], metadata([system_row(1, more=fields)])), "1")
    assert event.offset == offset


def test_what_the_trigger_writes_as_text_is_archived_as_it_came() -> None:
    """Dates, time spans, bytes and annotations of IoT Hub are text before our code sees them."""
    properties = {"at": "2026-01-31T12:34:56.789Z", "span": "1.02:03:04.0050000", "raw": "AAH+/w==", "f": 0.1}
    annotations = {"iothub-enqueuedtime": "2026-01-31T12:34:56.789Z", "x-bytes": "AQI="}
    (event,) = decode(delivered([b"x"], metadata([system_row(1, more=annotations)], [properties])), "1")
    kept = restore(decode_lines(encode(record(event)))[0])
    assert (kept.properties, kept.system) == (properties, annotations)
    assert kept == event


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2026-11-24T10:00:00", timedelta()),
        ("2026-11-24T10:00:00.5", timedelta(milliseconds=500)),
        ("2026-11-24T10:00:00.1234567", timedelta(microseconds=123456)),
        ("2026-11-24T10:00:00Z", timedelta()),
        ("2026-11-24T10:00:00.25+00:00", timedelta(milliseconds=250)),
    ],
)
def test_enqueued_times_are_utc_whatever_their_zone_says(text: str, after: timedelta) -> None:
    (event,) = decode(delivered([b"x"], metadata([system_row(1, more={"EnqueuedTimeUtc": text})])), "1")
    assert event.enqueued == datetime(2026, 11, 24, 10, tzinfo=UTC) + after
    assert event.enqueued.utcoffset() == timedelta()


@pytest.mark.parametrize("context", [None, {}, {"PartitionId": ""}, {"PartitionId": 3}])
def test_a_batch_of_an_unknown_partition_is_not_guessed_at(context: object) -> None:
    found = metadata([system_row(1)]) | as_datums({"PartitionContext": context})
    with pytest.raises(ValueError, match="PartitionId"):
        decode(delivered([b"x"], found), "1")


def test_metadata_that_do_not_fit_the_bodies_are_refused() -> None:
    found = delivered([b"x", b"y"], metadata([system_row(1), system_row(2)], [{}]))
    with pytest.raises(ValueError, match="1 entries in PropertiesArray for 2 events"):
        decode(found, "1")


def test_no_events_are_no_events() -> None:
    assert decode([], "1") == []
