"""Blob trigger: one run for each version of a blob, through an internal queue, poison after five attempts.

Source: Azure/azure-sdk-for-net Storage.Blobs BlobTriggerExecutor, BlobReceiptManager: receipt
``azure-webjobs-hosts/blobreceipts/{hostId}/{functionId}/{etag}/{container}/{blob}``, poison queue
``webjobs-blobtrigger-poison``. Event Grid does not exist here: both sources are fed by a scan of the
container, every ``DEVSTACK_BLOB_SCAN_SECONDS`` (default 1).
"""

import asyncio
import json
import re
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import ContainerClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker, stopped_within
from devstack.functions.listeners.invisible import kept_invisible
from devstack.functions.listeners.queue import lease_seconds
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.model import Function
from devstack.functions.storage import HOSTS, Storage
from devstack.functions.wire import Wire


class BlobListener:
    """Scans one container for one function."""

    def __init__(self, function: Function, invoker: Invoker, configuration: Configuration, storage: Storage,
                 host_id: str) -> None:  # fmt: skip
        self._function = function
        self._invoker = invoker
        self._storage = storage
        self._pattern = BlobPath(function.text("path", configuration), function.where())
        self._service = storage.blobs(function.trigger.get("connection"), function.where())
        self._container = self._service.get_container_client(self._pattern.container)
        self._receipts = f"blobreceipts/{host_id}/Host.Functions.{function.name}"
        self._interval = float(configuration.setting("DEVSTACK_BLOB_SCAN_SECONDS") or 1)
        self._lease = lease_seconds(configuration)
        self._max_dequeue = configuration.integer("extensions.blobs.poisonBlobThreshold", 5, low=1)
        self._parallel = configuration.integer("extensions.blobs.maxDegreeOfParallelism", 8, low=1, high=32)
        # Names of queues: 63 characters, letters, digits and single dashes.
        short = re.sub(r"[^a-z0-9]+", "-", function.name.lower()).strip("-")[:24]
        self._queue_name = f"azure-webjobs-blobtrigger-{host_id[:8].strip('-')}-{short}"
        self._known: set[str] = set()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Make the internal queue and begin to scan and to work it off."""
        await persistently(self._prepare, self._function.where())
        self._tasks = [asyncio.create_task(self._scan()), asyncio.create_task(self._work())]

    async def stop(self) -> None:
        """Find and take no more."""
        self._stop.set()

    async def close(self) -> None:
        """Let ended invocations be settled; a message that is cut off becomes visible again by itself."""
        if self._running:
            await asyncio.wait(self._running, timeout=2.0)
        for task in (*self._tasks, *self._running):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._running, return_exceptions=True)

    async def _prepare(self) -> None:
        self._queue: QueueClient = await self._storage.queue(None, self._queue_name, self._function.where())
        self._hosts: ContainerClient = await self._storage.container(HOSTS)

    async def _scan(self) -> None:
        while not self._stop.is_set():
            try:
                async for blob in self._container.list_blobs(name_starts_with=self._pattern.prefix):
                    await self._notice(blob)
            except ResourceNotFoundError:
                pass
            except AzureError as error:
                log.error(f"{self._function.where()}: scan failed ({type(error).__name__}: {error})")
            await stopped_within(self._stop, self._interval)

    async def _notice(self, blob: BlobProperties) -> None:
        """Enqueue a version once: the receipt says that it was."""
        if self._pattern.match(blob.name) is None:
            return
        etag = str(blob.etag).strip('"')
        path = f"{self._receipts}/{etag}/{self._pattern.container}/{blob.name}"
        if path in self._known:
            return
        receipt = self._hosts.get_blob_client(path)
        try:
            await receipt.get_blob_properties()
        except ResourceNotFoundError:
            # Enqueued before the receipt is written: a crash between the two runs the version twice, never
            # not at all.
            message = {"Type": "BlobTrigger", "FunctionId": f"Host.Functions.{self._function.name}",
                       "ContainerName": self._pattern.container, "BlobName": blob.name,
                       "ETag": etag}  # fmt: skip
            await self._queue.send_message(json.dumps(message))
            try:
                await receipt.upload_blob(b"", overwrite=False, metadata={"Completed": "true"})
            except ResourceExistsError:
                log.info(f"{self._function.where()}: {blob.name} was noticed by another host too")
        self._known.add(path)

    async def _work(self) -> None:
        while not self._stop.is_set():
            room = self._parallel - len(self._running)
            try:
                pages = self._queue.receive_messages(
                    messages_per_page=room, max_messages=room, visibility_timeout=int(self._lease)
                )
                found = [asyncio.create_task(self._one(message)) async for message in pages] if room else []
            except AzureError as error:
                log.error(f"{self._function.where()}: {type(error).__name__}: {error}")
                found = []
            self._running.update(found)
            if not found or len(self._running) >= self._parallel:
                await stopped_within(self._stop, self._interval if not self._running else 0.05)
            self._running = {task for task in self._running if not task.done()}

    async def _one(self, message: QueueMessage) -> None:
        try:
            about = json.loads(message.content)
            async with kept_invisible(self._queue, message, self._lease, self._function.where()):
                done = await self._run(about)
            if done:
                await self._queue.delete_message(message)
            elif (message.dequeue_count or 1) >= self._max_dequeue:
                await self._poison(message, about)
            else:
                await self._queue.update_message(message, visibility_timeout=0)
        except AzureError as error:
            log.error(f"{self._function.where()}: {type(error).__name__}: {error}")

    async def _run(self, about: dict[str, Any]) -> bool:
        """Whether the message is done with: the function succeeded, or the version is gone."""
        blob = self._container.get_blob_client(about["BlobName"])
        try:
            stream = await blob.download_blob()
            if str(stream.properties.etag).strip('"') != about["ETag"]:
                return True
            content = await stream.readall()
        except ResourceNotFoundError:
            return True
        call = Call(
            ("bytes", content), self._metadata(stream.properties, blob.url), f"blob {about['BlobName']}"
        )
        return (await self._invoker.once(self._function, call)).ok

    def _metadata(self, properties: BlobProperties, url: str) -> dict[str, Wire]:
        modified = properties.last_modified
        about = {
            "ContentLength": properties.size,
            "ContentType": properties.content_settings.content_type,
            "ETag": properties.etag,
            "LastModified": modified.isoformat() if modified else None,
        }
        found: dict[str, Wire] = {
            "BlobTrigger": ("string", f"{self._pattern.container}/{properties.name}"),
            "Uri": ("json", json.dumps(url)),
            "Properties": ("json", json.dumps(about)),
            "Metadata": ("json", json.dumps(dict(properties.metadata or {}))),
        }
        tokens = self._pattern.match(properties.name) or {}
        return found | {name: ("string", value) for name, value in tokens.items()}

    async def _poison(self, message: QueueMessage, about: dict[str, Any]) -> None:
        log.error(
            f"{self._function.where()}: {about['BlobName']} failed {message.dequeue_count} times; poison"
        )
        connection = self._function.trigger.get("connection")
        poison = await self._storage.queue(connection, "webjobs-blobtrigger-poison", self._function.where())
        await poison.send_message(message.content)
        await self._queue.delete_message(message)


class BlobPath:
    """``container/prefix/{name}.{ext}``: literals and tokens; a token takes as little as it can."""

    def __init__(self, path: str, where: str) -> None:
        self.container, _, pattern = path.partition("/")
        if not self.container or "{" in self.container:
            raise ConfigurationError(
                f"{where}: path {path!r} must name a container, such as uploads/{{name}}"
            )
        parts = re.split(r"\{(\w+)\}", pattern)
        self.prefix = parts[0]
        if any("{" in part or "}" in part for part in parts[::2]):
            raise ConfigurationError(f"{where}: path {path!r} is not understood")
        text = "".join(re.escape(part) if i % 2 == 0 else f"(?P<{part}>.+?)" for i, part in enumerate(parts))
        self._regex = re.compile(text if pattern else ".*", re.DOTALL)

    def match(self, name: str) -> dict[str, str] | None:
        """Tokens of a blob's name, None when the trigger does not want it."""
        found = self._regex.fullmatch(name)
        return found.groupdict() if found else None
