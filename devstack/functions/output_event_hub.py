"""Output binding ``eventHub``: one event an item, in batches without a partition key.

Source: Azure/azure-sdk-for-net EventHubAsyncCollector (a full batch is sent before the next item, the rest at
the end; an event over the limit of a batch fails) and EventHubExtensionConfigProvider (bodies are the bytes).
"""

from typing import Any

from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.output_binding import resolved
from devstack.functions.output_values import OutputFailed, bodies
from devstack.functions.storage import Storage
from devstack.functions.wire import Wire


class EventHubOutput:
    """Sends to hubs through one producer for each connection and hub, kept open with the host's clients."""

    def __init__(self, configuration: Configuration, storage: Storage) -> None:
        self._configuration = configuration
        self._storage = storage

    def check(self, binding: dict[str, Any], where: str) -> None:
        """Resolve the hub's name and the connection."""
        self._names(binding, where)

    async def write(self, binding: dict[str, Any], where: str, value: Wire) -> None:
        """Send every item. What was sent before one that fails stays sent."""
        producer = self._producer(*self._names(binding, where))
        try:
            await _send(producer, bodies(value, where), where)
        except (EventHubError, AzureError) as error:
            raise OutputFailed(f"{where}: {type(error).__name__}: {error}") from error

    def _names(self, binding: dict[str, Any], where: str) -> tuple[str, str]:
        connection = self._configuration.connection(binding.get("connection"), where)
        if not connection.lower().startswith("endpoint=sb://"):
            raise ConfigurationError(f"{where}: the connection must read Endpoint=sb://…")
        return connection, resolved(self._configuration, binding, "eventHubName", where)

    def _producer(self, connection: str, hub: str) -> EventHubProducerClient:
        def make() -> EventHubProducerClient:
            return EventHubProducerClient.from_connection_string(connection, eventhub_name=hub)

        return self._storage.opened(f"event hub {hub} {connection}", make)


async def _send(producer: EventHubProducerClient, found: list[bytes], where: str) -> None:
    batch = await producer.create_batch() if found else None
    for body in found:
        if batch is None or not _added(batch, body):
            if batch is not None and len(batch):
                await producer.send_batch(batch)
            batch = await producer.create_batch()
            if not _added(batch, body):
                limit = batch.max_size_in_bytes
                raise OutputFailed(
                    f"{where}: an event of {len(body)} bytes is over the hub's limit of {limit}"
                )
    if batch is not None and len(batch):
        await producer.send_batch(batch)


def _added(batch: Any, body: bytes) -> bool:
    try:
        batch.add(EventData(body))
    except ValueError:
        return False
    return True
