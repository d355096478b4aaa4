"""Queue trigger: several messages at once, kept invisible while they run, poison after five attempts.

Source: Azure/azure-sdk-for-net Storage.Queues QueueListener, QueueProcessor, QueuesOptions.
"""

import asyncio
import base64
import binascii
import contextlib
import os
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker, stopped_within
from devstack.functions.listeners.invisible import kept_invisible
from devstack.functions.model import Function
from devstack.functions.outputs import queue_encoding
from devstack.functions.storage import Storage
from devstack.functions.wire import Wire

_ROOT = "extensions.queues"
SHORTEST_POLL = 0.1
SETTLE = 2.0


@dataclass(frozen=True)
class QueueSettings:
    """host.json ``extensions.queues``; seconds. ``lease`` is the invisibility of a message in work."""

    batch: int
    threshold: int
    max_dequeue: int
    retry_after: float
    max_poll: float
    plain: bool
    lease: float


def read(configuration: Configuration) -> QueueSettings:
    """Read and check the section."""
    batch = configuration.integer(f"{_ROOT}.batchSize", 16, low=1, high=32)
    cores = os.cpu_count() or 1
    return QueueSettings(
        batch=batch,
        threshold=configuration.integer(f"{_ROOT}.newBatchThreshold", batch // 2 * cores),
        max_dequeue=configuration.integer(f"{_ROOT}.maxDequeueCount", 5, low=1),
        retry_after=configuration.seconds(f"{_ROOT}.visibilityTimeout", "00:00:00"),
        max_poll=max(SHORTEST_POLL, configuration.seconds(f"{_ROOT}.maxPollingInterval", "00:01:00")),
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


class QueueListener:
    """Polls one queue for one function, with a back-off from 100 ms to ``maxPollingInterval``."""

    def __init__(self, function: Function, invoker: Invoker, settings: QueueSettings, queue: QueueClient,
                 poison: QueueClient) -> None:  # fmt: skip
        self._function = function
        self._invoker = invoker
        self._settings = settings
        self._queue = queue
        self._poison = poison
        self._running: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Fetch no more; messages in work go on."""
        self._stop.set()
        if self._task is not None:
            # Only a fetch from a service that does not answer takes longer.
            await asyncio.wait([self._task], timeout=SETTLE)
            self._task.cancel()

    async def close(self) -> None:
        """Let ended invocations be settled; a message that is cut off becomes visible again by itself."""
        if self._running:
            await asyncio.wait(self._running, timeout=SETTLE)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _poll(self) -> None:
        pause = SHORTEST_POLL
        while not self._stop.is_set():
            found = 0
            if len(self._running) <= self._settings.threshold:
                found = await self._fetch()
                pause = SHORTEST_POLL if found else min(pause * 2, self._settings.max_poll)
            if self._running and (found or len(self._running) > self._settings.threshold):
                await self._one_done(pause)
            else:
                await stopped_within(self._stop, pause)

    async def _one_done(self, pause: float) -> None:
        await asyncio.wait(self._running, timeout=pause, return_when=asyncio.FIRST_COMPLETED)

    async def _fetch(self) -> int:
        count = 0
        try:
            pages = self._queue.receive_messages(
                max_messages=self._settings.batch, visibility_timeout=int(self._settings.lease),
                messages_per_page=self._settings.batch,
            )  # fmt: skip
            async for message in pages:
                count += 1
                task = asyncio.create_task(self._work(message))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        except ResourceNotFoundError:
            return 0
        except AzureError as error:
            log.error(f"{self._function.where()}: {type(error).__name__}: {error}; polling again")
        return count

    async def _work(self, message: QueueMessage) -> None:
        try:
            if (message.dequeue_count or 1) > self._settings.max_dequeue:
                await self._to_poison(message, "was received too often before")
                return
            body = self._decoded(message)
            if body is None:
                await self._to_poison(
                    message, "is not base64 (set extensions.queues.messageEncoding to none?)"
                )
                return
            async with kept_invisible(self._queue, message, self._settings.lease, self._function.where()):
                call = Call(("string", body), _metadata(message, body), f"message {message.id}")
                outcome = await self._invoker.once(self._function, call)
            await self._settle(message, ok=outcome.ok)
        except AzureError as error:
            log.error(f"{self._function.where()}, message {message.id}: {type(error).__name__}: {error}")

    async def _settle(self, message: QueueMessage, *, ok: bool) -> None:
        if ok:
            await self._queue.delete_message(message)
        elif (message.dequeue_count or 1) >= self._settings.max_dequeue:
            await self._to_poison(message, f"failed {message.dequeue_count} times")
        else:
            await self._queue.update_message(message, visibility_timeout=int(self._settings.retry_after))

    async def _to_poison(self, message: QueueMessage, why: str) -> None:
        log.error(f"{self._function.where()}: message {message.id} {why}; moved to {self._poison.queue_name}")
        try:
            await self._poison.send_message(message.content)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                await self._poison.create_queue()
            await self._poison.send_message(message.content)
        await self._queue.delete_message(message)

    def _decoded(self, message: QueueMessage) -> str | None:
        if self._settings.plain:
            return str(message.content)
        try:
            return base64.b64decode(message.content, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None


def listener(
    function: Function, invoker: Invoker, configuration: Configuration, storage: Storage
) -> QueueListener:
    """Resolve names and the connection. A queue that does not exist yet is waited for."""
    name = function.text("queueName", configuration)
    connection = function.trigger.get("connection")
    service = storage.queues(connection, function.where())
    poison = service.get_queue_client(f"{name}-poison")
    return QueueListener(function, invoker, read(configuration), service.get_queue_client(name), poison)


def _metadata(message: QueueMessage, body: str) -> dict[str, Wire]:
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    found: dict[str, Wire] = {
        "QueueTrigger": ("string", body),
        "Id": ("string", str(message.id)),
        "PopReceipt": ("string", str(message.pop_receipt)),
        "DequeueCount": ("json", str(message.dequeue_count)),
    }
    for name, moment in times.items():
        if moment is not None:
            found[name] = ("json", f'"{moment.isoformat()}"')
    return found
