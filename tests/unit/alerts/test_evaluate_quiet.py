"""The sweep's look at machines of which it would be odd if they had sold nothing."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.fakes import FakeDocuments
from tests.unit.alerts.test_alert_lifecycle import World
from vending.alerts.evaluate_quiet import AGAIN, evaluate_quiet
from vending.alerts.watch_machines import watch_machines
from vending.documents.base import load
from vending.documents.habits import HABITS, Habit
from vending.errors import Transient
from vending.time import millis

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ODD = timedelta(hours=4, minutes=37)
"""After which it is: at two sales an hour, by the default probability (4.6 hours)."""


class Quiet(World):
    """A machine whose habit is two sales an hour."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = FakeDocuments("scope")
        habit = Habit(id="m1", time_zone="UTC", hours=[8] * 168, days=[4] * 7, through="2026-03-01")
        self.fleet.put(replace(habit, due=millis(NOON)).dump())

    @property
    def due(self) -> int | None:
        return load(self.fleet.items[HABITS, "m1"][1], Habit).due

    async def sells(self, at: datetime, sequence: int) -> dict[str, Any]:
        body = await self.stock(s21=50)
        body = body | {"last": {"vend": [1, sequence, millis(at)]}}
        self.machines.put(body)
        return body

    async def sweep(self, now: datetime) -> int:
        return await evaluate_quiet(self.stores, self.fleet, now)


async def test_it_is_looked_at_when_it_would_be_odd_and_told_once() -> None:
    world = Quiet()
    await world.sells(NOON, 5)
    assert await world.sweep(NOON - HOUR) == 0
    assert world.due == millis(NOON), "it was not due"
    assert await world.sweep(NOON) == 0
    due = world.due
    assert due is not None
    assert millis(NOON + ODD) - 120_000 < due <= millis(NOON + ODD)
    assert await world.sweep(NOON + ODD) == 1
    assert world.states() == {"machine": "open"}
    assert world.due == millis(NOON + ODD + AGAIN)
    assert await world.sweep(NOON + ODD + AGAIN) == 0
    await world.deliver()
    assert [told["text"] for _, told in world.webhook.posted] == [
        "m1 sells nothing, at a time at which it always did"
    ]


async def test_a_sale_ends_it_from_the_change_feed() -> None:
    world = Quiet()
    await world.sells(NOON, 5)
    assert await world.sweep(NOON + ODD) == 1
    filled = (await world.stock(s21=60)) | {"last": {"vend": [1, 5, millis(NOON)]}}
    world.machines.put(filled)
    assert await watch_machines([filled], world.stores, NOON + ODD) == 0
    assert world.states() == {"machine": "open"}, "a refill is no sale"
    sold = await world.sells(NOON + ODD, 6)
    later = NOON + ODD + 2 * AGAIN
    assert await watch_machines([sold], world.stores, later) == 1
    assert world.states() == {"machine": "closed"}


async def test_a_sale_that_the_feed_took_for_known_ends_it_within_the_hour() -> None:
    world = Quiet()
    await world.sells(NOON, 5)
    assert await world.sweep(NOON + ODD) == 1
    await world.sells(NOON + ODD, 6)
    assert await world.sweep(NOON + ODD + AGAIN) == 1
    assert world.states() == {"machine": "closed"}


async def test_nothing_arrives_of_a_machine_that_is_silent() -> None:
    world = Quiet()
    await world.sells(NOON, 5)
    silent = {
        "id": "current:silent:machine",
        "machineId": "m1",
        "type": "alert",
        "schema": 1,
        "rule": "silent",
    }
    silent |= {"component": "machine", "episode": 1, "outbox": [], "since": 1, "judged": [1], "detail": {}}
    world.alerts.put(silent | {"state": "open", "pending": False})
    assert await world.sweep(NOON + ODD) == 0
    assert world.due == millis(NOON + ODD + AGAIN)
    world.alerts.put(silent | {"state": "closed", "pending": False})
    assert await world.sweep(NOON + ODD + AGAIN) == 1


async def test_a_machine_that_never_sold_is_not_looked_at_again() -> None:
    world = Quiet()
    assert await world.sweep(NOON) == 0
    assert world.due is None
    await world.stock(s21=5)
    assert await world.sweep(NOON + 99 * HOUR) == 0


async def test_a_sweep_over_quiet_machines_is_one_request_however_many_there_are() -> None:
    asked: Counter[str] = Counter()
    world = Quiet()
    world.fleet.fault = lambda operation, _: asked.update([operation])
    habit = load(world.fleet.items[HABITS, "m1"][1], Habit)
    for number in range(5_000):
        world.fleet.put(replace(habit, id=f"m{number}", due=millis(NOON + HOUR)).dump())
    assert await world.sweep(NOON) == 0
    assert asked == {"select": 1}


async def test_one_machine_that_waits_does_not_keep_the_others() -> None:
    world = Quiet()
    body = await world.sells(NOON, 5)
    other = load(world.fleet.items[HABITS, "m1"][1], Habit)
    world.fleet.put(replace(other, id="m2").dump())
    world.machines.put(body | {"machineId": "m2"})

    def fault(operation: str, key: str) -> None:
        if (operation, key) == ("read", "m1"):
            raise Transient("throttled")

    world.machines.fault = fault
    with pytest.raises(Transient):
        await world.sweep(NOON + ODD)
    assert [x["machineId"] for x in world.alerts.bodies("alert")] == ["m2"]
