"""Queue trigger: the settings, what a message becomes for the function, and the name of its poison queue.

Source: Azure/azure-sdk-for-net Storage.Queues QueuesOptions, QueueListenerFactory, QueueTriggerBinding.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions import log, timespan
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker
from devstack.functions.listeners.queue_loop import SHORTEST_POLL, QueueLoop, QueueSettings
from devstack.functions.listeners.wakes import Wakes
from devstack.functions.model import Function
from devstack.functions.output_queue import queue_encoding
from devstack.functions.storage import Storage, queue_name, valid_queue_name
from devstack.functions.wire import Wire

_ROOT = "extensions.queues"
_POISON = "-poison"
_RETRY = (
    "the platform runs its retry policy in memory, within one dequeue, and warns that it soon will not;"
    " maxDequeueCount and visibilityTimeout of host.json do the same for good"
)
_NEVER = "9999-12-31T23:59:59.999999+00:00"


def read(configuration: Configuration) -> QueueSettings:
    """Read and check the section."""
    batch = configuration.integer(f"{_ROOT}.batchSize", 16, low=1, high=32)
    cores = os.cpu_count() or 1
    longest = configuration.seconds(f"{_ROOT}.maxPollingInterval", "00:01:00")
    if longest < SHORTEST_POLL:
        raise ConfigurationError(
            f"host.json {_ROOT}.maxPollingInterval must not be less than 00:00:00.1000000"
        )
    # The platform checks nothing here; what the service refuses leaves a failed message invisible.
    again = configuration.value(f"{_ROOT}.visibilityTimeout", "00:00:00")
    return QueueSettings(
        batch=batch,
        threshold=configuration.integer(f"{_ROOT}.newBatchThreshold", batch // 2 * cores),
        max_dequeue=configuration.integer(f"{_ROOT}.maxDequeueCount", 5, low=1),
        retry_after=timespan.seconds(again, f"host.json {_ROOT}.visibilityTimeout", signed=True),
        max_poll=longest,
        plain=queue_encoding(configuration) == "none",
        lease=lease_seconds(configuration),
    )


def lease_seconds(configuration: Configuration) -> float:
    """Invisibility of a message in work; ``DEVSTACK_QUEUE_LEASE_SECONDS`` shortens the ten minutes for
    tests.
    """
    lease = float(configuration.setting("DEVSTACK_QUEUE_LEASE_SECONDS") or 600)
    if lease < 2:
        raise ConfigurationError("DEVSTACK_QUEUE_LEASE_SECONDS must be at least 2")
    return lease


class QueueFunction:
    """Runs one function for the messages of its queue."""

    def __init__(self, function: Function, invoker: Invoker, poison: QueueClient | None) -> None:
        self._function = function
        self._invoker = invoker
        self._poison = poison
        self._binary = _binary(function)
        self.where = function.where()
        self.stopping = asyncio.Event()

    async def run(self, message: QueueMessage, body: bytes) -> bool:
        """Whether it succeeded."""
        return await self._call(body, _about(message), f"message {message.id}")

    def poison(self, _body: bytes | None, /) -> QueueClient | None:
        """The function's poison queue, whatever the message."""
        return self._poison

    async def by_hand(self, text: str | None) -> None:
        """The admin endpoint's run: a message that was never in a queue has no id and was never dequeued."""
        about: dict[str, Wire] = {
            "DequeueCount": ("json", "0"),
            "ExpirationTime": ("json", f'"{_NEVER}"'),
            "InsertionTime": ("json", f'"{datetime.now(UTC).isoformat()}"'),
            "NextVisibleTime": ("json", f'"{_NEVER}"'),
        }
        await self._call((text or "").encode(), about, "by hand")

    async def _call(self, body: bytes, about: dict[str, Wire], reason: str) -> bool:
        text = _text(body)
        if text is not None:
            about["QueueTrigger"] = ("string", text)
        payload: Wire = ("bytes", body) if self._binary else ("string", text)
        call = Call(payload, about, reason, self._fault(text))
        return (await self._invoker.run(self._function, call, self.stopping)).ok

    def _fault(self, text: str | None) -> str | None:
        """Why binding fails, before the function runs."""
        if text is not None or self._binary:
            return None
        name = self._function.trigger["name"]
        return f"Exception binding parameter {name!r}: the message is no UTF-8; data_type=BINARY gives bytes"


class QueueListener:
    """A queue trigger at work."""

    def __init__(self, function: QueueFunction, loop: QueueLoop) -> None:
        self._function = function
        self._loop = loop
        self.start = loop.start
        self.close = loop.close

    async def stop(self) -> None:
        """Fetch no more; messages in work go on, but are not retried."""
        self._function.stopping.set()
        await self._loop.stop()


def build(
    function: Function, invoker: Invoker, configuration: Configuration, storage: Storage, wakes: Wakes
) -> tuple[QueueListener, Callable[[str | None], Awaitable[None]]]:
    """The listener, and what the admin endpoint runs. A queue that does not exist yet is waited for."""
    text = function.text("queueName", configuration)
    service = storage.queues(function.trigger.get("connection"), function.where())
    settings = read(configuration)
    name = queue_name(text, function.where())
    if function.retry:
        log.error(f"Warning: {function.where()}: {_RETRY}")
    poison = poison_name(name)
    executor = QueueFunction(function, invoker, service.get_queue_client(poison) if poison else None)
    loop = QueueLoop(service.get_queue_client(name), settings, executor, wakes)
    return QueueListener(executor, loop), executor.by_hand


def poison_name(queue: str) -> str | None:
    """``{queue}-poison``; None for a poison queue itself and where that name would be too long."""
    name = f"{queue}{_POISON}"
    return name if not queue.endswith(_POISON) and valid_queue_name(name) else None


def _binary(function: Function) -> bool:
    kind = str(function.trigger.get("dataType") or "").upper()
    if kind not in ("", "UNDEFINED", "STRING", "BINARY"):
        raise ConfigurationError(f"{function.where()}: dataType {kind} is not served; use BINARY or STRING")
    return kind == "BINARY"


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _about(message: QueueMessage) -> dict[str, Wire]:
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    found: dict[str, Wire] = {
        "Id": ("string", str(message.id)),
        "PopReceipt": ("string", str(message.pop_receipt)),
        "DequeueCount": ("json", str(message.dequeue_count)),
    }
    for name, moment in times.items():
        if moment is not None:
            found[name] = ("json", f'"{moment.isoformat()}"')
    return found
