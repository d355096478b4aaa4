"""A trigger's batch, as azure-functions decodes it, becomes hub events."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.functions.eventhub import EventHubTriggerConverter
from azure.functions.meta import Datum

from vending.adapters.eventhubs import decode
from vending.domain.events import HubEvent


class Collection:
    """As the host sends bodies."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self.bytes = list(bodies)


def row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "x-opt-sequence-number": number,
        "x-opt-offset": str(number * 100),
        "x-opt-enqueued-time": "2026-11-24T10:00:00.5+00:00",
        "SequenceNumber": number,
        "Offset": str(number * 100),
        "PartitionKey": f"dev-{number}",
        "EnqueuedTimeUtc": "2026-11-24T10:00:00.512",
    } | more


def metadata(rows: Sequence[dict[str, Any]], **more: Any) -> dict[str, Datum]:
    values = {
        "SystemPropertiesArray": list(rows),
        "PropertiesArray": [{"n": number} for number, _ in enumerate(rows)],
        "PartitionContext": {"PartitionId": "3", "EventHubName": "telemetry"},
    } | more
    return {name: Datum(json.dumps(value), "json") for name, value in values.items() if value is not None}


def delivered(bodies: Sequence[bytes], found: dict[str, Datum]) -> Any:
    data = Datum(Collection(bodies), "collection_bytes")
    return EventHubTriggerConverter.decode(data, trigger_metadata=found)


def test_a_batch_is_decoded_in_order_and_to_the_byte() -> None:
    rows = [row(7), row(8, **{"PartitionKey": None, "x-opt-publisher": "dev-8", "iothub-x": 1})]
    events = decode(delivered([b"\x00\xff", b""], metadata(rows)), "2")
    enqueued = datetime(2026, 11, 24, 10, 0, 0, 512000, UTC)
    assert events == [
        HubEvent("2", "3", 7, "700", enqueued, "dev-7", {"n": 0}, {}, b"\x00\xff"),
        HubEvent(
            "2", "3", 8, "800", enqueued, None, {"n": 1}, {"x-opt-publisher": "dev-8", "iothub-x": 1}, b""
        ),
    ]


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
    (event,) = decode(delivered([b"x"], metadata([row(1, EnqueuedTimeUtc=text)])), "1")
    assert event.enqueued == datetime(2026, 11, 24, 10, tzinfo=UTC) + after
    assert event.enqueued.utcoffset() == timedelta()


@pytest.mark.parametrize("context", [None, {}, {"PartitionId": ""}, {"PartitionId": 3}])
def test_a_batch_of_an_unknown_partition_is_not_guessed_at(context: object) -> None:
    with pytest.raises(ValueError, match="PartitionId"):
        decode(delivered([b"x"], metadata([row(1)], PartitionContext=context)), "1")


def test_metadata_that_do_not_fit_the_bodies_are_refused() -> None:
    found = delivered([b"x", b"y"], metadata([row(1), row(2)], PropertiesArray=[{}]))
    with pytest.raises(ValueError, match="1 entries in PropertiesArray for 2 events"):
        decode(found, "1")


def test_no_events_are_no_events() -> None:
    assert decode([], "1") == []
