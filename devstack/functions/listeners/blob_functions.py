"""The functions that blobs trigger, and what is done with a message of their internal queue.

Source: Azure/azure-sdk-for-net BlobQueueTriggerExecutor: a version that is gone or was overwritten is passed
over; poison goes to ``webjobs-blobtrigger-poison`` in the account of the blob.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import ContainerClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions import log
from devstack.functions.invoker import Call, Invoker
from devstack.functions.listeners import blob_message
from devstack.functions.listeners.blob_message import BlobMessage, quoted
from devstack.functions.listeners.blob_path import BlobPath
from devstack.functions.model import Function
from devstack.functions.wire import Wire

POISON = "webjobs-blobtrigger-poison"


@dataclass(frozen=True)
class BlobFunction:
    """One function. ``complete``: every version is found; otherwise as the platform's scan finds them."""

    function: Function
    path: BlobPath
    container: ContainerClient
    poison: QueueClient
    complete: bool

    @property
    def id(self) -> str:
        """The name that messages and receipts carry."""
        return f"Host.Functions.{self.function.name}"


class BlobQueue:
    """Runs the functions for the messages of the host's internal queue."""

    where = "blob triggers"

    def __init__(
        self, invoker: Invoker, poison: QueueClient, found: Callable[[BlobFunction, str], None]
    ) -> None:
        self._invoker = invoker
        self._default_poison = poison
        self._found = found
        self.functions: dict[str, BlobFunction] = {}
        self.stopping = asyncio.Event()

    async def run(self, message: QueueMessage, body: bytes) -> bool:
        """Whether the message is done with: the function succeeded, or there is nothing to do."""
        try:
            about = blob_message.decoded(body)
        except ValueError as error:
            log.error(f"{self.where}: message {message.id}: {error}")
            return False
        wanted = self.functions.get(about.function_id)
        if wanted is None:
            log.error(
                f"{self.where}: {about.function_id} is not of this app any more: {about.name} is passed over"
            )
            return True
        return await self._version(wanted, about)

    def poison(self, body: bytes | None, /) -> QueueClient | None:
        """The poison queue of the account that the blob is in."""
        try:
            wanted = self.functions.get(blob_message.decoded(body or b"").function_id)
        except ValueError:
            wanted = None
        return wanted.poison if wanted is not None else self._default_poison

    async def _version(self, wanted: BlobFunction, about: BlobMessage) -> bool:
        blob = wanted.container.get_blob_client(about.name)
        try:
            stream = await blob.download_blob()
            if quoted(stream.properties.etag) != about.etag:
                # Overwritten meanwhile: the new version is looked at without waiting for a scan to find it.
                self._found(wanted, about.name)
                return True
            content = await stream.readall()
        except ResourceNotFoundError:
            return True
        metadata = _metadata(wanted.path, stream.properties, blob.url)
        call = Call(("bytes", content), metadata, f"blob {about.name}")
        return (await self._invoker.run(wanted.function, call, self.stopping)).ok


def _metadata(path: BlobPath, properties: BlobProperties, url: str) -> dict[str, Wire]:
    modified = properties.last_modified
    about = {
        "ContentLength": properties.size,
        "ContentType": properties.content_settings.content_type,
        "ETag": properties.etag,
        "LastModified": modified.isoformat() if modified else None,
    }
    found: dict[str, Wire] = {
        "BlobTrigger": ("string", f"{path.container}/{properties.name}"),
        "Uri": ("json", json.dumps(url)),
        "Properties": ("json", json.dumps(about)),
        "Metadata": ("json", json.dumps(dict(properties.metadata or {}))),
    }
    tokens = path.match(properties.name) or {}
    return found | {name: ("string", value) for name, value in tokens.items()}
