"""Rules of the timer trigger on a clock of its own, without a process.

Rules: azure-webjobs-sdk-extensions TimerListener, ScheduleMonitor, TimerSchedule; measured on the platform's
extension beside ours.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from devstack.functions.config import Configuration
from devstack.functions.invoker import Call, Invoker, Outcome
from devstack.functions.listeners import timer
from devstack.functions.listeners.schedule import Schedule
from devstack.functions.listeners.timer import TimerListener
from devstack.functions.listeners.timer_status import NEVER, ScheduleStatus, StatusBlob, checked
from devstack.functions.model import Function
from devstack.functions.storage import Storage

BEGIN = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
_NEVER = "0001-01-01T00:00:00+00:00"


class _World:
    """Clock, status blob and invoker: a run takes ``seconds``; the listener stops after ``runs``."""

    def __init__(self, seconds: float, runs: int, early: float = 0) -> None:
        self.now = BEGIN
        self.seconds = timedelta(seconds=seconds)
        self.began: list[float] = []
        self.contents: list[dict[str, Any]] = []
        self.stored: ScheduleStatus | None = None
        self._runs = runs
        self._early = timedelta(seconds=early)

    async def stopped_within(self, stop: asyncio.Event, delay: float) -> bool:
        self.now += timedelta(seconds=delay) - (self._early if delay else timedelta())
        return len(self.began) >= self._runs

    async def run(self, function: Function, call: Call, stop: asyncio.Event) -> Outcome:
        self.began.append((self.now - BEGIN).total_seconds())
        self.contents.append(json.loads(call.payload[1]))
        self.now += self.seconds
        return Outcome("id", ok=True)

    async def read(self) -> ScheduleStatus | None:
        return self.stored

    async def write(self, status: ScheduleStatus) -> None:
        self.stored = status


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a listener in a world until it stops."""

    async def go(world: _World, schedule: str, **trigger: Any) -> TimerListener:
        monkeypatch.setattr(timer, "_now", lambda: world.now)
        monkeypatch.setattr(timer, "stopped_within", world.stopped_within)
        listener = _listener(world, schedule, **trigger)
        listener._blob = cast(StatusBlob, world)
        listener._lock.held.set()
        async with asyncio.timeout(60):
            await listener._loop()
        return listener

    return go


def _listener(world: Any, schedule: str, **trigger: Any) -> TimerListener:
    binding = {"type": "timerTrigger", "name": "t", "direction": "IN", "schedule": schedule} | trigger
    function = Function("id", "f", True, binding, (binding,), None)
    configuration = Configuration(Path(), {}, {}, {})
    return TimerListener(function, cast(Invoker, world), configuration, Storage(configuration), "host")


async def test_a_run_that_overruns_its_schedule_is_followed_at_once(follow: Callable[..., Any]) -> None:
    """TimerListener: Next counts from when the run began; measured with 5 s and 7 s: next run at once."""
    world = _World(seconds=7, runs=4)
    await follow(world, "*/5 * * * * *")
    assert world.began == [5, 12, 19, 26]


async def test_occurrences_that_were_missed_meanwhile_are_one_run(follow: Callable[..., Any]) -> None:
    """One run at once, however many occurrences the long one passed over."""
    world = _World(seconds=17, runs=3)
    await follow(world, "*/5 * * * * *")
    assert world.began == [5, 22, 39]


async def test_a_tick_that_comes_early_is_the_same_occurrence(follow: Callable[..., Any]) -> None:
    """Ticks may come some ms early: the occurrence after it is the next one, not the same again."""
    world = _World(seconds=0.001, runs=3, early=0.004)
    await follow(world, "*/5 * * * * *")
    assert world.began == [4.996, 9.996, 14.996]


async def test_a_run_at_start_up_sees_a_status(follow: Callable[..., Any]) -> None:
    """Measured: ScheduleStatus filled, LastUpdated of a new timer 0001-01-01; then the run's own times."""
    world = _World(seconds=1, runs=2)
    await follow(world, "0 */5 * * * *", runOnStartup=True)
    next_one = "2026-11-26T12:05:00+00:00"
    assert world.contents[0]["ScheduleStatus"] == {"Last": _NEVER, "Next": next_one, "LastUpdated": _NEVER}
    began = BEGIN.isoformat()
    assert world.contents[1]["ScheduleStatus"] == {"Last": began, "Next": next_one, "LastUpdated": began}
    assert [one["IsPastDue"] for one in world.contents] == [False, False]


async def test_a_new_timer_stores_when_its_next_occurrence_was_reckoned(follow: Callable[..., Any]) -> None:
    """ScheduleMonitor.CheckPastDueAsync: so that the first occurrence is not missed over a restart."""
    world = _World(seconds=1, runs=0)
    await follow(world, "0 */5 * * * *")
    assert world.stored == ScheduleStatus(NEVER, BEGIN + timedelta(minutes=5), BEGIN)


async def test_schedules_under_a_minute_have_no_status(follow: Callable[..., Any]) -> None:
    """TimerTriggerAttribute.UseMonitor goes off."""
    world = _World(seconds=1, runs=1)
    await follow(world, "*/30 * * * * *", runOnStartup=True)
    assert world.contents[0]["ScheduleStatus"] is None
    assert world.stored is None


@pytest.mark.parametrize(
    ("schedule", "short"),
    [
        ("*/5 * * * * *", True), ("10,20,45 * * * * *", True), ("0 * * * * *", False),
        ("30 * * * * *", False),
        # Every second of one minute, and then nothing for an hour.
        ("* 30 * * * *", False), ("* */20 * * * *", False), ("* * 12 * * Mon", False),
    ],
)  # fmt: skip
def test_which_schedules_are_under_a_minute(schedule: str, short: bool) -> None:
    """ShouldDisableScheduleMonitor: its own test cases."""
    assert Schedule(schedule, "here").sub_minute(BEGIN) is short


def test_a_stored_occurrence_counts_from_the_last_run() -> None:
    """CheckPastDueAsync: from Last, else from LastUpdated, else from now; a changed schedule begins anew."""
    five = Schedule("0 */5 * * * *", "here")
    minutes = [BEGIN + timedelta(minutes=n) for n in range(-10, 10)]
    before, due = minutes[0], minutes[5]
    kept = ScheduleStatus(before, due, BEGIN)
    assert checked(kept, five, BEGIN) is kept
    kept = ScheduleStatus(NEVER, due, before)
    assert checked(kept, five, BEGIN) is kept
    assert checked(ScheduleStatus(NEVER, due, NEVER), five, BEGIN) == ScheduleStatus(
        NEVER, minutes[15], BEGIN
    )
    hourly = Schedule("0 0 * * * *", "here")
    changed = checked(ScheduleStatus(before, due, before), hourly, minutes[11])
    assert changed == ScheduleStatus(NEVER, BEGIN + timedelta(hours=1), minutes[11])


async def test_a_stop_does_not_wait_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """TimerListener.StopAsync disposes of the timer; measured: a running one is not waited for."""
    running = asyncio.Event()

    class Endless:
        async def run(self, function: Function, call: Call, stop: asyncio.Event) -> Outcome:
            running.set()
            await asyncio.Event().wait()
            raise AssertionError

    listener = _listener(Endless(), "*/5 * * * * *", runOnStartup=True)
    listener._lock.held.set()
    listener._task = asyncio.create_task(listener._loop())
    async with asyncio.timeout(60):
        await running.wait()
        await listener.stop()

        def waits(*_: Any, **__: Any) -> None:
            raise AssertionError("it waits")

        monkeypatch.setattr(asyncio, "wait", waits)
        await listener.close()
