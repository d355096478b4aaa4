"""Output bindings: what a function put into ``func.Out`` or returned for ``$return``.

Served: ``queue``. A message is sent base64 unless host.json says ``messageEncoding: none``.
"""

import base64
import json
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.queue.aio import QueueClient

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError, HostError
from devstack.functions.model import Function
from devstack.functions.storage import Storage


class OutputFailed(HostError):
    """An output could not be written: the invocation fails, as on the platform."""


class Outputs:
    """Writes the outputs of successful invocations."""

    def __init__(self, configuration: Configuration, storage: Storage) -> None:
        self._configuration = configuration
        self._storage = storage
        self._plain = queue_encoding(configuration) == "none"

    def check(self, function: Function) -> None:
        """Resolve names and connections now, so that a mistake stops the host at start-up."""
        for binding in function.outputs:
            where = function.where(binding)
            self._name(binding, where)
            self._storage.queues(binding.get("connection"), where)

    async def write(self, function: Function, outputs: list[tuple[str, Any]], result: Any) -> None:
        """Write every value. ``OutputFailed`` when the service refuses one."""
        values = dict(outputs)
        values.setdefault("$return", result)
        for binding in function.outputs:
            value = values.get(binding["name"])
            if value is None:
                continue
            where = function.where(binding)
            try:
                queue = await self._storage.queue(
                    binding.get("connection"), self._name(binding, where), where
                )
                await self._send(queue, value)
            except AzureError as error:
                raise OutputFailed(f"{where}: {type(error).__name__}: {error}") from error

    def _name(self, binding: dict[str, Any], where: str) -> str:
        found = binding.get("queueName")
        if not isinstance(found, str) or not found:
            raise ConfigurationError(f"{where}: queueName is missing")
        name = self._configuration.resolve(found, where)
        if "{" in name:
            raise ConfigurationError(
                f"{where}: binding expressions such as {name!r} are not served; use %SETTING%"
            )
        return name

    async def _send(self, queue: QueueClient, value: Any) -> None:
        for body in _messages(value):
            text = body.decode("utf-8") if self._plain else base64.b64encode(body).decode("ascii")
            await queue.send_message(text)


def queue_encoding(configuration: Configuration) -> str:
    """``base64`` (the default) or ``none``: extensions.queues.messageEncoding."""
    found = str(configuration.value("extensions.queues.messageEncoding", "base64")).lower()
    if found not in ("base64", "none"):
        raise ConfigurationError(f"host.json extensions.queues.messageEncoding is {found!r}: base64 or none")
    return found


def _messages(value: Any) -> list[bytes]:
    """One message for a text, bytes or a QueueMessage; one each for a list."""
    kind, content = value
    if kind == "bytes":
        return [bytes(content)]
    if kind == "string":
        return [content.encode()]
    if kind != "json":
        raise OutputFailed(f"a queue output of type {kind} is not served: set a text, bytes or QueueMessage")
    found = json.loads(content)
    return [_body(one) for one in (found if isinstance(found, list) else [found])]


def _body(one: Any) -> bytes:
    """A QueueMessage travels as ``{"id", "body"}``; anything else as its JSON."""
    if isinstance(one, dict) and set(one) == {"id", "body"}:
        return str(one["body"]).encode()
    return one.encode() if isinstance(one, str) else json.dumps(one).encode()
