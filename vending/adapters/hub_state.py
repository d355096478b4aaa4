"""What Event Hubs says of a hub's partitions."""

import asyncio

from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from vending.errors import Transient
from vending.ports import PartitionEnd


class EventHubState:
    """The port Hub, over the management link of a producer client."""

    def __init__(self, client: EventHubProducerClient) -> None:
        self.client = client

    async def ends(self) -> list[PartitionEnd]:
        """Every partition, as it is now. Raises Transient when the hub does not answer."""
        try:
            partitions = await self.client.get_partition_ids()
            # Each of these calls takes a connection of its own, half a second, nearly all of it waiting.
            found = await asyncio.gather(*map(self.client.get_partition_properties, partitions))
        except EventHubError as fault:
            raise Transient(f"the hub did not tell its partitions: {fault}") from fault
        return [
            PartitionEnd(
                str(state["id"]),
                int(state["beginning_sequence_number"]),
                int(state["last_enqueued_sequence_number"]),
            )
            for state in found
        ]

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()
