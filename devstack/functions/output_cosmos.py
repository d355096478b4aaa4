"""Output binding ``cosmosDB``: every document is upserted, in order.

Source: azure-webjobs-sdk-extensions CosmosDBAsyncCollector: a container that is missing is made with
``createIfNotExists`` (``partitionKey``, ``containerThroughput``), and is an error without.
"""

from typing import Any

from azure.core.exceptions import AzureError
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.output_binding import resolved
from devstack.functions.output_values import OutputFailed, documents
from devstack.functions.storage import Storage
from devstack.functions.wire import Wire


class CosmosOutput:
    """Writes documents through one client for each connection, kept open with the host's clients."""

    def __init__(self, configuration: Configuration, storage: Storage) -> None:
        self._configuration = configuration
        self._storage = storage

    def check(self, binding: dict[str, Any], where: str) -> None:
        """Resolve names and the connection."""
        self._names(binding, where)
        if binding.get("preferredLocations"):
            raise ConfigurationError(
                f"{where}: preferredLocations is not served here; remove it for the local stack"
            )

    async def write(self, binding: dict[str, Any], where: str, value: Wire) -> None:
        """Upsert every document. What was written before one that fails stays written."""
        connection, database, container = self._names(binding, where)
        client = self._client(connection)
        proxy = client.get_database_client(database).get_container_client(container)
        try:
            for document in documents(value, where):
                try:
                    await proxy.upsert_item(document)
                except CosmosResourceNotFoundError:
                    await self._create(client, binding, where)
                    await proxy.upsert_item(document)
        except AzureError as error:
            raise OutputFailed(f"{where}: {type(error).__name__}: {error}") from error

    async def _create(self, client: CosmosClient, binding: dict[str, Any], where: str) -> None:
        _, database, container = self._names(binding, where)
        if not _flag(binding.get("createIfNotExists")):
            raise OutputFailed(
                f"{where}: the container {container!r} (in database {database!r}) does not exist; create it,"
                " or set create_if_not_exists"
            )
        if not binding.get("partitionKey"):
            raise OutputFailed(f"{where}: create_if_not_exists needs a partition_key, such as /id")
        key = PartitionKey(resolved(self._configuration, binding, "partitionKey", where))
        made = await client.create_database_if_not_exists(database)
        throughput = int(binding["containerThroughput"]) if binding.get("containerThroughput") else None
        await made.create_container_if_not_exists(container, key, offer_throughput=throughput)

    def _names(self, binding: dict[str, Any], where: str) -> tuple[str, str, str]:
        connection = self._configuration.connection(binding.get("connection"), where)
        if "accountendpoint=" not in connection.lower():
            raise ConfigurationError(f"{where}: the connection must read AccountEndpoint=…;AccountKey=…;")
        names = [
            resolved(self._configuration, binding, key, where) for key in ("databaseName", "containerName")
        ]
        return connection, names[0], names[1]

    def _client(self, connection: str) -> CosmosClient:
        return self._storage.opened(
            f"cosmos {connection}", lambda: CosmosClient.from_connection_string(connection)
        )


def _flag(value: object) -> bool:
    """Decorators take texts too: ``create_if_not_exists="false"`` is false."""
    return str(value).lower() == "true"
