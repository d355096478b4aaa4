"""Event Hubs trigger: partitions owned through blobs, one batch in flight each, checkpoint afterwards.

Sources: Azure/azure-sdk-for-net EventHubListener.PartitionProcessor (one in-flight batch per partition;
checkpoint whatever the outcome, unless the listener stops or the partition is lost).
"""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from devstack.functions import log
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Invoker
from devstack.functions.listeners.checkpoint_store import checkpoint_store
from devstack.functions.listeners.event_hub_settings import CONTAINER, EventHubSettings
from devstack.functions.listeners.partition import Partition, event_call
from devstack.functions.listeners.prefetch import BoundedClient
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.model import Function
from devstack.functions.storage import Storage


class EventHubListener:
    """One consumer of one function's consumer group."""

    def __init__(self, function: Function, invoker: Invoker, settings: EventHubSettings,
                 names: tuple[str, str, str], storage: Storage) -> None:  # fmt: skip
        self._function = function
        self._invoker = invoker
        self._settings = settings
        self._connection, self._hub, self._group = names
        self._storage = storage
        self._partitions: dict[str, Partition] = {}
        self._ready = asyncio.Event()
        self._client: EventHubConsumerClient | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._stopping = False
        self._where = f"{function.where()} (hub {self._hub!r}, consumer group {self._group!r})"

    async def start(self) -> None:
        """Open the client and return after the first round of balancing, however long the hub is away."""
        await persistently(self._make_container, self._where)
        self._store = checkpoint_store(self._storage.text(None, self._where))
        self._store.balanced = self._ready.set
        try:
            client = BoundedClient.from_connection_string(
                self._connection,
                consumer_group=self._group,
                eventhub_name=self._hub,
                checkpoint_store=self._store,
                load_balancing_interval=self._settings.balance_interval,
                partition_ownership_expiration_interval=self._settings.ownership_expiry,
                logging_enable=False,
            )
        except ValueError as error:
            raise ConfigurationError(f"{self._where}: connection string: {error}") from error
        assert isinstance(client, BoundedClient)  # the SDK types it as its base
        client.prefetch_bytes = self._settings.prefetch_bytes
        self._client = client
        position, inclusive = await self._position(client)
        self._receiving = asyncio.create_task(self._receive(client, position, inclusive))
        await self._ready.wait()

    async def stop(self) -> None:
        """Dispatch nothing more; batches in flight go on, without a checkpoint afterwards.

        As many later batches as are asked for still come, as on the platform, when a retry was cut off.
        """
        self._stopping = True
        await asyncio.gather(*(one.stop() for one in self._partitions.values()))

    async def close(self) -> None:
        """Release the partitions and the connection."""
        if self._client is None:
            return
        await self._client.close()
        if self._receiving is not None:
            self._receiving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._receiving
        await self._store.close()

    async def by_hand(self, given: str | None) -> None:
        """Run the function with one event of this body, as the admin endpoint does."""
        where = {"FullyQualifiedNamespace": "", "EventHubName": self._hub, "ConsumerGroup": self._group,
                 "PartitionId": ""}  # fmt: skip
        event = EventData((given or "").encode())
        now = datetime.now(UTC).timestamp() * 1000
        # It was never in a partition: number 0 and no offset, as good as any.
        event.raw_amqp_message.annotations = {
            b"x-opt-sequence-number": 0, b"x-opt-offset": b"", b"x-opt-enqueued-time": int(now),
        }  # fmt: skip
        call = event_call(self._function, [event], where, "by hand")
        await self._invoker.once(self._function, call)

    async def _make_container(self) -> None:
        await self._storage.container(CONTAINER)

    async def _receive(self, client: EventHubConsumerClient, position: Any, inclusive: bool) -> None:
        await client.receive_batch(
            on_event_batch=self._on_batch,
            max_batch_size=self._settings.max_batch,
            prefetch=self._settings.prefetch,
            starting_position=position,
            starting_position_inclusive=inclusive,
            on_error=self._on_error,
            on_partition_close=self._on_close,
        )

    async def _position(self, client: EventHubConsumerClient) -> tuple[Any, bool]:
        """Where to start without a checkpoint. The end is read now, so that "listens" has a meaning."""
        if self._settings.start == "fromStart":
            return "-1", False
        if isinstance(self._settings.start, datetime):
            # "At or after", said so that it does not apply to a checkpoint, which is always "after".
            return self._settings.start - timedelta(milliseconds=1), False
        found = {}
        for partition in await client.get_partition_ids():
            known = await client.get_partition_properties(partition)
            found[partition] = known["last_enqueued_offset"]
        return found, False

    async def _on_batch(self, context: PartitionContext, events: list[EventData]) -> None:
        partition = self._partitions.get(context.partition_id)
        if not events or (self._stopping and (partition is None or not partition.takes_late)):
            # Holding the callback keeps the client from taking more; closing the client cancels it.
            await asyncio.Event().wait()
        if partition is None:
            written = self._store.written.get(context.partition_id)
            partition = Partition(self._function, self._invoker, self._settings, context, written)
            self._partitions[context.partition_id] = partition
        await partition.take(events)

    async def _on_close(self, context: PartitionContext, _reason: Any) -> None:
        partition = self._partitions.pop(context.partition_id, None)
        if partition is not None:
            partition.close()

    async def _on_error(self, context: PartitionContext | None, error: Exception) -> None:
        if not self._stopping:
            part = f", partition {context.partition_id}" if context is not None else ""
            log.error(f"{self._where}{part}: {type(error).__name__}: {error}; trying again")
