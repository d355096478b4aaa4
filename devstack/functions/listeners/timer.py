"""Timer trigger: one listener among all hosts, a status blob, past due at most once at start.

Source: azure-webjobs-sdk-extensions TimerListener, TimerSchedule (``ShouldDisableScheduleMonitor``).
"""

import asyncio
import json
from datetime import UTC, datetime

from devstack.functions.config import Configuration
from devstack.functions.invoker import Call, Invoker, Outcome, stopped_within
from devstack.functions.leases import SingletonLock
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.listeners.schedule import Schedule
from devstack.functions.listeners.timer_status import NEVER, ScheduleStatus, StatusBlob, checked
from devstack.functions.model import Function
from devstack.functions.storage import Storage


class TimerListener:
    """Runs a function on its schedule, never twice at once in one listener."""

    def __init__(self, function: Function, invoker: Invoker, configuration: Configuration, storage: Storage,
                 host_id: str) -> None:  # fmt: skip
        self._function = function
        self._invoker = invoker
        self._schedule = Schedule(function.text("schedule", configuration), function.where())
        self._monitored = function.trigger.get("useMonitor", True) and not self._schedule.sub_minute(_now())
        self._blob = StatusBlob(storage, host_id, function.name, function.where())
        lock = f"locks/{host_id}/Host.Functions.{function.name}.Listener"
        self._lock = SingletonLock(configuration, storage, lock)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._status = ScheduleStatus(NEVER, NEVER, NEVER)
        self._running = False

    async def start(self) -> None:
        """Seek the lock and begin to wait for the first occurrence."""
        await persistently(self._lock.start, self._function.where())
        # A status that cannot be read is waited for: the listener begins again, as at a start.
        self._task = asyncio.create_task(persistently(self._loop, self._function.where()))

    async def stop(self) -> None:
        """No further occurrence runs."""
        self._stop.set()

    async def close(self) -> None:
        """Let the status of a run that ended be written, then release the lock. A run that goes on is not
        waited for: it is past due at the next start.
        """
        if self._task is not None:
            if self._lock.held.is_set() and not self._running:
                await asyncio.wait([self._task], timeout=2.0)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lock.close()

    async def trigger(self) -> Outcome:
        """Run now, outside the schedule (the admin endpoint): no status is read or written."""
        return await self._run(past_due=False)

    async def _loop(self) -> None:
        await self._lock.held.wait()
        await self._first()
        while not await stopped_within(self._stop, max(0.0, (self._status.next - _now()).total_seconds())):
            await self._lock.held.wait()
            began = _now()
            await self._run(past_due=False)
            # A timer that fired a hair early must not run the same occurrence twice.
            await self._after(max(began, self._status.next))

    async def _first(self) -> None:
        """At start: a stored next occurrence that has passed is run once, as past due; else runOnStartup."""
        now = _now()
        self._status = ScheduleStatus(NEVER, self._schedule.next_after(now), NEVER)
        past_due = self._monitored and await self._past_due(now)
        if past_due or self._function.trigger.get("runOnStartup"):
            await self._run(past_due=past_due)
            await self._after(now)

    async def _past_due(self, now: datetime) -> bool:
        """Take the stored status over, or store that of a new timer: its first run sees no LastUpdated."""
        stored = await self._blob.read()
        if stored is None:
            await self._blob.write(ScheduleStatus(NEVER, self._status.next, now))
            return False
        self._status = checked(stored, self._schedule, now)
        if self._status != stored:
            await self._blob.write(self._status)
        return now > self._status.next

    async def _after(self, ran: datetime) -> None:
        """The next occurrence counts from when this run *began*: one that overran it runs at once."""
        self._status = ScheduleStatus(ran, self._schedule.next_after(ran), ran)
        if self._monitored:
            await self._blob.write(self._status)

    async def _run(self, *, past_due: bool) -> Outcome:
        status = self._status.plain() if self._monitored else None
        content = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        call = Call(("json", json.dumps(content)), {}, "past due" if past_due else "")
        self._running = True
        try:
            return await self._invoker.run(self._function, call, self._stop)
        finally:
            self._running = False


def _now() -> datetime:
    return datetime.now(UTC)
