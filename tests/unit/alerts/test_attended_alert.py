"""P8 with people: whatever they do with an alert at whatever moment, it is one, and each key goes out once.

Everybody of test_one_alert works on one alert of any rule here, whose finding may be firing, clear or
neither; people acknowledge, snooze, assign, note and resolve between any two accesses to a store, and time
goes by.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.support.watched import Call, watched
from tests.unit.alerts.rules.test_rules import LIVES
from tests.unit.alerts.test_one_alert import POSTS, RETRY_INTERVAL, Machine
from vending.alerts import rules
from vending.alerts.attend import AlertName, Attendant, UnknownAlert
from vending.alerts.escalate import escalate
from vending.alerts.lifecycle import ESCALATE_AFTER, NotOpen
from vending.alerts.raise_alerts import AlertStores, raise_alerts
from vending.alerts.transitions import REOPENS_AFTER, Finding
from vending.documents.alerts import Alert
from vending.documents.base import Body
from vending.errors import Transient
from vending.notifications import texts
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.time import millis

Shown = dict[str, Any]
NO_ALERT: Shown = {"episode": 0, "state": "closed", "outbox": []}
SETTLED_IN = 40
"""Rounds of six hours: more than the longest snooze here and all levels take."""


@pytest.fixture(autouse=True, scope="module")
def whole_digests() -> Any:
    """A digest here says all that is in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "FIRST", 1_000)
        yield


class Attended(Machine):
    """A machine with one alert of a rule, and what became of it, write by write."""

    def __init__(self, name: str) -> None:
        super().__init__()
        [fires] = [found for found in rules.named(name).findings(LIVES[name].fires) if found.firing]
        self.fires = replace(fires, machine="m1")
        self.name = AlertName("m1", name, fires.component)
        self.levels = len(ESCALATE_AFTER[rules.named(name).severity])
        self.outgoing = Outgoing(self.alerts, watched(self.webhook, self._posted), POSTS)
        self.before = NO_ALERT
        self.entered: set[str] = set()
        """Keys that were ever in the outbox."""
        self.dropped: set[str] = set()
        """Of those, the ones that somebody took out by a snooze or an acknowledgement."""

    def change(self, firing: Any) -> None:
        """The machine's next evidence."""
        rev = len(self.versions) + 1
        body = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": rev}
        self.versions.append(body | {"firing": firing})

    def start(self, version: int, process: int = 0) -> None:
        if self.versions:
            body = self.versions[-1 - version % len(self.versions)]
            self.running.append(self._evaluate(body, self.processes[process]))

    async def _evaluate(self, body: Body, stores: AlertStores) -> None:
        async def newest() -> list[Finding]:
            stored = await self.stocks.read("m1", "stock")
            if stored is None or stored.body["rev"] < body["rev"]:
                raise Transient("stale read")
            return [self._finding(stored.body)]

        await raise_alerts("m1", [self._finding(body)], newest, stores, self.now)

    def _finding(self, body: Body) -> Finding:
        return replace(self.fires, order=(body["rev"],), firing=body["firing"], at=body["rev"])

    def sweep(self) -> None:
        self.now += RETRY_INTERVAL
        self.running.append(self._swept())

    async def _swept(self) -> None:
        now = self.now
        await escalate(self.processes[0], now)
        await resend(self.processes[0], now)

    def attend(self, act: Callable[[Attendant, AlertName], Coroutine[Any, Any, Alert]]) -> None:
        """Somebody does something with the alert, if it is there and open when he comes to it."""

        ada = Attendant(self.alerts, "ada", self.now)

        async def person() -> None:
            with suppress(NotOpen, UnknownAlert, ValueError):
                await act(ada, self.name)

        self.running.append(person())

    async def _posted(self, _: str, call: Call, message: Shown, key: str) -> None:
        """Nothing goes out while the alert is snoozed, but what was on its way when that was written."""
        if self._snoozed(self.before):
            assert {one["idempotencyKey"] for one in message.get("first", [message])} <= self.dropped
        await call(message, key)

    def _written(self, operation: str, key: str) -> None:
        super()._written(operation, key)
        for alert in self.alerts.bodies("alert"):
            self._check_write(self.before, alert)
            self.before = alert

    def _check_write(self, before: Shown, after: Shown) -> None:
        held, holds = ({entry["idempotencyKey"] for entry in one["outbox"]} for one in (before, after))
        came, left = holds - held, held - holds
        assert not came & self.entered, "a key goes out once"
        self.entered |= came
        if self._snoozed(before):
            assert not came
            assert after.get("snoozedUntil"), "it lasts until its time, or until somebody ends it"
        if self._snoozed(after):
            assert not after["outbox"]
        if after.get("snoozedUntil") not in (None, before.get("snoozedUntil")):
            self.dropped |= left
        if "acknowledged" in after:
            self.dropped |= {one for one in left if "escalated" in one}
            assert not any("escalated" in one for one in came)
        self._check_transition(before, after, came)
        self._check_levels(before, came)

    def _check_transition(self, before: Shown, after: Shown, came: set[str]) -> None:
        if (before["episode"], before["state"]) == (after["episode"], after["state"]):
            return
        word = "opened" if after["state"] == "open" else "closed"
        told = f"{self.name}/{after['episode']}/{word}" in came
        assert told or "snoozedUntil" in before, (
            "every transition is told, unless people want to hear nothing"
        )
        if after["state"] == "open":
            assert not after.keys() & {"acknowledged", "owner", "history", "level", "resolved"}
        if after["state"] == "open" and "resolved" in before:
            assert millis(self.now) >= before["resolved"]["at"] + REOPENS_AFTER
            assert after["judged"] > before["judged"]

    def _check_levels(self, before: Shown, came: set[str]) -> None:
        levels = [int(one.rpartition("-")[2]) for one in came if "escalated" in one]
        assert levels in ([], [before.get("level", 0) + 1])
        assert all(level <= self.levels for level in levels)

    def _snoozed(self, alert: Shown) -> bool:
        return bool(alert.get("snoozedUntil", 0) > millis(self.now))

    def settle(self, after: timedelta = timedelta()) -> None:
        """Whoever died is started again, and time goes by until it brings nothing new."""
        self.lag = 0
        self.now += after
        self.start(0)
        self.finish()
        for _ in range(SETTLED_IN):
            self.now += timedelta(hours=6)
            self.sweep()
            self.finish()
            while self.queue.messages:
                self.deliver(0, again=False)
                self.finish()
            waits = self.before["state"] == "open" and "dueAt" in self.before
            if not waits and not self.before["outbox"]:
                return
        raise AssertionError(f"never quiet: {self.before}")

    def check_agreement(self) -> None:
        """The alert says what the newest evidence does, unless that says neither, or somebody resolved it."""
        firing = self.versions[-1]["firing"] if self.versions else None
        if firing is not None and "resolved" not in self.before:
            assert (self.before["state"] == "open") == firing
        if firing is False:
            assert "resolved" not in self.before

    def check_lives(self) -> None:
        for component in self.history:
            self.check_turns(component)
        assert self.entered - self.dropped <= self.told() <= self.entered
        self.check_posts()


some = st.integers(0, 5)
minutes = st.sampled_from([1, 20, 300, 1_500])


class AnyMoment(RuleBasedStateMachine):
    """Two evaluators, redeliveries, flapping, crashes, a notifier, a sweep, and people."""

    @initialize(name=st.sampled_from([one.name for one in rules.every()]), first=st.booleans())
    def begin(self, name: str, first: bool) -> None:
        self.world = Attended(name)
        self.world.change(first)
        self.world.start(0)
        self.world.finish()

    @rule(firing=st.sampled_from([True, True, False, None]))
    def change(self, firing: bool | None) -> None:
        self.world.change(firing)
        self.world.start(0)

    @rule(version=st.integers(0, 3), process=st.integers(0, 1))
    def evaluate(self, version: int, process: int) -> None:
        self.world.start(version, process)

    @rule(which=some, steps=st.integers(1, 6))
    def go_on(self, which: int, steps: int) -> None:
        self.world.step(which, steps)

    @rule()
    def finish(self) -> None:
        self.world.finish()

    @rule(which=some, again=st.booleans())
    def deliver(self, which: int, again: bool) -> None:
        self.world.deliver(which, again=again)

    @rule(lag=st.integers(0, 2))
    def replica(self, lag: int) -> None:
        self.world.replica(lag)

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule(which=some)
    def die(self, which: int) -> None:
        self.world.die(which)

    @rule(later=minutes)
    def wait(self, later: int) -> None:
        self.world.now += timedelta(minutes=later)

    @rule()
    def acknowledge(self) -> None:
        self.world.attend(lambda ada, name: ada.acknowledge(name))

    @rule(later=minutes)
    def snooze(self, later: int) -> None:
        until = self.world.now + timedelta(minutes=later)
        self.world.attend(lambda ada, name: ada.snooze(name, until))

    @rule()
    def end_snooze(self) -> None:
        now = self.world.now
        self.world.attend(lambda ada, name: ada.snooze(name, now))

    @rule()
    def assign(self) -> None:
        self.world.attend(lambda ada, name: ada.assign(name, "ben"))

    @rule()
    def note(self) -> None:
        self.world.attend(lambda ada, name: ada.note(name, "called"))

    @rule()
    def resolve(self) -> None:
        self.world.attend(lambda ada, name: ada.resolve(name, "looks fine"))

    def teardown(self) -> None:
        try:
            self.world.finish()
            self.world.settle()
            self.world.check_agreement()
            self.world.check_lives()
        finally:
            while self.world.running:
                self.world.die(0)


TestAnyMoment = AnyMoment.TestCase
TestAnyMoment.settings = settings(max_examples=100, stateful_step_count=40)
