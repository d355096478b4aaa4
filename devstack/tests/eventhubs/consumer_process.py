"""A consumer of its own process: balances with others through blobs, checkpoints, prints what it gets.

Words: connection string, hub, storage connection string, container.
One line an event: partition, sequence number.
"""

import asyncio
import sys

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore


async def main(cs: str, hub: str, storage: str, container: str) -> None:
    """Consume until killed."""
    store = BlobCheckpointStore.from_connection_string(storage, container)
    client = EventHubConsumerClient.from_connection_string(
        cs, "$Default", eventhub_name=hub, checkpoint_store=store, load_balancing_interval=1,
        partition_ownership_expiration_interval=4,
    )  # fmt: skip

    async def take(context: PartitionContext, events: list[EventData]) -> None:
        for event in events:
            print(context.partition_id, event.sequence_number, flush=True)
        if events:
            await context.update_checkpoint(events[-1])

    async with client:
        await client.receive_batch(take, max_wait_time=0.2, starting_position="-1")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
