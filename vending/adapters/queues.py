"""A Storage queue of JSON messages, in base64 as the Functions queue trigger expects by default."""

from typing import Any

import msgspec
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from vending.adapters.faults import meaning, status_of, translated, waits
from vending.errors import VendstreamError

MAX_BYTES = 48 * 1024
"""Of a message before base64: the service takes 64 KiB after it."""


class StorageQueue:
    """The port Queue on one queue."""

    def __init__(self, queue: QueueClient) -> None:
        self.queue = queue
        self._encoding = TextBase64EncodePolicy()

    async def send(self, message: dict[str, Any]) -> None:
        """Add a message. Raises ValueError above :data:`MAX_BYTES`."""
        text = msgspec.json.encode(message)
        if len(text) > MAX_BYTES:
            raise ValueError(
                f"a message of {len(text)} bytes for queue {self.queue.queue_name}; it takes {MAX_BYTES}"
            )
        with translated(f"send to queue {self.queue.queue_name}", _decide):
            await self.queue.send_message(self._encoding.encode(text.decode()))

    async def length(self) -> int:
        """About how many messages wait."""
        with translated(f"read queue {self.queue.queue_name}", _decide):
            return int((await self.queue.get_queue_properties()).approximate_message_count or 0)


class PoisonQueue:
    """The port QueueLength on a queue that the host makes when it first needs it."""

    def __init__(self, queue: QueueClient) -> None:
        self.queue = queue

    async def length(self) -> int:
        """About how many messages; 0 where there is no such queue."""
        with translated(f"read queue {self.queue.queue_name}", _decide):
            try:
                properties = await self.queue.get_queue_properties()
            except ResourceNotFoundError:
                return 0
        return int(properties.approximate_message_count or 0)


def _decide(fault: AzureError, what: str) -> VendstreamError | None:
    """A queue that is missing or being deleted comes back when somebody creates it."""
    return waits(fault, what) if status_of(fault) in (404, 409) else meaning(fault, what)
