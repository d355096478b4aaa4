"""Storage clients by connection, opened once and closed with the host.

They try again after a second, not after the 15 s and more of their defaults: the service is on this machine.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError

HOSTS = "azure-webjobs-hosts"
DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)


class Storage:
    """Blob and queue services of the app's storage connections."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._blobs: dict[str, BlobServiceClient] = {}
        self._queues: dict[str, QueueServiceClient] = {}
        self._made: set[str] = set()
        self._lock = asyncio.Lock()

    def text(self, connection: str | None, where: str) -> str:
        """The connection string, ``UseDevelopmentStorage=true`` spelled out."""
        found = self._configuration.connection(connection, where)
        return DEVELOPMENT if found.strip().rstrip(";") == "UseDevelopmentStorage=true" else found

    def blobs(self, connection: str | None, where: str) -> BlobServiceClient:
        """The blob service of a connection."""
        text = self.text(connection, where)
        if text not in self._blobs:
            try:
                self._blobs[text] = BlobServiceClient.from_connection_string(
                    text, initial_backoff=0, increment_base=1, retry_total=2, random_jitter_range=0
                )
            except ValueError as error:
                raise ConfigurationError(f"{where}: connection {connection!r}: {error}") from error
        return self._blobs[text]

    def queues(self, connection: str | None, where: str) -> QueueServiceClient:
        """The queue service of a connection."""
        text = self.text(connection, where)
        if text not in self._queues:
            try:
                self._queues[text] = QueueServiceClient.from_connection_string(
                    text, initial_backoff=0, increment_base=1, retry_total=2, random_jitter_range=0
                )
            except ValueError as error:
                raise ConfigurationError(f"{where}: connection {connection!r}: {error}") from error
        return self._queues[text]

    async def container(self, name: str) -> ContainerClient:
        """A container of the host's own storage account, made when it is missing."""
        client = self.blobs(None, "the host").get_container_client(name)
        async with self._lock:
            if name not in self._made:
                with contextlib.suppress(ResourceExistsError):
                    await client.create_container()
                self._made.add(name)
        return client

    async def queue(self, connection: str | None, name: str, where: str) -> QueueClient:
        """A queue, made when it is missing (as the platform's output binding does)."""
        client = self.queues(connection, where).get_queue_client(name)
        async with self._lock:
            if client.url not in self._made:
                with contextlib.suppress(ResourceExistsError):
                    await client.create_queue()
                self._made.add(client.url)
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for blobs in self._blobs.values():
            await blobs.close()
        for queues in self._queues.values():
            await queues.close()
