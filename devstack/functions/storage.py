"""Storage clients by connection, opened once and closed with the host.

They try again after a second, not after the 15 s and more of their defaults, and wait 10 s for an answer, not
60: the service is on this machine.
An app without storage does not import the SDKs, which takes as long as all the rest of its host.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient, ContainerClient
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

HOSTS = "azure-webjobs-hosts"
DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)
IMPATIENT: dict[str, Any] = {
    "initial_backoff": 0,
    "increment_base": 1,
    "retry_total": 2,
    "random_jitter_range": 0,
    "read_timeout": 10,
}
"""Options of every storage client of the host."""
_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*")


class Client(Protocol):
    """A client that holds connections open."""

    async def close(self) -> None:
        """Let go of them."""


class Storage:
    """Blob and queue services of the app's storage connections, and other clients that live with the host."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._clients: dict[str, Client] = {}
        self._made: set[str] = set()
        self._lock = asyncio.Lock()

    def opened[T: Client](self, key: str, make: Callable[[], T]) -> T:
        """The client of that key, made at its first use and closed with the host."""
        if key not in self._clients:
            self._clients[key] = make()
        return cast(T, self._clients[key])

    def text(self, connection: str | None, where: str) -> str:
        """The connection string, ``UseDevelopmentStorage=true`` spelled out."""
        found = self._configuration.connection(connection, where)
        return DEVELOPMENT if found.strip().rstrip(";") == "UseDevelopmentStorage=true" else found

    def blobs(self, connection: str | None, where: str) -> "BlobServiceClient":
        """The blob service of a connection."""
        from azure.storage.blob.aio import BlobServiceClient

        text = self.text(connection, where)
        try:
            return self.opened(
                f"blobs {text}", lambda: BlobServiceClient.from_connection_string(text, **IMPATIENT)
            )
        except ValueError as error:
            raise ConfigurationError(f"{where}: connection {connection!r}: {error}") from error

    def queues(self, connection: str | None, where: str) -> "QueueServiceClient":
        """The queue service of a connection."""
        from azure.storage.queue.aio import QueueServiceClient

        text = self.text(connection, where)
        try:
            return self.opened(
                f"queues {text}", lambda: QueueServiceClient.from_connection_string(text, **IMPATIENT)
            )
        except ValueError as error:
            raise ConfigurationError(f"{where}: connection {connection!r}: {error}") from error

    async def container(self, name: str) -> "ContainerClient":
        """A container of the host's own storage account, made when it is missing."""
        from azure.core.exceptions import ResourceExistsError

        client = self.blobs(None, "the host").get_container_client(name)
        async with self._lock:
            if name not in self._made:
                with contextlib.suppress(ResourceExistsError):
                    await client.create_container()
                self._made.add(name)
        return client

    async def queue(self, connection: str | None, name: str, where: str) -> "QueueClient":
        """A queue, made when it is missing (as the platform's output binding does)."""
        from azure.core.exceptions import ResourceExistsError

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
        for client in self._clients.values():
            await client.close()


def queue_name(name: str, where: str) -> str:
    """The name as the platform uses it, in small letters. ``ConfigurationError`` for one no queue can have.

    Source: Azure/azure-sdk-for-net QueuesExtensionConfigProvider (``NormalizeQueueName``).
    """
    found = name.lower()
    if not valid_queue_name(found):
        raise ConfigurationError(
            f"{where}: {name!r} is no name of a queue: 3 to 63 letters, digits and single dashes between them"
        )
    return found


def valid_queue_name(name: str) -> bool:
    """Whether a queue can have that name: 3 to 63 small letters, digits, single dashes between them."""
    return _QUEUE_NAME.fullmatch(name) is not None
