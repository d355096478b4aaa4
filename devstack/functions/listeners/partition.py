"""One owned partition: gathers events into batches, runs one at a time, writes the checkpoint."""

import asyncio

from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from devstack.functions import log
from devstack.functions.errors import BindingFailed
from devstack.functions.invoker import Call, Invoker
from devstack.functions.listeners import event_metadata
from devstack.functions.listeners.event_hub_settings import EventHubSettings
from devstack.functions.model import Function


class Partition:
    """Events of one partition on their way to the function. Closed when it is lost or the listener stops."""

    def __init__(
        self, function: Function, invoker: Invoker, settings: EventHubSettings, context: PartitionContext
    ) -> None:
        self._function = function
        self._invoker = invoker
        self._settings = settings
        self._context = context
        self._many = str(function.trigger.get("cardinality", "ONE")).upper() == "MANY"
        self._data_type = str(function.trigger.get("dataType") or "").lower()
        self._cached: list[EventData] = []
        self._turn = asyncio.Lock()
        self._flush: asyncio.Task[None] | None = None
        self._batches = 0
        self._stop = asyncio.Event()
        self._about = {
            "FullyQualifiedNamespace": context.fully_qualified_namespace.partition(":")[0],
            "EventHubName": context.eventhub_name,
            "ConsumerGroup": context.consumer_group,
            "PartitionId": context.partition_id,
        }

    async def take(self, events: list[EventData]) -> None:
        """Dispatch, or keep for a fuller batch when ``minEventBatchSize`` asks for one."""
        async with self._turn:
            self._cached.extend(events)
            while self._cached and not self._stop.is_set() and len(self._cached) >= self._settings.min_batch:
                await self._dispatch()
            if self._cached and self._flush is None:
                self._flush = asyncio.create_task(self._flush_later())

    def close(self) -> None:
        """Drop what is cached: without a checkpoint it is delivered again."""
        self._stop.set()
        self._cached.clear()
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None

    async def _flush_later(self) -> None:
        await asyncio.sleep(self._settings.max_wait)
        async with self._turn:
            self._flush = None
            while self._cached and not self._stop.is_set():
                await self._dispatch()

    async def _dispatch(self) -> None:
        batch = self._cached[: self._settings.max_batch]
        del self._cached[: len(batch)]
        if self._flush is not None and self._flush is not asyncio.current_task():
            self._flush.cancel()
            self._flush = None
        if self._many:
            await self._run(batch)
        else:
            for event in batch:
                if not self._stop.is_set():
                    await self._run([event])
        await self._checkpoint(batch[-1])

    async def _run(self, events: list[EventData]) -> None:
        call = self._call(events)
        # The worker cannot be stopped from here: on the loss of the partition the invocation runs on beside
        # the new owner, as on the platform, and only its checkpoint is left out.
        await asyncio.shield(self._invoker.run(self._function, call, self._stop))

    def _call(self, events: list[EventData]) -> Call:
        """What the worker gets; a call that fails before the function where a message cannot be bound."""
        first, last = events[0].sequence_number, events[-1].sequence_number
        reason = f"partition {self._context.partition_id}, {len(events)} events {first}-{last}"
        name = self._function.name
        try:
            about = (event_metadata.many(events, self._about, name) if self._many
                     else event_metadata.one(events[0], self._about, name))  # fmt: skip
            payload = event_metadata.payload(events, data_type=self._data_type, cardinality_many=self._many)
        except BindingFailed as error:
            return Call(None, reason=reason, fault=self._unbound(str(error), len(events)))
        except Exception as error:  # noqa: BLE001 - whatever a message may hold: its batch fails, not the host
            fault = self._unbound(f"{type(error).__name__}: {error}", len(events))
            return Call(None, reason=reason, fault=fault)
        return Call(payload, about, reason)

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
