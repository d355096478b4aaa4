"""Output binding ``queue``: one message an item, base64 unless host.json says ``messageEncoding: none``."""

import base64
from typing import Any

from azure.core.exceptions import AzureError

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.output_binding import resolved
from devstack.functions.output_values import OutputFailed, bodies
from devstack.functions.storage import Storage, queue_name
from devstack.functions.wire import Wire


class QueueOutput:
    """Writes to queues, made when they are missing."""

    def __init__(self, configuration: Configuration, storage: Storage) -> None:
        self._configuration = configuration
        self._storage = storage
        self._plain = queue_encoding(configuration) == "none"

    def check(self, binding: dict[str, Any], where: str) -> None:
        """Resolve the name and the connection."""
        self._name(binding, where)
        self._storage.queues(binding.get("connection"), where)

    async def write(self, binding: dict[str, Any], where: str, value: Wire) -> None:
        """Send every item, in order."""
        texts = [self._encoded(body, where) for body in bodies(value, where)]
        try:
            queue = await self._storage.queue(binding.get("connection"), self._name(binding, where), where)
            for text in texts:
                await queue.send_message(text)
        except AzureError as error:
            raise OutputFailed(f"{where}: {type(error).__name__}: {error}") from error

    def _name(self, binding: dict[str, Any], where: str) -> str:
        return queue_name(resolved(self._configuration, binding, "queueName", where), where)

    def _encoded(self, body: bytes, where: str) -> str:
        if not self._plain:
            return base64.b64encode(body).decode("ascii")
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise OutputFailed(
                f"{where}: with messageEncoding none a message is a text, and these bytes are no UTF-8"
            ) from error


def queue_encoding(configuration: Configuration) -> str:
    """``base64`` (the default) or ``none``: extensions.queues.messageEncoding."""
    found = str(configuration.value("extensions.queues.messageEncoding", "base64")).lower()
    if found not in ("base64", "none"):
        raise ConfigurationError(f"host.json extensions.queues.messageEncoding is {found!r}: base64 or none")
    return found
