"""P8: one open alert per component, whoever evaluates it, in whatever order, whoever dies between.

Evaluations, a sweep and the notifier run as coroutines that stop before and after each access to a store; the
test decides who goes on, who dies, and when the machine sells out or is filled again.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from tests.support.watched import Call, watched
from vending.alerts import outbox, rules, watch_machines
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.rules.evidence import Stock
from vending.alerts.verdicts import TRUSTED
from vending.documents.base import load
from vending.documents.stock import MachineStock
from vending.errors import Transient
from vending.notifications.notify import notify
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SELECTIONS = ("21", "22")
RETRY_INTERVAL = timedelta(milliseconds=outbox.RETRY_INTERVAL, seconds=1)
POSTS = 1
"""A minute, so that there are digests."""


class Stop:
    """A point at which others may go on."""

    def __await__(self) -> Generator[None]:
        yield


async def stepped(_: str, call: Call, *arguments: Any) -> Any:
    """A stop before and after each access."""
    await Stop()
    found = await call(*arguments)
    await Stop()
    return found


class Machine:
    """One machine, its alerts, and everybody who works on them."""

    def __init__(self) -> None:
        self.stocks = watched(FakeDocuments("machineId", self._replicate), stepped)
        self.alerts = watched(FakeDocuments("machineId", after=self._written), stepped)
        self.queue = watched(FakeQueue(), stepped)
        self.webhook = FakeWebhook(fault=self._counted)
        stores = self.stocks, FakeDocuments("id"), self.alerts, self.queue, POSTS
        self.processes = [AlertStores(*stores) for _ in range(2)]
        """Each remembers what it found itself."""
        self.outgoing = Outgoing(self.alerts, self.webhook, POSTS)
        self.posts: Counter[datetime] = Counter()
        self.versions: list[dict[str, Any]] = []
        """Every stock document there ever was: what a stale evaluation may hold."""
        self.history: dict[str, list[tuple[int, str, list[int]]]] = {}
        """Of each alert: (episode, state, judged) of every version."""
        self.running: list[Coroutine[Any, Any, object]] = []
        self.now = NOW
        self.lag = 0
        """How many versions behind the replica is that evaluations read the stock from."""

    def _replicate(self, operation: str, key: str) -> None:
        shown = max(0, len(self.versions) - 1 - self.lag)
        self.stocks.items["m1", "stock"] = (shown, self.versions[shown])

    def _counted(self, operation: str, key: str) -> None:
        self.posts[self.now] += 1

    def _written(self, operation: str, key: str) -> None:
        for alert in self.alerts.bodies("alert"):
            version = (alert["episode"], alert["state"], alert["judged"])
            known = self.history.setdefault(alert["component"], [])
            if not known or known[-1] != version:
                known.append(version)

    def change(self, levels: Sequence[int]) -> None:
        """The machine sells, or is filled."""
        rev = len(self.versions) + 1
        slots = {name: [[1, rev, units], None, []] for name, units in zip(SELECTIONS, levels, strict=True)}
        body = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": rev, "slots": slots}
        self.versions.append(body | {"last": {}})

    def start(self, version: int, process: int = 0) -> None:
        """A process is given one version, the newest or an old one."""
        if self.versions:
            stock = self.versions[-1 - version % len(self.versions)]
            stores = self.processes[process]
            self.running.append(watch_machines.watch_machines([stock], stores, self.now))

    def replica(self, lag: int) -> None:
        """Reads come from somewhere else now."""
        self.lag = lag

    def sweep(self) -> None:
        """Time goes by, and the timer fires."""
        self.now += RETRY_INTERVAL
        self.running.append(resend(self.processes[0], self.now))

    def deliver(self, which: int, *, again: bool) -> None:
        """The queue gives a message out, and perhaps keeps it."""
        if self.queue.messages:
            place = which % len(self.queue.messages)
            message = self.queue.messages[place] if again else self.queue.messages.pop(place)
            if message == ASK_FOR_DIGEST:
                self.running.append(notify_digest(self.outgoing, self.now))
            else:
                self.running.append(notify(message, self.outgoing, self.now))

    def step(self, which: int, steps: int = 1) -> None:
        """Somebody goes on, for some stops."""
        for _ in range(steps):
            if not self.running:
                return
            place = which % len(self.running)
            try:
                self.running[place].send(None)
            except (StopIteration, Transient):
                del self.running[place]
                return

    def die(self, which: int) -> None:
        """Somebody is no more."""
        if self.running:
            self.running.pop(which % len(self.running)).close()

    def finish(self) -> None:
        """Everybody who lives comes to an end."""
        while self.running:
            self.step(0)

    def settle(self, after: timedelta = TRUSTED) -> None:
        """What at-least-once promises: whoever died is started again, and messages are given out. By default
        when what a process remembers of before is not believed any more."""
        self.lag = 0
        self.now += after
        self.start(0)
        self.finish()
        for _ in range(6):
            self.now += timedelta(milliseconds=outbox.MAX_RETRY_INTERVAL)
            self.sweep()
            self.finish()
            while self.queue.messages:
                self.deliver(0, again=False)
                self.finish()

    def check_agreement(self) -> None:
        """What is said is what the newest stock says."""
        said = {x["id"]: x["state"] == "open" for x in self.alerts.bodies("alert")}
        for finding in (
            rules.findings(Stock(load(self.versions[-1], MachineStock), 0)) if self.versions else ()
        ):
            assert said.get(finding.id, False) == finding.firing

    def check_lives(self) -> None:
        """Each alert opens and closes in turn, on ever newer evidence, and every turn was told."""
        told = {
            one["idempotencyKey"]
            for _, message in self.webhook.posted
            for one in message.get("first", [message])
        }
        owed: set[str] = set()
        for component, versions in self.history.items():
            turns = [(episode, state) for episode, state, _ in versions]
            turns = [turn for place, turn in enumerate(turns) if place == 0 or turns[place - 1] != turn]
            assert turns == [(n // 2 + 1, ("open", "closed")[n % 2]) for n in range(len(turns))]
            judged = [order for _, _, order in versions]
            assert judged == sorted(judged)
            words = {"open": "opened", "closed": "closed"}
            owed |= {f"m1/sold-out/{component}/{episode}/{words[state]}" for episode, state in turns}
            ended = {x["episode"] for x in self.alerts.bodies("alert-episode") if x["component"] == component}
            assert ended == {n for n, state in turns if state == "closed"}
        assert told == owed
        assert max(self.posts.values(), default=0) <= POSTS + 1
        assert not any(alert["pending"] or alert["outbox"] for alert in self.alerts.bodies("alert"))


some = st.integers(0, 5)
levels = st.tuples(st.sampled_from([0, 0, 3]), st.sampled_from([0, 3]))
change = st.tuples(st.just("change"), levels)
evaluate = st.tuples(st.just("start"), st.integers(0, 3), st.integers(0, 1))
step = st.tuples(st.just("step"), some, st.integers(1, 6))
deliver = st.tuples(st.just("deliver"), some, st.booleans())
replica = st.tuples(st.just("replica"), st.integers(0, 2))
sweep, die = st.tuples(st.just("sweep")), st.tuples(st.just("die"), some)


@pytest.fixture(autouse=True, scope="module")
def without_a_loop() -> Iterator[None]:
    """Here a test goes on step by step, with one machine."""

    async def alone(machines: Iterable[str], evaluate: Callable[[str], Awaitable[int]]) -> int:
        return sum([await evaluate(machine) for machine in machines])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch_machines, "evaluate_each", alone)
        yield


def play(machine: Machine, actions: Sequence[tuple[Any, ...]]) -> None:
    for name, *how in actions:
        if name == "deliver":
            machine.deliver(how[0], again=how[1])
        else:
            getattr(machine, name)(*how)


@given(
    st.lists(
        st.one_of(change, evaluate, evaluate, step, step, step, deliver, replica, sweep, die), max_size=40
    )
)
@settings(max_examples=150)
def test_there_is_one_alert_and_every_turn_of_it_is_told(actions: list[tuple[Any, ...]]) -> None:
    machine = Machine()
    play(machine, actions)
    machine.finish()
    machine.settle()
    machine.check_agreement()
    machine.check_lives()


@given(st.lists(st.one_of(change, evaluate, evaluate, step, step, step, deliver, sweep), max_size=40))
@settings(max_examples=150)
def test_where_nobody_dies_what_processes_remember_delays_nothing(actions: list[tuple[Any, ...]]) -> None:
    machine = Machine()
    play(machine, actions)
    machine.finish()
    machine.settle(timedelta())
    machine.check_agreement()
    machine.check_lives()


def test_what_another_process_changed_meanwhile_is_not_taken_for_what_was_remembered() -> None:
    machine = Machine()
    for units, process in ((3, 0), (0, 1), (3, 0)):
        machine.change((units, 3))
        machine.start(0, process)
        machine.finish()
    assert machine.history == {"21": [(1, "open", [2]), (1, "closed", [3])]}


@pytest.mark.parametrize("steps", range(16))
def test_the_stale_write_of_somebody_who_died_is_corrected_after_an_hour(steps: int) -> None:
    machine = Machine()

    def found(units: int) -> None:
        """The first process evaluates the machine's next stock, from beginning to end."""
        machine.change((units, 3))
        machine.start(0)
        ours = machine.running[-1]
        while ours in machine.running:
            machine.step(machine.running.index(ours))

    found(3)
    machine.change((0, 3))
    machine.start(0, 1)
    machine.step(0, steps)
    found(3)
    machine.step(0, 2)  # the write of the other one counts, and it dies before it reads again
    machine.die(0)
    found(3)
    machine.now += TRUSTED
    found(3)
    machine.check_agreement()


@pytest.mark.parametrize("steps", range(16))
@pytest.mark.parametrize(("before", "after"), [(3, 0), (0, 3)])
def test_an_evaluation_that_was_overtaken_corrects_its_stale_write(
    before: int, after: int, steps: int
) -> None:
    """Meanwhile the machine changes back; another evaluation agrees with the alert and writes nothing."""
    machine = Machine()
    machine.change((before, 3))
    machine.start(0)
    machine.finish()
    machine.change((after, 3))
    machine.start(0)
    machine.step(0, steps)
    machine.change((before, 3))
    machine.start(0)
    while len(machine.running) > 1:
        machine.step(1)
    machine.finish()
    machine.check_agreement()


def test_two_evaluations_of_one_change_open_one_alert() -> None:
    machine = Machine()
    machine.change((0, 3))
    machine.start(0)
    machine.start(0)
    while machine.running:
        machine.step(0)
        machine.step(1)
    assert machine.history == {"21": [(1, "open", [1])]}
    machine.settle()
    machine.check_lives()


def test_an_evaluation_that_reads_a_lagging_replica_changes_nothing_back() -> None:
    machine = Machine()
    for units in (0, 3):
        machine.change((units, 3))
        machine.start(0)
        machine.finish()
    machine.replica(1)
    machine.start(1)
    machine.finish()
    assert machine.history == {"21": [(1, "open", [1]), (1, "closed", [2])]}
