"""One owned partition: gathers events into batches, runs one at a time, writes the checkpoint."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from devstack.functions import log
from devstack.functions.errors import BindingFailed
from devstack.functions.invoker import Call, Invoker
from devstack.functions.listeners import event_metadata
from devstack.functions.listeners.event_hub_settings import EventHubSettings
from devstack.functions.model import Function

UNBOUND = (None, None)
LATE_WAIT = 2.0
"""Seconds that a stop waits for later batches, where such are asked for."""


class Partition:
    """Events of one partition on their way to the function. Closed when it is lost, stopped with the
    listener. ``written`` is when its checkpoint was, None without one.
    """

    def __init__(self, function: Function, invoker: Invoker, settings: EventHubSettings,
                 context: PartitionContext, written: datetime | None = None) -> None:  # fmt: skip
        self._function = function
        self._invoker = invoker
        self._settings = settings
        self._context = context
        self._many = str(function.trigger.get("cardinality", "ONE")).upper() == "MANY"
        self._cached: list[EventData] = []
        self._turn = asyncio.Lock()
        self._flush: asyncio.Task[None] | None = None
        self._batches = 0
        self._stop = asyncio.Event()
        self._written = written
        self._began = False
        self._running = False
        self._cut = False
        self._late = settings.late_batches
        self._late_over = asyncio.Event()
        self._about = {
            "FullyQualifiedNamespace": context.fully_qualified_namespace.partition(":")[0],
            "EventHubName": context.eventhub_name,
            "ConsumerGroup": context.consumer_group,
            "PartitionId": context.partition_id,
        }

    @property
    def takes_late(self) -> bool:
        """Whether a later batch still comes after the stop."""
        return self._cut and self._late > 0

    async def take(self, events: list[EventData]) -> None:
        """Dispatch, or keep for a fuller batch when ``minEventBatchSize`` asks for one."""
        async with self._turn:
            self._cached.extend(events)
            while self._cached and self._goes_on() and len(self._cached) >= self._settings.min_batch:
                await self._dispatch()
            if self._cached and self._flush is None and not self._stop.is_set():
                self._flush = asyncio.create_task(self._flush_later())

    def close(self) -> None:
        """Drop what is cached: without a checkpoint it is delivered again."""
        self._late = 0
        self._end()
        self._cached.clear()

    async def stop(self) -> None:
        """Dispatch nothing more, except late batches where they are asked for and a retry was under way."""
        if not (self._running and self._late and self._function.retry):
            self.close()
            return
        self._end()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._late_over.wait(), LATE_WAIT)
        self.close()

    def _end(self) -> None:
        self._stop.set()
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None

    def _goes_on(self) -> bool:
        return not self._stop.is_set() or self.takes_late

    async def _flush_later(self) -> None:
        await asyncio.sleep(self._wait())
        async with self._turn:
            self._flush = None
            while self._cached and self._goes_on():
                await self._dispatch()

    def _wait(self) -> float:
        """``maxWaitTime``; before the first batch only what is left of it since the checkpoint, and nothing
        without one. Source: PartitionProcessor.GetAdjustedMaxWaitTime.
        """
        if self._began:
            return self._settings.max_wait
        if self._written is None:
            return 0.0
        since = (datetime.now(UTC) - self._written).total_seconds()
        return min(max(self._settings.max_wait - since, 0.0), self._settings.max_wait)

    async def _dispatch(self) -> None:
        late = self._stop.is_set()
        self._began = True
        batch = self._cached[: self._settings.max_batch]
        del self._cached[: len(batch)]
        if self._flush is not None and self._flush is not asyncio.current_task():
            self._flush.cancel()
            self._flush = None
        for events in [batch] if self._many else [[event] for event in batch]:
            if late or not self._stop.is_set():
                await self._run(events)
        await self._checkpoint(batch[-1])
        if late:
            self._late -= 1
            if self._late <= 0:
                self._late_over.set()

    async def _run(self, events: list[EventData]) -> None:
        call = self._call(events)
        # The worker cannot be stopped from here: on the loss of the partition the invocation runs on beside
        # the new owner, as on the platform, and only its checkpoint is left out.
        self._running = True
        outcome = await asyncio.shield(self._invoker.run(self._function, call, self._stop))
        self._running = False
        if self._stop.is_set() and not self._cut:
            self._cut = not outcome.ok
            if outcome.ok:
                self._late_over.set()

    def _call(self, events: list[EventData]) -> Call:
        """What the worker gets; a call that fails before the function where a message cannot be bound."""
        first, last = events[0].sequence_number, events[-1].sequence_number
        reason = f"partition {self._context.partition_id}, {len(events)} events {first}-{last}"
        call = event_call(self._function, events, self._about, reason)
        return call if call.fault is None else replace(call, fault=self._unbound(call.fault, len(events)))

    def _unbound(self, why: str, count: int) -> str:
        policy = self._function.retry
        if policy is not None and policy.max_count < 0:
            after = (
                f"the partition stands still for consumer group {self._about['ConsumerGroup']!r}: stop the"
                " host, move its checkpoint past that event, start again"
            )
        else:
            tries = f"after {policy.max_count} retries " if policy is not None else ""
            after = f"{tries}the checkpoint moves past the {count} events of this batch: they are lost to it"
        where = f"function {self._function.name!r}, partition {self._context.partition_id}"
        return f"{where}: {why}. No event of the batch reaches the function; {after}"

    async def _checkpoint(self, event: EventData) -> None:
        self._batches += 1
        if self._stop.is_set() or self._batches % self._settings.checkpoint_frequency:
            return
        try:
            await self._context.update_checkpoint(event)
        except Exception as error:  # noqa: BLE001 - the next one will do; until then a restart redelivers
            log.error(
                f"{self._function.where()}: checkpoint of partition {self._context.partition_id} at"
                f" {event.sequence_number} was not written ({type(error).__name__}: {error})"
            )


def event_call(function: Function, events: list[EventData], about: dict[str, Any], reason: str) -> Call:
    """Payload and metadata of a batch, or of its one event; a ``fault`` for whatever cannot be bound."""
    many = str(function.trigger.get("cardinality", "ONE")).upper() == "MANY"
    data_type = str(function.trigger.get("dataType") or "").lower()
    try:
        metadata = (event_metadata.many(events, about, function.name) if many
                    else event_metadata.one(events[0], about, function.name))  # fmt: skip
        payload = event_metadata.payload(events, data_type=data_type, cardinality_many=many)
    except BindingFailed as error:
        return Call(UNBOUND, reason=reason, fault=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a message may hold: its batch fails, not the host
        return Call(UNBOUND, reason=reason, fault=f"{type(error).__name__}: {error}")
    return Call(payload, metadata, reason)
