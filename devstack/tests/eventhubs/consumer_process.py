"""A consumer of its own process: balances with others through blobs, checkpoints, prints what it gets.

Words: sync or aio (the SDK's two clients), connection string, hub, storage connection string, container.
One line an event: partition, sequence number.
"""

import asyncio
import sys
from typing import Any

from azure.eventhub import EventData, EventHubConsumerClient, PartitionContext, aio
from azure.eventhub.extensions import checkpointstoreblob, checkpointstoreblobaio

SHARING: dict[str, Any] = {"load_balancing_interval": 1, "partition_ownership_expiration_interval": 4}
RECEIVING: dict[str, Any] = {"max_wait_time": 0.2, "starting_position": "-1"}


def told(context: PartitionContext | aio.PartitionContext, events: list[EventData]) -> None:
    for event in events:
        print(context.partition_id, event.sequence_number, flush=True)


async def consume_aio(cs: str, hub: str, storage: str, container: str) -> None:
    """Consume until killed."""
    store = checkpointstoreblobaio.BlobCheckpointStore.from_connection_string(storage, container)
    client = aio.EventHubConsumerClient.from_connection_string(
        cs, "$Default", eventhub_name=hub, checkpoint_store=store, **SHARING
    )

    async def take(context: aio.PartitionContext, events: list[EventData]) -> None:
        told(context, events)
        if events:
            await context.update_checkpoint(events[-1])

    async with client:
        await client.receive_batch(take, **RECEIVING)


def consume(cs: str, hub: str, storage: str, container: str) -> None:
    """Consume until killed."""
    store = checkpointstoreblob.BlobCheckpointStore.from_connection_string(storage, container)
    client = EventHubConsumerClient.from_connection_string(
        cs, "$Default", eventhub_name=hub, checkpoint_store=store, **SHARING
    )

    def take(context: PartitionContext, events: list[EventData]) -> None:
        told(context, events)
        if events:
            context.update_checkpoint(events[-1])

    with client:
        client.receive_batch(take, **RECEIVING)


if __name__ == "__main__":
    kind, *words = sys.argv[1:]
    if kind == "aio":
        asyncio.run(consume_aio(*words))
    else:
        consume(*words)
