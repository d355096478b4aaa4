"""A fleet that runs against a hub: model time follows real time, and stops well."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from simulator.commanded import Commanded
from simulator.commandline import Answer, Exit
from simulator.demand import DAY
from simulator.device import iso
from simulator.fleet import Fleet
from simulator.link import Delivery
from simulator.report import Report
from simulator.run import Hub
from simulator.sender import Sender
from simulator.state import State, write
from simulator.timeline import Dating, Timeline
from simulator.truth import Truth, describe

TICK = 0.1
LONGEST_HISTORY = 60
ENOUGH = 5_000
"""Deliveries waiting at the hub's door above which model time stands still."""
CATCH_UP = 50_000.0
"""Model seconds per second of a history."""
FINISH = 10.0
"""Seconds that a stop leaves at most for what waits; a hub that refuses ends it sooner."""


@dataclass
class Pace:
    """How model time follows real time; ``start`` in milliseconds since 1970, ``duration`` in seconds."""

    speed: float
    dates: str
    start: int | None
    duration: float | None
    end: int | None = None
    """Model time at which the run is over."""
    history: float = 0.0
    """Days before now that a fresh fleet begins with; then ``dates`` is "now"."""

    def __post_init__(self) -> None:
        if self.history and (self.dates != "now" or self.start is not None):
            raise ValueError("--history goes with --dates now, and without --start")
        if not 0 <= self.history <= LONGEST_HISTORY:
            raise ValueError(f"--history {self.history:g}: days from 0 to {LONGEST_HISTORY}")
        if not 0 < self.speed <= 1_000_000:
            raise ValueError(f"--speed {self.speed}: a number above 0 is needed")

    def first(self, now: int) -> int:
        """The model time of a fresh fleet's start."""
        if self.start is not None:
            return self.start
        if self.history:
            return now - int(self.history * DAY)
        if self.dates == "now" or self.speed == 1:
            return now
        return now - (DAY if self.duration is None else int(self.duration * 1000 * (self.speed - 1)))

    def later(self, model: int, seconds: float, now: int) -> int:
        """Model time after so many more seconds."""
        at = model + int(seconds * 1000 * self.speed)
        if self.end is not None:
            return min(at, self.end)
        return at if self.dates == "now" else max(model, min(at, now))

    def over(self, model: int, seconds: float, pending: int) -> bool:
        """Whether the run has come to its end: its duration, or all that happens until the model's end."""
        if self.duration is not None and seconds >= self.duration:
            return True
        return self.end is not None and model >= self.end and not pending


class Files(NamedTuple):
    """Where a run keeps its state, which a later one goes on from, and writes what it knows to be true."""

    state: Path | None = None
    truth: Path | None = None


NO_FILES = Files()


class Live:
    """One run."""

    def __init__(
        self, fleet: Fleet, faults: frozenset[str], pace: Pace, hub: Hub, files: Files = NO_FILES
    ) -> None:
        self.pace = pace
        self.connection, self.hub = hub.given, hub.name
        self.state_folder, self.truth_file = files
        self.timeline = Timeline(fleet, faults, pace.first(millis()))
        self.truth = Truth()
        self.acknowledged = 0
        self.stop = threading.Event()
        self.state: State | None = None
        self.commanded = Commanded(hub, self.timeline) if hub.commands else None
        self.past = pace.history > 0
        """Whether the history is still being sent."""
        self._epochs = 0

    def run(self, report: Report) -> Answer:
        """Send until the end; WRONG when the hub took nothing of what was sent."""
        with (
            stopped_by_signals(self.stop),
            State(self.state_folder) if self.state_folder else nullcontext() as state,
        ):
            self.state = state
            sender = Sender(self.connection, self.hub)
            try:
                self._begin()
                self._follow(sender, report)
            finally:
                if self.commanded:
                    self.commanded.close()
                unsent = sender.close(FINISH)
                self._take(sender)
                self._save(unsent)
                if state:
                    state.finish()
                self._write_truth(unsent)
                figures = self._figures(sender, 0.0) | {"unsent": len(unsent), "final": True}
                report.report(figures)
                report.close()
        if unsent and not self.acknowledged:
            wrong = f"the hub took none of {len(unsent)} events"
            return Answer(figures, report.last(figures), Exit.WRONG, wrong)
        return Answer(figures, report.last(figures))

    def _begin(self) -> None:
        if self.state and self.state.load(self.timeline, self.truth):
            self.past = False  # it went through its history in an earlier run
            if self.state.unclean:
                self._storage_lost()
        if self.pace.dates == "now" and not self.past:
            self.timeline.dating = Dating(self.timeline.now, millis(), self.pace.speed)
        self._save([])

    def _storage_lost(self) -> None:
        self.truth.exact = False
        for unit in self.timeline.units:
            self.timeline.add(unit.new_epoch(self.timeline.now, "storage-lost"))
            self.timeline.touched(unit)

    def _follow(self, sender: Sender, report: Report) -> None:
        begun = last = time.monotonic()
        model, sent = self.timeline.now, 0
        saved, cost = begun, 0.0
        while not self.stop.wait(TICK):
            now = time.monotonic()
            if self.pace.over(self.timeline.now, now - begun, sender.pending):
                return
            model = self._later(model, now - last, sender.pending)
            if self.commanded and not self.past:
                self.commanded.step(now)
            due = [delivery for _, delivery in self.timeline.until(model)]
            # A new epoch is on disk before anything of it leaves, so that no later run takes it again.
            if now - saved > max(5.0, 20 * cost) or self.timeline.epochs != self._epochs:
                self._save(due)
                saved, cost = now, time.monotonic() - now
            sender.submit(due)
            self._take(sender)
            if report.due():
                report.report(self._figures(sender, (self.acknowledged - sent)))
                sent = self.acknowledged
            last = now

    def _later(self, model: int, seconds: float, pending: int) -> int:
        """Model time after so many seconds, unless too much waits at the hub's door."""
        now = millis()
        if self.past:
            if pending < ENOUGH:
                model = min(now, model + int(seconds * 1000 * CATCH_UP))
            if model == now:
                self.past = False
                self.timeline.dating = Dating(model, now, self.pace.speed)
        elif pending < ENOUGH:
            model = self.pace.later(model, seconds, now)
        elif self.pace.dates == "now":
            self.timeline.dating = Dating(model, now, self.pace.speed)
        return model

    def _take(self, sender: Sender) -> None:
        while not sender.acknowledged.empty():
            for delivery in sender.acknowledged.get():
                machine = self.timeline.units[delivery.machine].model.spec.id
                self.truth.acknowledge(machine, delivery)
                self.acknowledged += 1

    def _save(self, unsent: list[Delivery]) -> None:
        self._epochs = self.timeline.epochs
        if self.state:
            self.state.save(self.timeline, self.truth, unsent)

    def _figures(self, sender: Sender, rate: float) -> dict[str, Any]:
        return {
            "sent": self.acknowledged,
            "acknowledged": self.acknowledged,
            "machines": self.timeline.fleet.machines,
            "rate": rate,
            "waiting": sender.pending,
            "offline": sum(unit.link.away_until > 0 for unit in self.timeline.units),
            "undeliverable": sender.undeliverable,
            "time": iso(self.timeline.now),
            "history": self.past,
            "truth": self.truth.totals(),
        }

    def _write_truth(self, unsent: list[Delivery]) -> None:
        if self.truth_file:
            fleet = self.timeline.fleet
            facts = {"seed": fleet.seed, "prefix": fleet.prefix}
            for delivery in unsent:
                self.truth.doubt(delivery)
            devices = self.timeline.devices()
            told = describe(self.truth, devices, **facts, unsent=len(unsent), acknowledged=self.acknowledged)
            write(self.truth_file, told)


def millis() -> int:
    """Now, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end the run instead of the process; a second SIGINT ends the process."""

    def handle(number: int, _: object) -> None:
        if number == signal.SIGINT and stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
