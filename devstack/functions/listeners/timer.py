"""Timer trigger: one listener among all hosts, a status blob, past due at most once at start.

Source: azure-webjobs-sdk-extensions TimerListener, StorageScheduleMonitor.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.invoker import Call, Invoker, Outcome, stopped_within
from devstack.functions.leases import SingletonLock
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.listeners.schedule import Schedule
from devstack.functions.model import Function
from devstack.functions.storage import HOSTS, Storage


class TimerListener:
    """Runs a function on its schedule, never twice at once in one listener."""

    def __init__(self, function: Function, invoker: Invoker, configuration: Configuration, storage: Storage,
                 host_id: str) -> None:  # fmt: skip
        self._function = function
        self._invoker = invoker
        self._storage = storage
        expression = function.text("schedule", configuration)
        self._schedule = Schedule(expression, function.where())
        self._monitored = function.trigger.get("useMonitor", True) and not self._schedule.sub_minute(_now())
        self._path = f"timers/{host_id}/Host.Functions.{function.name}/status"
        lock = f"locks/{host_id}/Host.Functions.{function.name}.Listener"
        self._lock = SingletonLock(configuration, storage, lock)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._status: dict[str, str] | None = None

    async def start(self) -> None:
        """Seek the lock and begin to wait for the first occurrence."""
        await persistently(self._lock.start, self._function.where())
        # A status that cannot be read is waited for: the listener begins again, as at a start.
        self._task = asyncio.create_task(persistently(self._loop, self._function.where()))

    async def stop(self) -> None:
        """No further occurrence runs."""
        self._stop.set()

    async def close(self) -> None:
        """Let the status of a run that ended be written, then release the lock."""
        if self._task is not None:
            if self._lock.held.is_set():
                await asyncio.wait([self._task], timeout=2.0)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lock.close()

    async def trigger(self) -> Outcome:
        """Run now, outside the schedule (the admin endpoint): no status is read or written."""
        return await self._run(past_due=False)

    async def _loop(self) -> None:
        await self._lock.held.wait()
        due = await self._first()
        while not await stopped_within(self._stop, max(0.0, (due - _now()).total_seconds())):
            await self._lock.held.wait()
            began = _now()
            await self._run(past_due=False)
            due = await self._after(began, due)

    async def _first(self) -> datetime:
        """At start: a stored next occurrence that has passed is run once, as past due; else runOnStartup."""
        now = _now()
        stored = await self._read() if self._monitored else None
        if stored is not None and self._past_due(stored, now):
            self._status = stored
            await self._run(past_due=True)
            return await self._after(now, now)
        if self._function.trigger.get("runOnStartup"):
            await self._run(past_due=False)
            return await self._after(now, now)
        due = self._schedule.next_after(now)
        if self._monitored:
            await self._write({"Last": (stored or {}).get("Last", _NEVER), "Next": due.isoformat(),
                               "LastUpdated": now.isoformat()})  # fmt: skip
        return due

    def _past_due(self, stored: dict[str, str], now: datetime) -> bool:
        """The stored occurrence has passed, and it is one of the present schedule (a changed schedule never
        is).
        """
        last = datetime.fromisoformat(stored["LastUpdated"])
        known = datetime.fromisoformat(stored["Next"])
        return now > known and self._schedule.next_after(last) == known

    async def _after(self, began: datetime, ran: datetime) -> datetime:
        now = _now()
        # A clock that woke up a hair early must not run the same occurrence twice.
        due = self._schedule.next_after(max(now, ran))
        if self._monitored:
            stamp = began.isoformat()
            await self._write({"Last": stamp, "Next": due.isoformat(), "LastUpdated": now.isoformat()})
        return due

    async def _run(self, *, past_due: bool) -> Outcome:
        content = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": self._status, "IsPastDue": past_due}
        call = Call(("json", json.dumps(content)), {}, "past due" if past_due else "")
        return await self._invoker.run(self._function, call, self._stop)

    async def _read(self) -> dict[str, str] | None:
        blob = (await self._storage.container(HOSTS)).get_blob_client(self._path)
        try:
            found: dict[str, Any] = json.loads(await (await blob.download_blob()).readall())
        except ResourceNotFoundError:
            return None
        return {str(key): str(value) for key, value in found.items()}

    async def _write(self, status: dict[str, str]) -> None:
        self._status = status
        blob = (await self._storage.container(HOSTS)).get_blob_client(self._path)
        try:
            await blob.upload_blob(json.dumps(status).encode(), overwrite=True)
        except AzureError as error:
            log.error(
                f"{self._function.where()}: status blob was not written ({type(error).__name__}: {error})"
            )


_NEVER = "0001-01-01T00:00:00+00:00"


def _now() -> datetime:
    return datetime.now(UTC)
