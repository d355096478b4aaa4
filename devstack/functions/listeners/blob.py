"""Blob triggers of a host: one scan, one internal queue and one measure of parallel runs for all of them.

Source: Azure/azure-sdk-for-net Storage.Blobs BlobListenerFactory (the lock, shared listeners),
SharedBlobQueueListenerFactory (parallel runs), HostQueueNames. Event Grid does not exist here: both sources
are fed by the scan, every ``DEVSTACK_BLOB_SCAN_SECONDS`` (default 2); ``DEVSTACK_BLOB_SCAN=platform`` makes
it as forgetful as the platform's for the source ``LogsAndContainerScan``.
"""

import asyncio
import os
import re

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Invoker, stopped_within
from devstack.functions.leases import SingletonLock
from devstack.functions.listeners.blob_functions import POISON, BlobFunction, BlobQueue
from devstack.functions.listeners.blob_path import BlobPath
from devstack.functions.listeners.blob_receipts import Receipts
from devstack.functions.listeners.blob_scan import ContainerScan
from devstack.functions.listeners.queue import lease_seconds
from devstack.functions.listeners.queue_loop import QueueLoop, QueueSettings
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.listeners.wakes import Wakes
from devstack.functions.model import Function
from devstack.functions.storage import Storage, queue_name

WARNING = (
    "this host finds every blob. The platform's scan does not (38 of 500 uploaded within 9 s were never"
    " seen, measured), and Flex Consumption has no scan at all: there, let Event Grid put a message into a"
    " queue and take a queue trigger. DEVSTACK_BLOB_SCAN=platform misses blobs as the platform does"
)


class BlobTriggers:
    """All blob triggers of one host; the listener of each of them."""

    def __init__(self, invoker: Invoker, configuration: Configuration, storage: Storage, host_id: str,
                 wakes: Wakes) -> None:  # fmt: skip
        self._configuration = configuration
        self._storage = storage
        self._complete = _scan_mode(configuration) == "complete"
        self._interval = float(configuration.setting("DEVSTACK_BLOB_SCAN_SECONDS") or 2)
        self._lock = SingletonLock(configuration, storage, f"locks/{host_id}/WebJobs.Internal.Blobs.Listener")
        service = storage.queues(None, "blob triggers")
        self._name = _internal_queue(host_id)
        queue = service.get_queue_client(self._name)
        self._receipts = Receipts(storage, host_id, queue, wakes)
        self._queue = BlobQueue(invoker, service.get_queue_client(POISON), self._look_again)
        self._loop = QueueLoop(queue, read(configuration), self._queue, wakes)
        self._scans: dict[str, ContainerScan] = {}
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._once = asyncio.Lock()
        self._warned: list[str] = []

    def add(self, function: Function) -> None:
        """One more function."""
        where = function.where()
        path = BlobPath(function.text("path", self._configuration), where)
        connection = function.trigger.get("connection")
        container = self._storage.blobs(connection, where).get_container_client(path.container)
        poison = self._storage.queues(connection, where).get_queue_client(POISON)
        grid = str(function.trigger.get("source") or "").lower() == "eventgrid"
        one = BlobFunction(function, path, container, poison, self._complete or grid)
        self._queue.functions[one.id] = one
        self._scan(one).functions.append(one)
        if not grid and self._complete:
            self._warned.append(function.name)

    async def start(self) -> None:
        """Make the internal queue, seek the lock, begin to work off and to scan."""
        async with self._once:
            if self._task is None:
                if self._warned:
                    log.error(f"Warning: blob triggers of {', '.join(sorted(self._warned))}: {WARNING}")
                await persistently(self._prepare, "blob triggers")
                await self._loop.start()
                self._task = asyncio.create_task(persistently(self._sweep, "blob triggers"))

    async def stop(self) -> None:
        """Find and take no more."""
        self._stop.set()
        self._queue.stopping.set()
        await self._loop.stop()

    async def close(self) -> None:
        """Let ended invocations be settled, let another host scan."""
        async with self._once:
            await self._loop.close()
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            await self._lock.close()

    async def _prepare(self) -> None:
        await self._storage.queue(None, self._name, "blob triggers")
        await self._lock.start()

    async def _sweep(self) -> None:
        await self._lock.held.wait()
        while not self._stop.is_set():
            for scan in self._scans.values():
                await scan.sweep()
            await stopped_within(self._stop, self._interval)
            await self._lock.held.wait()

    def _scan(self, one: BlobFunction) -> ContainerScan:
        return self._scans.setdefault(str(one.container.url), ContainerScan(self._receipts))

    def _look_again(self, one: BlobFunction, name: str) -> None:
        self._scan(one).look_again(name)


def read(configuration: Configuration) -> QueueSettings:
    """host.json ``extensions.blobs``: parallel runs of all blob functions together, and tries."""
    parallel = configuration.integer(
        "extensions.blobs.maxDegreeOfParallelism", 8 * (os.cpu_count() or 1), low=1
    )
    batch = min(32, parallel // 2 + 1)
    return QueueSettings(
        batch=batch,
        threshold=parallel - batch,
        max_dequeue=configuration.integer("extensions.blobs.poisonBlobThreshold", 5, low=1),
        retry_after=0,
        max_poll=60,
        plain=False,
        lease=lease_seconds(configuration),
    )


def _internal_queue(host_id: str) -> str:
    """``azure-webjobs-blobtrigger-{hostId}``; what a queue cannot be called by is left out of the id."""
    plain = re.sub(r"[^a-z0-9]+", "-", host_id.lower()).strip("-")[:37].strip("-")
    return queue_name(f"azure-webjobs-blobtrigger-{plain}", "blob triggers (the host's id)")


def _scan_mode(configuration: Configuration) -> str:
    found = (configuration.setting("DEVSTACK_BLOB_SCAN") or "complete").lower()
    if found not in ("complete", "platform"):
        raise ConfigurationError(f"DEVSTACK_BLOB_SCAN is {found!r}: write complete or platform")
    return found
