"""An archived event as a row: columns that queries find, and the event itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.archive import AWKWARD, hub_event, reading
from tests.support.events import NOON, body, vend
from vending.archive.columns import COLUMNS, row
from vending.archive.columns import hub_event as restored
from vending.events.hub_event import HubEvent

HUB = {
    "generation", "partition", "sequence", "offset", "enqueued", "key", "properties", "system", "body",
}  # fmt: skip
"""The hub's own columns."""


@pytest.mark.parametrize(
    "event",
    [
        *(hub_event(7, content) for content in AWKWARD),
        reading(3, "m1", 3),
        replace(hub_event(7), key=None, properties={}, system={"x": [1, None]}),
        replace(hub_event(7, b""), amqp={"fault": "value", "message64": "AA=="}),
    ],
)
def test_the_event_comes_back_from_its_row(event: HubEvent) -> None:
    found = row(event)
    assert found.keys() <= COLUMNS.keys()
    assert restored(found) == event


def test_a_row_without_an_amqp_column_is_an_older_versions() -> None:
    found = row(hub_event(7))
    assert "amqp" not in found
    assert restored(found | {"amqp": None}).amqp is None


def test_times_come_back_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    found = row(hub_event(0)) | {"enqueued": datetime(2026, 3, 1, 14, tzinfo=there)}
    assert restored(found).enqueued.tzinfo is UTC
    assert restored(found).enqueued == NOON


def columns_of(content: bytes) -> dict[str, Any]:
    """What the body fills."""
    found = row(hub_event(0, content))
    return {name: value for name, value in found.items() if name not in HUB}


def test_a_sale_fills_the_columns_that_queries_ask_for() -> None:
    assert columns_of(vend(7, ledger=3, data={"sku": "cola"})) == {
        "machine": "m1", "type": "vend.completed", "device": "dev-1", "device_epoch": 1, "device_sequence": 7,
        "ledger_sequence": 3, "time": datetime(2026, 3, 1, 12, 0, 0, 7_000, UTC), "clock_sync": "ntp",
        "selection": "A1", "quantity": 1, "price_minor": 150, "paid_minor": 150, "currency": "EUR",
        "payment": "cash", "sku": "cola",
    }  # fmt: skip


def test_what_an_event_does_not_say_is_null() -> None:
    door = body("door", {"open": True}, 4, time=None, clocksync="none")
    assert columns_of(door) == {
        "machine": "m1", "type": "door", "device": "dev-1", "device_epoch": 1, "device_sequence": 4,
        "clock_sync": "none",
    }  # fmt: skip


def test_of_a_body_that_is_not_valid_the_fault_is_told() -> None:
    assert columns_of(b"not json") == {"fault": "not-json"}
    assert columns_of(vend(7).replace(b"vend.completed", b"vend.other")) == {"fault": "unknown-type"}
