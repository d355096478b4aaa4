"""Events into Event Hubs, one at a time, by the official producer."""

from collections.abc import Mapping
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from vending.errors import Transient


class EventHubSender:
    """Sends under a partition key, and waits for the acknowledgement."""

    def __init__(self, producer: EventHubProducerClient) -> None:
        self.producer = producer

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        """Returns when the hub has it. Raises Transient."""
        event = EventData(body)
        event.properties.update(properties)
        try:
            await self.producer.send_batch([event], partition_key=key)
        except EventHubError as fault:
            raise Transient(f"Event Hubs did not take the event: {fault}") from fault

    async def close(self) -> None:
        """Close the connection."""
        await self.producer.close()
