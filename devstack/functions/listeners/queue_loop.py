"""The loop behind queue triggers and behind the blob trigger's internal queue.

Several messages at once, invisible while they run, gone when they succeed; after ``max_dequeue`` tries in the
poison queue, or, where there is none, left alone until their invisibility ends. Source:
Azure/azure-sdk-for-net QueueListener, QueueProcessor, SharedQueueWatcher.
"""

import asyncio
import base64
import binascii
import contextlib
import re
from dataclasses import dataclass
from typing import Protocol

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions import log
from devstack.functions.listeners.invisible import kept_invisible
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.listeners.wakes import Wakes

SHORTEST_POLL = 0.1
SETTLE = 2.0
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


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


class Executor(Protocol):
    """What is done with a message."""

    where: str
    """How log lines name whose messages these are."""

    async def run(self, message: QueueMessage, body: bytes) -> bool:
        """Whether the message is done with."""

    def poison(self, body: bytes | None, /) -> QueueClient | None:
        """The queue for a message that cannot be worked off; None: it stays, invisible, where it is."""


class QueueLoop:
    """Polls one queue, with a back-off from 100 ms to ``max_poll`` that a wake cuts short."""

    def __init__(self, queue: QueueClient, settings: QueueSettings, executor: Executor, wakes: Wakes) -> None:
        self._queue = queue
        self._settings = settings
        self._executor = executor
        self._wakes = wakes
        self._wake = wakes.register(str(queue.queue_name))
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.create_task(persistently(self._poll, self._executor.where))

    async def stop(self) -> None:
        """Fetch no more; messages in work go on."""
        self._stopping = True
        self._wake.set()
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
        while not self._stopping:
            found = 0
            if len(self._running) <= self._settings.threshold:
                found = await self._fetch()
                pause = SHORTEST_POLL if found else min(pause * 2, self._settings.max_poll)
            if self._running and (found or len(self._running) > self._settings.threshold):
                await self._one_done(pause)
            else:
                await self._rest(pause)

    async def _one_done(self, pause: float) -> None:
        await asyncio.wait(self._running, timeout=pause, return_when=asyncio.FIRST_COMPLETED)

    async def _rest(self, pause: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
        if not self._stopping:
            self._wake.clear()

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
            log.error(f"{self._executor.where}: {type(error).__name__}: {error}; polling again")
        return count

    async def _work(self, message: QueueMessage) -> None:
        where = self._executor.where
        try:
            body = self._decoded(message)
            if body is None:
                await self._to_poison(
                    message, None, "is not base64 (set extensions.queues.messageEncoding to none?)"
                )
            elif (message.dequeue_count or 1) > self._settings.max_dequeue:
                await self._to_poison(message, body, "was received too often before")
            else:
                async with kept_invisible(self._queue, message, self._settings.lease, where):
                    done = await self._executor.run(message, body)
                await self._settle(message, body, done=done)
        except Exception as error:  # noqa: BLE001 - told here; the message comes back when it is visible again
            log.error(f"{where}, message {message.id}: {type(error).__name__}: {error}")

    async def _settle(self, message: QueueMessage, body: bytes, *, done: bool) -> None:
        if done:
            await self._queue.delete_message(message)
        elif self._executor.poison(body) is None:
            # Released, it would fail again at once and for ever.
            log.error(
                f"{self._executor.where}: message {message.id} failed; it stays invisible for"
                f" {self._settings.lease:.0f} s, because the queue has no poison queue"
            )
        elif (message.dequeue_count or 1) >= self._settings.max_dequeue:
            await self._to_poison(message, body, f"failed {message.dequeue_count} times")
        else:
            await self._queue.update_message(message, visibility_timeout=int(self._settings.retry_after))

    async def _to_poison(self, message: QueueMessage, body: bytes | None, why: str) -> None:
        poison = self._executor.poison(body)
        where = f"{self._executor.where}: message {message.id}"
        if poison is None:
            log.error(f"{where} {why}; it stays invisible, because the queue has no poison queue")
            return
        log.error(f"{where} {why}; moved to {poison.queue_name}")
        try:
            await poison.send_message(message.content)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                await poison.create_queue()
            await poison.send_message(message.content)
        self._wakes.notify(str(poison.queue_name))
        await self._queue.delete_message(message)

    def _decoded(self, message: QueueMessage) -> bytes | None:
        """The bytes of a message. White space in base64, such as line ends, counts for nothing in .NET."""
        text = str(message.content or "")
        if self._settings.plain:
            return text.encode()
        compact = re.sub(r"[ \t\r\n]+", "", text)
        try:
            return base64.b64decode(compact) if _BASE64.fullmatch(compact) else None
        except binascii.Error:
            return None
