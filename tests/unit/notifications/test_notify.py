"""What is posted, how often, and what becomes of what nobody takes."""

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.alerts import find
from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from tests.support.watched import Call, watched
from vending.alerts import outbox
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.transitions import Finding
from vending.documents.alerts import NOTIFICATIONS, Alert
from vending.documents.base import load
from vending.documents.post_window import WINDOW_ID
from vending.errors import Refused, Rejected, Transient
from vending.notifications import notify_digest as digests
from vending.notifications import texts
from vending.notifications.notify import notify
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.notifications.watch_notifications import watch_notifications
from vending.time import millis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LIMIT = 5


class Receiver(FakeWebhook):
    """Answers as it is told, and counts the posts of each minute."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Exception | None = None
        self.posts: Counter[datetime] = Counter()
        self.now = NOW

    async def post(self, message: dict[str, Any], idempotency_key: str) -> None:
        self.posts[self.now.replace(second=0)] += 1
        if self.answer:
            raise self.answer
        await super().post(message, idempotency_key)

    def told(self) -> set[str]:
        """Keys of what came by itself."""
        return {key for key, _ in self.posted if not key.startswith("digest/")}

    def digests(self) -> list[dict[str, Any]]:
        return [message for key, message in self.posted if key.startswith("digest/")]


class World:
    """Alerts, their queue, and processes that notify."""

    def __init__(self, processes: int = 1) -> None:
        self.alerts = FakeDocuments("machineId")
        self.queue = FakeQueue()
        self.webhook = Receiver()
        self.stores = AlertStores(self.alerts, FakeDocuments("id"), self.alerts, self.queue, LIMIT)
        self.processes = [
            Outgoing(self.alerts, self.webhook, LIMIT, "https://app/dashboard") for _ in range(processes)
        ]
        self.now = NOW

    async def find(self, machine: str, rule: str = "silent", order: int = 1, *, firing: bool = True) -> None:
        """A rule finds something: its notification goes into the queue."""
        finding = Finding(machine, rule, "machine", (order,), firing, millis(self.now), {"lastSeen": 0})
        alert = await find(self.alerts, finding, millis(self.now))
        await self.queue.send(alert.outbox[-1].dump())

    async def cut(self, machines: int, rule: str = "silent") -> None:
        """A site's power is gone."""
        for number in range(machines):
            await self.find(f"m{number:05}", rule)

    async def deliver(self) -> None:
        """The queue gives out what it holds, to one process after the other; a failure keeps its message."""
        self.webhook.now = self.now
        messages, self.queue.messages = self.queue.messages, []
        for place, message in enumerate(messages):
            outgoing = self.processes[place % len(self.processes)]
            try:
                if message == ASK_FOR_DIGEST:
                    await notify_digest(outgoing, self.now)
                else:
                    await notify(message, outgoing, self.now)
            except Transient:
                self.queue.messages.append(message)

    async def minute(self, step: timedelta = MINUTE) -> None:
        """Time goes by, the sweep runs, the queue drains."""
        self.now += step
        await resend(self.stores, self.now)
        await watch_notifications(self.stores, self.now)
        await self.deliver()

    def pending(self) -> int:
        return sum(len(alert["outbox"]) for alert in self.alerts.bodies("alert"))


async def test_three_messages_of_one_key_are_one_post() -> None:
    """The outbox is looked at before the post: what it holds no more was taken."""
    world = World()
    await world.find("m1")
    world.queue.messages *= 3
    await world.deliver()
    assert [key for key, _ in world.webhook.posted] == ["m1/silent/machine/1/opened"]
    assert world.queue.messages == []


async def test_a_crash_between_post_and_completion_posts_again_under_the_same_key() -> None:
    """At least once (P8)."""
    world = World()
    await world.find("m1")

    def die(operation: str, key: str) -> None:
        if (operation, key) == ("write", "m1"):
            raise Transient("the process is gone")

    world.alerts.fault = die
    await world.deliver()
    world.alerts.fault = lambda operation, key: None
    await world.deliver()
    assert [key for key, _ in world.webhook.posted] == ["m1/silent/machine/1/opened"] * 2
    assert world.pending() == 0


async def test_an_alert_that_cannot_be_seen_yet_keeps_its_message_and_one_that_is_gone_does_not() -> None:
    """A reader may be behind the writer; a machine that was forgotten has no alerts any more."""
    world = World()
    await world.find("m1")
    hidden = world.alerts.items.pop(("m1", "current:silent:machine"))
    await world.deliver()
    assert len(world.queue.messages) == 1
    world.alerts.items["m1", "current:silent:machine"] = hidden
    await world.deliver()
    assert world.webhook.told() == {"m1/silent/machine/1/opened"}
    await world.find("m2")
    del world.alerts.items["m2", "current:silent:machine"]
    world.now += timedelta(milliseconds=outbox.RETRY_INTERVAL)
    await world.deliver()
    assert world.queue.messages == []
    assert world.webhook.told() == {"m1/silent/machine/1/opened"}


async def test_a_power_cut_of_many_machines_is_a_few_posts_and_one_digest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At most N posts a minute and one digest, whoever posts; each notification is delivered by one."""
    world = World(processes=3)
    await world.cut(40)
    with caplog.at_level(logging.INFO):
        await world.deliver()
        assert (len(world.webhook.posted), world.pending()) == (LIMIT, 40 - LIMIT)
        assert world.queue.messages == []
        await world.minute()
    [digest] = world.webhook.digests()
    assert (digest["count"], digest["machines"], digest["link"]) == (35, 35, "https://app/dashboard")
    assert (digest["opened"], digest["closed"], digest["bySeverity"]) == ({"silent": 35}, {}, {"warning": 35})
    assert [one["machineId"] for one in digest["first"]] == [f"m{n:05}" for n in range(5, 15)]
    assert digest["text"] == (
        "35 notifications of 35 machines at once: 35 silent opened; see https://app/dashboard"
    )
    assert f"notification {digest['idempotencyKey']}: 35 notifications" in caplog.text
    assert world.pending() == 0
    await world.minute()
    assert len(world.webhook.posted) == LIMIT + 1
    window = await world.alerts.read(NOTIFICATIONS, WINDOW_ID)
    assert window is not None
    assert window.body["held"] is None


async def test_a_storm_posts_no_more_than_the_bound_in_any_minute() -> None:
    world = World(processes=4)
    for _ in range(10):
        for number in range(17):
            await world.find(f"m{world.now:%H%M}-{number}")
        await world.deliver()
        await world.minute()
    await world.minute()
    assert world.pending() == 0
    assert max(world.webhook.posts.values()) == LIMIT + 1


async def test_a_digest_that_was_posted_by_a_process_that_died_has_the_same_key_again() -> None:
    world = World()
    await world.cut(30)
    await world.deliver()

    def die(operation: str, key: str) -> None:
        if operation == "write" and key != NOTIFICATIONS:
            raise Transient("the process is gone")

    world.alerts.fault = die
    await world.minute()
    world.alerts.fault = lambda operation, key: None
    await world.minute()
    first, second = world.webhook.digests()
    assert first == second
    assert world.pending() == 0


async def test_a_digest_that_is_not_completed_yet_is_not_told_again_by_the_next() -> None:
    """To complete thousands takes longer than the sweep's minute."""
    world = World(processes=2)
    await world.cut(30)
    await world.deliver()
    later, inner = world.now + MINUTE + timedelta(seconds=45), []

    async def taking_long(_: str, call: Call, *arguments: Any) -> None:
        await call(*arguments)
        inner.append(await notify_digest(world.processes[1], later + timedelta(seconds=20)))

    slow = FakeWebhook()
    world.processes[0].webhook = watched(slow, taking_long)
    assert await notify_digest(world.processes[0], later) == 25
    assert inner == [0]
    assert ([message["count"] for _, message in slow.posted], world.webhook.digests()) == ([25], [])


def test_the_key_of_a_digest_is_of_its_notifications_whatever_their_order() -> None:
    assert texts.digest_key(["a", "b"]) == texts.digest_key(["b", "a"])
    assert texts.digest_key(["a", "b"]) != texts.digest_key(["a", "c"])


async def test_the_most_severe_come_first_in_a_digest() -> None:
    world = World()
    await world.cut(8, "sold-out")
    await world.find("warm", "cold-chain")
    await world.find("quiet", "silent")
    world.queue.messages.clear()
    world.now += timedelta(milliseconds=outbox.RETRY_INTERVAL)
    await world.minute()
    [digest] = world.webhook.digests()
    assert [one["machineId"] for one in digest["first"]][:3] == ["warm", "quiet", "m00000"]
    assert digest["severity"] == "critical"
    assert list(digest["bySeverity"].items()) == [("critical", 1), ("warning", 1), ("info", 8)]


async def test_a_digest_has_a_bound_and_the_next_one_tells_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MOST", 20)
    world = World()
    await world.cut(50)
    await world.deliver()
    for _ in range(4):
        await world.minute()
    assert [one["count"] for one in world.webhook.digests()] == [20, 20, 5]
    assert world.pending() == 0


async def test_a_backlog_that_drains_slowly_does_not_multiply() -> None:
    """Sixteen thousand at fourteen a second take longer than five minutes: more messages than there are
    notifications never wait, however often the sweep looks."""
    world = World()
    await world.cut(200)
    for _ in range(60):
        world.now += MINUTE
        await resend(world.stores, world.now)
    asked = [message for message in world.queue.messages if message == ASK_FOR_DIGEST]
    assert len(world.queue.messages) - len(asked) == 200
    assert len(asked) <= 60
    await world.deliver()
    assert world.webhook.posts == {world.now: LIMIT + 1}


async def test_a_few_that_wait_long_are_queued_ever_less_often() -> None:
    world = World()
    await world.cut(3)
    for _ in range(12 * 60):
        world.now += MINUTE
        await resend(world.stores, world.now)
    assert len(world.queue.messages) == 3 * 15


async def test_a_refusal_that_may_heal_is_tried_for_a_day_then_kept_counted_and_alerted() -> None:
    """401, 403, 404: somebody's deployment. What is lost in the end, people hear of."""
    world = World()
    world.webhook.answer = Refused("webhook: status 401")
    await world.find("m1")
    while world.now < NOW + DAY:
        await world.minute()
        world.queue.messages.clear()  # after five tries they are poison
    assert world.alerts.bodies("undelivered") == []
    assert world.pending() == 2, "and the alert that nothing has got through for an hour"
    for _ in range(45):
        await world.minute()
    [lost] = world.alerts.bodies("undelivered")
    assert (lost["state"], lost["idempotencyKey"]) == ("open", "m1/silent/machine/1/opened")
    assert lost["reason"] == "webhook: status 401"
    [about] = [x for x in world.alerts.bodies("alert") if x["machineId"] == NOTIFICATIONS]
    assert (about["rule"], about["state"]) == ("undelivered", "open")
    assert about["detail"]["failingSince"] == millis(NOW + MINUTE)
    world.webhook.answer = None
    await world.minute(timedelta(hours=1))
    assert world.webhook.told() == {"$notifications/undelivered/webhook/1/opened"}
    await world.minute(DAY)
    await world.minute()
    assert world.webhook.told() == {
        f"$notifications/undelivered/webhook/1/{change}" for change in ("opened", "closed")
    }
    assert world.alerts.bodies("undelivered")[0]["state"] == "closed"


async def test_a_receiver_that_is_away_is_asked_until_it_is_there() -> None:
    """Nobody said no: no notification is given up. That none gets through is an alert, for other channels."""
    world = World()
    world.webhook.answer = Transient("webhook: ClientConnectorError")
    await world.cut(2)
    for _ in range(60):
        await world.minute(timedelta(hours=1))
        world.queue.messages.clear()
    assert world.pending() == 3
    world.webhook.answer = None
    await world.minute(timedelta(minutes=61))
    await world.minute()
    await world.minute(timedelta(minutes=61))
    about = "$notifications/undelivered/webhook/1"
    silent = {f"m0000{number}/silent/machine/1/opened" for number in range(2)}
    assert world.webhook.told() == silent | {f"{about}/opened", f"{about}/closed"}
    assert world.alerts.bodies("undelivered") == []


async def test_a_receiver_that_comes_back_after_a_storm_gets_one_digest() -> None:
    world = World()
    world.webhook.answer = Transient("webhook: status 503")
    await world.cut(100)
    for _ in range(30):
        await world.minute()
        world.queue.messages.clear()
    assert max(world.webhook.posts.values()) <= LIMIT + 1
    world.webhook.answer = None
    await world.minute()
    assert [one["count"] for one in world.webhook.digests()] == [100]
    assert world.pending() == 0


@pytest.mark.parametrize("answer", [Rejected("webhook", "status 410"), Refused("webhook: status 403")])
async def test_what_a_digest_would_have_told_is_given_up_one_by_one(answer: Exception) -> None:
    world = World()
    await world.cut(20)
    world.queue.messages.clear()
    world.webhook.answer = answer
    await world.minute(DAY + MINUTE)
    assert world.pending() == 0
    assert len(world.alerts.bodies("undelivered")) == 20
    assert {outbox.outcome(load(alert, Alert)) for alert in world.alerts.bodies("alert")} == {"refused"}
    await world.minute()
    [about] = [x for x in world.alerts.bodies("alert") if x["machineId"] == NOTIFICATIONS]
    assert about["detail"] == {"count": 20, "reason": str(answer)}


async def test_the_alert_about_lost_notifications_is_not_counted_when_it_is_lost_itself() -> None:
    """Else a receiver that is wrong for good would open it anew each day."""
    world = World()
    world.webhook.answer = Rejected("webhook", "status 410")
    await world.find("m1")
    await world.deliver()
    for _ in range(3):
        await world.minute()
    assert [lost["machineId"] for lost in world.alerts.bodies("undelivered")] == ["m1"]


async def test_a_full_minute_costs_no_request() -> None:
    """Sixteen thousand messages drain quickly: a process remembers which minute is full."""
    world = World()
    await world.cut(100)
    await world.deliver()
    before = world.alerts.requests
    await world.cut(0)
    for number in range(100):
        await notify({"machineId": f"m{number:05}"}, world.processes[0], world.now)
    assert world.alerts.requests == before


async def test_an_alert_that_cannot_be_read_costs_its_own_notifications(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    await world.cut(3)
    world.queue.messages.clear()
    world.alerts.damage("m00001", "current:silent:machine", outbox="gone")
    assert await resend(world.stores, world.now + 10 * MINUTE) == 2
    assert [message["machineId"] for message in world.queue.messages] == ["m00000", "m00002"]
    [record] = caplog.records
    assert record.getMessage() == (
        "malformed document passed over until somebody mends it (docs/operations.md): "
        "alert m00001/current:silent:machine: Expected `array`, got `str` - at `$.outbox`"
    )


async def test_a_digest_tells_all_that_can_be_read() -> None:
    world = World()
    await world.cut(30)
    world.queue.messages.clear()
    world.alerts.damage("m00000", "current:silent:machine", episode="first")
    await world.minute(timedelta(minutes=10))
    assert [one["count"] for one in world.webhook.digests()] == [29]
    await world.minute()
    assert len(world.webhook.posted) == 1


async def test_one_that_was_given_up_and_cannot_be_read_hides_no_other() -> None:
    world = World()
    world.webhook.answer = Rejected("webhook", "status 410")
    for machine in ("m1", "m2"):
        await world.find(machine)
    await world.deliver()
    world.alerts.damage("m1", "undelivered:silent:machine:1:opened", at="noon")
    assert await watch_notifications(world.stores, world.now) == 1
    [about] = [x for x in world.alerts.bodies("alert") if x["machineId"] == NOTIFICATIONS]
    assert about["detail"]["count"] == 1
