"""From the change feed to the webhook, step by step, with each failure between two steps."""

import contextlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.events import body, hub_event
from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from vending.alerts import outbox
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_ageing, evaluate_conditions
from vending.alerts.watch_machines import watch_machines
from vending.documents.conditions import Entry
from vending.documents.stock import MachineStock
from vending.errors import Conflict, Rejected, Transient
from vending.events.event import parse
from vending.notifications.notify import notify
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.ports import Put
from vending.state import conditions
from vending.state.conditions import merge
from vending.time import millis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RETRY_INTERVAL = timedelta(milliseconds=outbox.RETRY_INTERVAL)
KEY = "m1/sold-out/21/1/opened"
ALL = [f"s{number}" for number in range(120)]


class World:
    """The stores, and a stock document that moves on."""

    def __init__(self) -> None:
        self.machines = FakeDocuments("machineId")
        self.conditions = FakeDocuments("id")
        self.alerts = FakeDocuments("machineId")
        self.queue = FakeQueue()
        self.webhook = FakeWebhook()
        self.stores = AlertStores(self.machines, self.conditions, self.alerts, self.queue)
        self.outgoing = Outgoing(self.alerts, self.webhook)

    async def stock(self, machine: str = "m1", **levels: int) -> dict[str, Any]:
        """The machine's next stock: units by selection (``s21=0``)."""
        held = await self.machines.read(machine, "stock")
        rev = held.body["rev"] + 1 if held else 1
        slots = {name[1:]: [[1, rev, units], [1, 1, 8], []] for name, units in levels.items()}
        slots["others"] = [[1, 1, 250], [1, 1, 250], []]  # so that the machine as a whole is not low
        body = {"id": "stock", "machineId": machine, "type": "stock", "schema": 1, "rev": rev, "slots": slots}
        body["last"] = {"vend": [1, rev, rev * 1_000]}
        await self.machines.write(machine, [Put(body, held.etag if held else None)])
        return body

    def states(self) -> dict[str, str]:
        """State by component of the alerts that there are."""
        return {x["component"]: x["state"] for x in self.alerts.bodies("alert")}

    async def deliver(self, now: datetime = NOW) -> None:
        """The notify function on everything in the queue."""
        messages, self.queue.messages = self.queue.messages, []
        for message in messages:
            await notify(message, self.outgoing, now)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_sold_out_selection_is_told_once_and_its_refill_too(world: World) -> None:
    full = await world.stock(s21=3, s22=1)
    assert await watch_machines([full], world.stores, NOW) == 0
    assert world.alerts.bodies("alert") == []
    out = await world.stock(s21=0, s22=1)
    assert await watch_machines([{"type": "page"}, full, out, {"type": "day"}], world.stores, NOW) == 1
    assert await watch_machines([out], world.stores, NOW) == 0
    await world.deliver()
    assert await watch_machines([await world.stock(s21=8, s22=1)], world.stores, NOW) == 1
    await world.deliver()
    assert [key for key, _ in world.webhook.posted] == [KEY, "m1/sold-out/21/1/closed"]
    assert world.states() == {"21": "closed"}
    (episode,) = world.alerts.bodies("alert-episode")
    assert (episode["opened"], episode["closed"]) == (2_000, 3_000)
    assert world.alerts.bodies("alert")[0]["pending"] is False


async def test_many_selections_at_once(world: World) -> None:
    out = await world.stock("m1", **dict.fromkeys(ALL, 0))
    assert await watch_machines([out], world.stores, NOW) == 121
    full = await world.stock("m1", **dict.fromkeys(ALL, 5))
    assert await watch_machines([full], world.stores, NOW) == 121
    assert len(world.alerts.bodies("alert-episode")) == 121, "and one for the machine, that it runs low"


async def test_a_stale_batch_opens_nothing(world: World) -> None:
    out = await world.stock(s21=0)
    await world.stock(s21=5)
    assert await watch_machines([out], world.stores, NOW) == 0
    assert world.queue.messages == []


async def test_one_machine_that_waits_does_not_keep_the_others(world: World) -> None:
    batch = [await world.stock(machine, s21=0) for machine in ("m1", "m2", "m3")]

    def fault(operation: str, key: str) -> None:
        if key == "m2" and operation == "write":
            raise Transient("throttled")

    world.alerts.fault = fault
    with pytest.raises(Transient):
        await watch_machines(batch, world.stores, NOW)
    assert {x["machineId"] for x in world.alerts.bodies("alert")} == {"m1", "m3"}


async def test_a_machine_that_trips_a_bug_is_passed_over_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken = (await world.stock("m2", s21=0)) | {"slots": {"21": "?"}}
    batch = [await world.stock("m1", s21=0), broken]
    assert await watch_machines(batch, world.stores, NOW) == 1
    assert "m2: its alerts were not evaluated" in caplog.text


async def test_a_bug_that_meets_most_machines_stops_the_feed(world: World) -> None:
    batch = [(await world.stock(f"m{number}", s21=0)) | {"slots": {"21": "?"}} for number in range(5)]
    with pytest.raises((TypeError, ValueError)):
        await watch_machines(batch, world.stores, NOW)


async def test_a_newer_schema_waits(world: World) -> None:
    newer = MachineStock.schema + 1
    with pytest.raises(Transient, match=f"schema {newer}"):
        await watch_machines([(await world.stock(s21=0)) | {"schema": newer}], world.stores, NOW)


async def test_a_crash_before_the_queue_sends_the_same_key_later(world: World) -> None:
    out = await world.stock(s21=0)

    def down(operation: str, key: str) -> None:
        raise Transient("the queue is away")

    world.queue.fault = down
    with pytest.raises(Transient):
        await watch_machines([out], world.stores, NOW)
    world.queue.fault = lambda operation, key: None
    assert await watch_machines([out], world.stores, NOW) == 0
    assert [x["idempotencyKey"] for x in world.queue.messages] == [KEY]


@pytest.mark.parametrize("answer", [Conflict("a retry of the SDK met our own write"), Transient("cut off")])
async def test_a_write_that_counted_without_an_answer_is_told_all_the_same(
    world: World, answer: Exception
) -> None:
    out = await world.stock(s21=0)
    lost = [answer]

    def after(operation: str, key: str) -> None:
        if lost:
            raise lost.pop()

    world.alerts.after = after
    with contextlib.suppress(Transient):
        await watch_machines([out], world.stores, NOW)
    await watch_machines([out], world.stores, NOW)
    assert {x["idempotencyKey"] for x in world.queue.messages} == {KEY}
    assert world.states() == {"21": "open"}


async def test_what_nobody_took_is_sent_again_after_a_while(world: World) -> None:
    await watch_machines([await world.stock(s21=0)], world.stores, NOW)
    world.queue.messages.clear()  # it went to the poison queue
    assert await resend(world.stores, NOW + RETRY_INTERVAL) == 0
    later = NOW + RETRY_INTERVAL + timedelta(seconds=1)
    assert await resend(world.stores, later) == 1
    assert await resend(world.stores, later) == 0
    await world.deliver()
    assert [key for key, _ in world.webhook.posted] == [KEY]
    assert await resend(world.stores, later + 2 * RETRY_INTERVAL) == 0


async def test_a_notification_that_is_taken_leaves_the_outbox_even_when_disturbed(world: World) -> None:
    await watch_machines([await world.stock(s21=0, s22=0)], world.stores, NOW)
    (first, second) = world.queue.messages
    await notify(first, world.outgoing, NOW)
    disturbed: list[str] = []

    def fault(operation: str, key: str) -> None:
        if (operation, key) == ("write", "m1") and not disturbed:
            disturbed.append(key)
            held = world.alerts.items["m1", second["alertId"]]
            world.alerts.items["m1", second["alertId"]] = (held[0] + 100, held[1] | {"note": "moved"})

    world.alerts.fault = fault
    await notify(second, world.outgoing, NOW)
    assert disturbed
    assert [(x["pending"], x.get("note")) for x in world.alerts.bodies("alert")] == [
        (False, None),
        (False, "moved"),
    ]


async def test_a_refusal_is_final_logged_and_recorded(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def refusing(operation: str, key: str) -> None:
        raise Rejected("webhook", "status 410")

    world.webhook.fault = refusing
    await watch_machines([await world.stock(s21=0)], world.stores, NOW)
    await world.deliver()
    (alert,) = world.alerts.bodies("alert")
    assert (alert["state"], alert["pending"], alert["outbox"]) == ("open", False, [])
    assert alert["undelivered"] == [
        {"idempotencyKey": KEY, "reason": "webhook: status 410", "at": 1772366400000}
    ]
    assert f"{KEY} was refused" in caplog.text
    assert await resend(world.stores, NOW + 2 * RETRY_INTERVAL) == 0


async def test_a_webhook_that_is_down_keeps_the_notification(world: World) -> None:
    await watch_machines([await world.stock(s21=0)], world.stores, NOW)

    def down(operation: str, key: str) -> None:
        raise Transient("webhook: status 503")

    world.webhook.fault = down
    with pytest.raises(Transient):
        await world.deliver()
    assert world.alerts.bodies("alert")[0]["pending"] is True


async def test_without_a_webhook_the_log_is_the_notification(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await watch_machines([await world.stock(s21=0)], world.stores, NOW)
    with caplog.at_level(logging.INFO):
        await notify(world.queue.messages[0], Outgoing(world.alerts, None), NOW)
    assert f"notification {KEY}: m1: selection 21 is sold out" in caplog.text
    assert world.alerts.bodies("alert")[0]["pending"] is False


class Fleet:
    """Conditions documents of two hub partitions."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def hears(self, partition: str, **machines: dict[str, list[Any]]) -> None:
        """A document with these registers."""
        id = f"{partition}:0"  # noqa: A001
        held = await self.world.conditions.read(id, id)
        body = conditions.empty(partition, 0).dump() | {"schema": 1, "machines": machines}
        await self.world.conditions.write(id, [Put(body, held.etag if held else None)])


async def test_silence_is_raised_and_ended_by_the_next_sign_of_life(world: World) -> None:
    minute, start = 60_000, int(NOW.timestamp() * 1000)
    fleet, hour = Fleet(world), timedelta(hours=1)
    await fleet.hears("0", m1={"seen": [1, 5, start, "ntp"]}, m2={"seen": [1, 5, start + 50 * minute, "ntp"]})
    assert await evaluate_conditions(world.stores, NOW + hour, hour) == 0
    assert await evaluate_conditions(world.stores, NOW + hour + timedelta(minutes=1), hour) == 1
    assert await evaluate_conditions(world.stores, NOW + hour + timedelta(minutes=2), hour) == 0
    # It comes back in another partition; the old register still says what it said.
    await fleet.hears("1", m1={"seen": [1, 6, start + 63 * minute, "ntp"]})
    assert await evaluate_conditions(world.stores, NOW + timedelta(minutes=64), hour) == 1
    assert await evaluate_conditions(world.stores, NOW + timedelta(minutes=124), hour) == 2
    await world.deliver()
    assert [key for key, _ in world.webhook.posted] == [
        "m1/silent/machine/1/opened",
        "m1/silent/machine/1/closed",
        "m1/silent/machine/2/opened",
        "m2/silent/machine/1/opened",
    ]


async def test_faults_and_warm_zones_are_raised_and_cleared(world: World) -> None:
    at = int(NOW.timestamp() * 1000)
    fleet, hour = Fleet(world), timedelta(hours=1)
    seen = {"seen": [1, 5, at, "ntp"]}
    warm = {"temp:cabinet": [1, 5, at, 9.5], "good:cabinet": [1, 2, at - 31 * 60_000, 4.0]}
    await fleet.hears("0", m1=seen | warm | {"fault:coin:EVA4": [1, 4, at, True]})
    assert await evaluate_conditions(world.stores, NOW, hour) == 2
    good = {"temp:cabinet": [1, 7, at, 4.5], "good:cabinet": [1, 7, at, 4.5]}
    await fleet.hears("0", m1=seen | good | {"fault:coin:EVA4": [1, 6, at, False]})
    assert await evaluate_conditions(world.stores, NOW, hour) == 2
    assert world.states() == {"cabinet": "closed", "coin:EVA4": "closed"}


AT = int(NOW.timestamp() * 1000)


async def test_a_machine_warms_up_locks_itself_is_served_and_recovers_in_one_alert(world: World) -> None:
    """From its events, one every five minutes, and a sweep every minute."""
    entry: Entry = {}
    story: list[tuple[str, dict[str, Any]]] = [
        ("temperature", {"zone": "main", "celsius": celsius}) for celsius in (4.0, 5.4, 6.5, 8.0)
    ]
    told = {"zone": "main", "celsius": 8.9, "lockedSelections": ["A1", "A2"], "cause": "EJH"}
    story += [("health.lockout", told)]
    story += [("temperature", {"zone": "main", "celsius": celsius}) for celsius in (9.2, 9.3, 7.0, 3.9)]
    story += [("visit.ended", {"visitId": "v-1", "reason": "repair"}), ("temperature", story[0][1])]
    for number, (name, data) in enumerate(story, 1):
        at = NOW + timedelta(minutes=5 * number)
        sent = body(name, data, number, time=at.isoformat(), clocksync="ntp")
        entry = merge(entry, parse(hub_event(number, sent, enqueued=at)))
        await Fleet(world).hears("0", m1=entry)
        for later in range(5):
            await evaluate_conditions(world.stores, at + timedelta(minutes=later), timedelta(hours=1))
    await world.deliver()
    assert [said["text"] for _, said in world.webhook.posted] == [
        "m1: zone main was too warm, and the machine locked 2 selections",
        "m1: zone main is no longer locked",
    ]


async def test_lost_sales_are_told_once_and_closed_by_time(world: World) -> None:
    """The alert opens from the change feed; a stock that does not change any more must not keep it open."""

    async def gives_up(at: datetime, holes: int) -> dict[str, Any]:
        held = await world.machines.read("m1", "stock")
        body = held.body if held else await world.stock()
        closed = {"holes": holes, "numbers": 9 * holes, "epochs": 1, "at": millis(at), "below": {}}
        now = await world.machines.read("m1", "stock")
        assert now is not None
        body = body | {"rev": now.body["rev"] + 1, "closed": closed}
        await world.machines.write("m1", [Put(body, now.etag)])
        return body

    day = timedelta(days=1)
    first = await gives_up(NOW, 2)
    assert await watch_machines([first], world.stores, NOW + day) == 1
    await world.deliver()
    again = await gives_up(NOW + 2 * day, 3)
    assert await watch_machines([first, again], world.stores, NOW + 2 * day) == 0
    assert await evaluate_ageing(world.stores, NOW + 8 * day) == 0
    asked: list[str] = []
    world.machines.fault = lambda operation, key: asked.append(f"{operation} {key}")
    for minute in range(60, -1, -1):  # read once, and again after an hour
        assert await evaluate_ageing(world.stores, NOW + 9 * day - timedelta(minutes=minute)) == 0
    assert asked == ["read m1", "read m1"]
    assert await evaluate_ageing(world.stores, NOW + 9 * day + timedelta(seconds=1)) == 1
    await world.deliver()
    assert await evaluate_ageing(world.stores, NOW + 10 * day) == 0
    assert await watch_machines([again], world.stores, NOW + 10 * day) == 0
    assert await watch_machines([await gives_up(NOW + 11 * day, 4)], world.stores, NOW + 11 * day) == 1
    await world.deliver()
    told = [posted["text"] for _, posted in world.webhook.posted]
    assert told == [
        "m1: 18 ledger numbers in 2 holes and 1 epoch of a device were given up: sales may be lost",
        "m1: no further ledger numbers were given up for a week",
        "m1: 36 ledger numbers in 4 holes and 1 epoch of a device were given up: sales may be lost",
    ]
    assert world.states() == {"machine": "open"}


async def test_the_alert_that_two_faults_shared_before_ends_and_each_has_its_own(world: World) -> None:
    fleet, hour = Fleet(world), timedelta(hours=1)
    await fleet.hears("0", m1={"fault:a:b:c": [1, 5, AT, True]})
    assert await evaluate_conditions(world.stores, NOW, hour) == 1
    assert world.states() == {"a:b:c": "open"}
    await fleet.hears("0", m1={"fault:a~b:c": [1, 6, AT, True], "fault:a:b~c": [1, 7, AT, True]})
    assert await evaluate_conditions(world.stores, NOW, hour) == 3
    await fleet.hears("0", m1={"fault:a~b:c": [1, 8, AT, False], "fault:a:b~c": [1, 7, AT, True]})
    assert await evaluate_conditions(world.stores, NOW, hour) == 1
    assert world.states() == {"a:b:c": "closed", "a~b:c": "closed", "a:b~c": "open"}


async def test_conditions_that_cannot_be_read_cost_the_machines_that_they_name(world: World) -> None:
    """What m2 said last may be in there."""
    fleet, hour, start = Fleet(world), timedelta(hours=1), millis(NOW)
    long_ago = {"seen": [1, 5, start, "ntp"]}
    await fleet.hears("0", m1=long_ago, m2=long_ago)
    await fleet.hears("1", m2={"seen": [1, 6, start + 2 * 3_600_000, "ntp"]}, m3=long_ago)
    await fleet.hears("2", m4=long_ago)
    world.conditions.damage("1:0", "1:0", bytes="few")
    assert await evaluate_conditions(world.stores, NOW + 2 * hour, hour) == 2
    assert {x["machineId"] for x in world.alerts.bodies("alert")} == {"m1", "m4"}


@pytest.mark.parametrize("damage", [{"rev": "many"}, {"rev": None}, {"slots": 7}])
async def test_a_stock_that_cannot_be_read_keeps_no_other_machine(
    world: World, damage: dict[str, Any]
) -> None:
    bad = [await world.stock("m1", s21=units) | damage for units in (3, 0)]
    bad[0]["rev"] = 1
    assert await watch_machines([*bad, await world.stock("m2", s21=0)], world.stores, NOW) == 1
    assert {x["machineId"] for x in world.alerts.bodies("alert")} == {"m2"}
