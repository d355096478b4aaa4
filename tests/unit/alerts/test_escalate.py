"""What nobody acknowledged goes out again, in a bounded number of requests."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from tests.support.watched import Call, watched
from vending.alerts import escalate as escalating
from vending.alerts.attend import AlertName, Attendant
from vending.alerts.escalate import escalate
from vending.alerts.lifecycle import ESCALATE_AFTER
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.transitions import Finding
from vending.catalog.cataloged import Cataloged
from vending.catalog.policies import Terms, Window
from vending.notifications.notify import notify
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CRITICAL = [timedelta(milliseconds=one) for one in ESCALATE_AFTER["critical"]]


class World:
    """Alerts of many machines, and their receiver."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        nothing = FakeDocuments("id")
        self.alerts = FakeDocuments("machineId", lambda operation, _: self.asked.update([operation]))
        self.queue = FakeQueue()
        self.stores = AlertStores(nothing, nothing, self.alerts, self.queue)
        self.webhook = FakeWebhook()
        self.outgoing = Outgoing(self.alerts, self.webhook)

    async def opens(self, *machines: str, rule: str = "cold-chain") -> None:
        for machine in machines:
            finding = Finding(machine, rule, "main", (1,), True, millis(NOON), {})
            await raise_as_found(machine, [finding], self.stores, NOON)

    async def deliver(self, now: datetime) -> None:
        messages, self.queue.messages = self.queue.messages, []
        for message in messages:
            if message == ASK_FOR_DIGEST:
                await notify_digest(self.outgoing, now)
            else:
                await notify(message, self.outgoing, now)

    async def sweep(self, now: datetime) -> int:
        changed = await escalate(self.stores, now)
        await resend(self.stores, now)
        await self.deliver(now)
        return changed

    def told(self) -> list[str]:
        return [key.rpartition("/")[2] for key, _ in self.webhook.posted]


async def test_each_level_comes_once_and_then_no_more() -> None:
    world, now = World(), NOON
    await world.opens("m1")
    await world.deliver(NOON)
    while now < NOON + 2 * sum(CRITICAL, timedelta()):
        now += MINUTE
        await world.sweep(now)
    assert world.told() == ["opened", "escalated-1", "escalated-2", "escalated-3"]
    [_, first, *_] = [message for _, message in world.webhook.posted]
    assert (first["change"], first["level"], first["severity"]) == ("escalated", 1, "critical")
    assert first["text"] == "m1: zone main is too warm - nobody has acknowledged it: level 1"


async def test_what_is_acknowledged_or_of_no_weight_does_not_escalate() -> None:
    world = World()
    await world.opens("m1")
    await world.opens("m2", rule="sold-out")
    await Attendant(world.alerts, "ada", NOON).acknowledge(AlertName("m1", "cold-chain", "main"))
    assert await world.sweep(NOON + timedelta(days=9)) == 0


async def test_a_quiet_fleet_costs_one_query_whatever_is_open() -> None:
    world = World()
    await world.opens(*(f"m{number}" for number in range(50)))
    world.asked.clear()
    assert await escalate(world.stores, NOON + MINUTE) == 0
    assert world.asked == {"select": 1}


async def test_a_storm_escalates_in_portions_and_is_told_as_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalating, "MOST", 40)
    world = World()
    await world.opens(*(f"m{number}" for number in range(60)))
    world.queue.messages.clear()
    for body in world.alerts.bodies("alert"):
        world.alerts.damage(body["machineId"], body["id"], outbox=[], pending=False)
    world.alerts.damage("m7", "current:cold-chain:main", episode="many")
    later = NOON + CRITICAL[0]
    world.asked.clear()
    assert await escalate(world.stores, later) == 40
    assert world.asked == {"select": 1, "write": 40}
    assert await world.sweep(later + MINUTE) == 19, "one cannot be read, and keeps no other"
    [(_, digest)] = world.webhook.posted
    assert digest["escalated"] == {"cold-chain": 59}
    assert digest["text"].startswith("59 notifications of 59 machines at once: 59 cold-chain escalated")


async def test_whoever_acknowledges_at_this_very_moment_is_heard() -> None:
    world = World()
    await world.opens("m1")
    ada = [Attendant(world.alerts, "ada", NOON)]

    async def overtaken(operation: str, call: Call, *arguments: Any) -> Any:
        if operation == "write" and ada:
            await ada.pop().acknowledge(AlertName("m1", "cold-chain", "main"))
        return await call(*arguments)

    stores = replace(world.stores, alerts=watched(world.alerts, overtaken))
    assert await escalate(stores, NOON + CRITICAL[0]) == 0
    [alert] = world.alerts.bodies("alert")
    assert (alert["acknowledged"]["by"], alert.get("level")) == ("ada", None)


async def test_in_maintenance_nothing_escalates_and_others_do() -> None:
    """What is open still when the window is over escalates then."""
    window = Window(millis(NOON), millis(NOON + 60 * MINUTE), "new compressor")
    catalog = Cataloged(2, {"m1", "m2"}, policies={"machine:m1": Terms(windows=(window,))})
    world = World()
    world.stores = replace(world.stores, catalog=Held(catalog))
    await world.opens("m1", "m2")
    assert await world.sweep(NOON + CRITICAL[0]) == 1
    told = "{}/cold-chain/main/1/escalated-{}".format
    assert told("m1", 1) not in [key for key, _ in world.webhook.posted]
    assert await world.sweep(NOON + 59 * MINUTE) == 0
    assert await world.sweep(NOON + 60 * MINUTE) == 2
    assert {told("m1", 1), told("m2", 2)} <= {key for key, _ in world.webhook.posted}


class Held:
    """A catalog as it is."""

    def __init__(self, catalog: Cataloged) -> None:
        self.catalog = catalog

    async def named(self) -> Cataloged:
        return self.catalog
