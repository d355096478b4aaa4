"""Refused events are counted for alerts: each once, within bounds, and never at the expense of an event."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.events import NOON, World, hub_event, temperature, vend
from vending.documents.base import load
from vending.documents.refusal_counts import RefusalCounts
from vending.errors import Rejected, Transient
from vending.events.hub_event import HubEvent
from vending.ingest.count_refusals import HOURS_KEPT, SENDERS_KEPT, counted
from vending.ports import Put

HOUR_OF_NOON = str(int(NOON.timestamp()) // 3600)
START = datetime(2026, 3, 1, tzinfo=UTC)


def counts(world: World, partition: str = "0") -> RefusalCounts:
    return load(world.conditions.items[f"refused:{partition}", f"refused:{partition}"][1], RefusalCounts)


def refused(number: int, reason: str, at: datetime, key: str | None = "dev-1") -> tuple[HubEvent, Rejected]:
    return hub_event(number, b"", enqueued=at, key=key), Rejected(reason, "")


async def test_a_refused_event_is_counted_once_however_often_its_batch_comes() -> None:
    world = World()
    batch = [hub_event(0, b"no"), hub_event(1, b"no", partition="7"), hub_event(2, vend(1))]
    for _ in range(3):
        await world.take(*batch)
    assert counts(world).hours == counts(world, "7").hours == {HOUR_OF_NOON: {"not-json": 1}}
    await world.take(hub_event(3, b"no"), hub_event(4, temperature(1) + b"}"))
    assert counts(world).hours == {HOUR_OF_NOON: {"not-json": 3}}
    assert world.stock()["totals"]["vends"] == 1


async def test_a_batch_without_refusals_asks_for_no_counts() -> None:
    world = World()
    await world.take(hub_event(0, vend(1)))
    assert world.conditions.bodies("refusals") == []


async def test_who_contradicts_what_was_stored_is_named() -> None:
    world = World()
    await world.take(
        hub_event(0, vend(1, ledger=1), key="dev-1"),
        hub_event(1, vend(1, ledger=1, price=200), key="dev-1"),
    )
    assert world.dead() == {"1/0@1": "conflict"}
    assert list(counts(world).conflicts) == ["dev-1"]


@pytest.mark.parametrize("fault", ["transient", "malformed"])
async def test_counts_that_cannot_be_written_cost_no_event(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    if fault == "malformed":
        broken: dict[str, Any] = {"id": "refused:0", "type": "refusals", "schema": 1, "hours": 7}
        await world.conditions.write("refused:0", [Put(broken)])
    else:

        def throttled(operation: str, key: str) -> None:
            if operation == "write" and key == "refused:0":
                raise Transient("throttled")

        world.conditions.fault = throttled
    await world.take(hub_event(0, b"no"), hub_event(1, vend(1)))
    assert world.dead() == {"1/0@0": "not-json"}
    assert world.stock()["totals"]["vends"] == 1
    assert "partition 0: its refused events are not counted" in caplog.text


def test_a_day_of_hours_and_twenty_senders_are_kept() -> None:
    held = RefusalCounts(id="refused:0", partition="0")
    for number in range(100):
        at = START + timedelta(hours=number)
        held = counted(held, [refused(number, "conflict", at, f"dev-{number:03}")])
    assert len(held.hours) == HOURS_KEPT
    assert list(held.conflicts) == [f"dev-{number:03}" for number in range(100 - SENDERS_KEPT, 100)]
    assert max(held.hours, key=int) == str(int((START + timedelta(hours=99)).timestamp()) // 3600)


def test_an_event_that_comes_late_counts_in_its_own_hour_and_names_its_sender_no_earlier() -> None:
    held = counted(RefusalCounts(id="refused:0", partition="0"), [refused(1, "conflict", START)])
    after = counted(held, [refused(2, "conflict", START - timedelta(hours=2)), refused(3, "oversize", START)])
    assert sorted(map(len, after.hours.values())) == [1, 2]
    assert after.conflicts == held.conflicts
    assert counted(held, [refused(4, "conflict", START, None)]).conflicts.keys() == {"", "dev-1"}
