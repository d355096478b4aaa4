"""Is every day counted? A shard that stands, and days that fail for good, are figures and open one alert
each, which closes by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from tests.support.metrics import FakeMetrics
from tests.support.plain import fleet
from tests.support.rollup_world import World, ms, vend
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.rules.rollups_behind import SHARD
from vending.alerts.watch_rollups import RollUpWatch, evaluate_rollups
from vending.errors import Transient
from vending.notifications.notify import notify
from vending.notifications.outgoing import Outgoing
from vending.rollups.due import RETRY_AFTER
from vending.views.stores import ViewStores

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOON = ms("2026-11-20T12:00:00")
LIMIT = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


class Watch:
    """A fleet, and sweeps over its rollups."""

    def __init__(self) -> None:
        self.world = World(START)
        self.alerts, self.queue, self.metrics = FakeDocuments("machineId"), FakeQueue(), FakeMetrics()
        world = self.world
        self.stores = AlertStores(world.machines, world.conditions, self.alerts, self.queue)
        self.watch = RollUpWatch(world.machines, world.fleet, LIMIT)

    async def sweep(self) -> dict[str, str]:
        """Component → state of the rollups' alerts."""
        self.metrics = FakeMetrics()
        await evaluate_rollups(self.watch, self.stores, self.metrics, self.world.now)
        return {
            x["component"]: x["state"] for x in self.alerts.bodies("alert") if x["rule"] == "rollups-behind"
        }

    @property
    def age(self) -> float:
        return self.metrics.sums("waiting")["function=roll_up_shard",]

    async def summary(self) -> dict[str, Any]:
        world = self.world
        stores = ViewStores(world.machines, world.conditions, self.alerts, world.fleet, world.catalog)
        found: dict[str, Any] = await fleet.summary(stores, "Etc/UTC", None, world.now)
        return found

    async def notified(self) -> list[str]:
        """What people read of it."""
        webhook, messages = FakeWebhook(), self.queue.messages
        self.queue.messages = []
        for message in messages:
            await notify(message, Outgoing(self.alerts, webhook), self.world.now)
        return [str(posted["text"]) for _, posted in webhook.posted]

    async def minute(self, machine: str) -> None:
        """It sells, the timer fires; a shard that fails is delivered again and then left to the next tick."""
        self.world.now += MINUTE
        at = NOON + int((self.world.now - START).total_seconds()) * 1000
        self.world.sequence += 1
        await self.world.arrive([vend(machine, self.world.sequence, at)])
        await self.world.disturbed([(None, False)])


def refusing(world: World, *scopes: str, fault: Callable[[str], Exception]) -> None:
    def refuse(operation: str, key: str) -> None:
        if operation == "write" and key in scopes:
            raise fault(key)

    world.fleet.fault = refuse


async def test_a_shard_that_keeps_failing_is_a_figure_and_opens_an_alert_that_closes() -> None:
    held = Watch()
    await held.minute("m1")
    assert set((await held.sweep()).values()) <= {"closed"}
    refusing(held.world, "fleet", fault=Transient)
    for minute in range(1, 16):
        await held.minute("m1")
        assert await held.sweep() == {}, minute
        assert held.age == 60 * minute  # since the day that the first minute wrote
        assert (await held.summary())["defective"] == 0
    first = held.world.now - 15 * MINUTE
    await held.minute("m1")
    opened = await held.sweep()
    assert len(opened) == 1
    (component,) = opened
    assert opened == {component: "open"}
    (alert,) = held.alerts.bodies("alert")
    number = int(component.removeprefix(SHARD))
    assert alert["machineId"] == "$rollups"
    assert alert["detail"] == {
        "shard": number, "waitingSeconds": 16 * 60, "limitSeconds": 900, "command": "vendctl rollups",
    }  # fmt: skip
    found = await held.summary()
    assert found["defective"] == 1
    assert found["shardsBehind"] == [
        {"shard": number, "since": first.isoformat(timespec="milliseconds")[:-6] + "Z"}
    ]
    (text,) = await held.notified()
    for said in (component, "960 s", "roll_up_shard", "`vendctl rollups`", "Nothing is lost"):
        assert said in text
    held.world.fleet.fault = lambda *_: None
    await held.minute("m1")
    await held.world.tick()
    assert await held.sweep() == {component: "closed"}
    assert held.age == 0
    assert await held.notified() == [f"rollups: {component} is counted again"]
    found = await held.summary()
    assert (found["defective"], found["shardsBehind"]) == (0, [])


async def test_rollups_that_never_ran_or_run_no_more_are_behind() -> None:
    """The timer is dead, or its queue is: no attempt is needed for the age to grow."""
    held = Watch()
    await held.world.arrive([vend(f"m{n}", 1, NOON) for n in range(8)])
    assert await held.sweep() == {}
    held.world.now += LIMIT
    assert await held.sweep() == {}
    assert held.age == LIMIT.total_seconds()
    held.world.now += MINUTE
    assert await held.sweep() == {"shard-0": "open", "shard-1": "open"}
    held.world.now += MINUTE
    await held.world.tick()
    assert await held.sweep() == {"shard-0": "closed", "shard-1": "closed"}


async def test_a_backlog_that_moves_is_as_old_as_what_is_left_of_it() -> None:
    held = Watch()
    await held.minute("m1")
    held.world.now += timedelta(hours=2)
    await held.world.tick()
    assert await held.sweep() == {}
    assert held.age == 0


async def test_days_that_fail_for_good_open_an_alert_of_their_own_that_closes() -> None:
    held = Watch()
    refusing(held.world, "fleet", fault=ZeroDivisionError)
    for machine in ("m1", "m2"):
        await held.minute(machine)
    assert await held.sweep() == {"days": "open"}
    (alert,) = held.alerts.bodies("alert")
    assert alert["detail"] == {"machines": 2, "command": "vendctl rollups"}
    assert (await held.summary())["defective"] == 2
    assert (await held.summary())["shardsBehind"] == []
    (text,) = await held.notified()
    assert "the days of 2 machines are not counted" in text
    held.world.now += RETRY_AFTER
    await held.world.tick()
    assert await held.sweep() == {"days": "open"}
    held.world.fleet.fault = lambda *_: None
    held.world.now += RETRY_AFTER
    await held.world.tick()
    assert await held.sweep() == {"days": "closed"}
    assert await held.notified() == ["rollups: days is counted again"]
    assert (await held.summary())["defective"] == 0


async def test_a_sweep_over_rollups_that_are_well_writes_nothing() -> None:
    held = Watch()
    await held.minute("m1")
    await held.world.settle()
    before = dict(held.world.fleet.items)
    assert await held.sweep() == {}
    assert held.world.fleet.items == before
    assert held.alerts.items == {}


async def test_a_store_that_is_away_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Watch()

    def away(operation: str, key: str) -> None:
        raise Transient(f"{operation} {key}")

    held.world.fleet.fault = away
    with pytest.raises(Transient):
        await held.sweep()


async def test_a_shard_that_cannot_be_read_is_behind_and_so_is_a_day_that_was_noted() -> None:
    held = Watch()
    await held.minute("m1")
    [shard] = held.world.fleet.bodies("shard")
    held.world.fleet.damage(shard["scope"], shard["id"], continuation=7)
    held.world.fleet.put({"id": "m9", "scope": "rework", "type": "rework", "open": True, "broken": True})
    held.world.now += LIMIT + MINUTE
    assert "open" in (await held.sweep()).values()
    assert held.age >= LIMIT.total_seconds()
    assert (await held.summary())["defective"] >= 2
