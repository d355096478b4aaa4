"""A blob lease that makes a listener a singleton among hosts of one host id.

Source: azure-webjobs-sdk SingletonManager: ``azure-webjobs-
hosts/locks/{hostId}/Host.Functions.{name}.Listener``, ``singleton.listenerLockPeriod`` (15 to 60 s,
renewed at its half), ``singleton.listenerLockRecoveryPollingInterval``.
"""

import asyncio
import contextlib

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.storage import HOSTS, Storage


class SingletonLock:
    """Held or sought for as long as the listener lives. ``held`` is set while this host has it."""

    def __init__(self, configuration: Configuration, storage: Storage, path: str) -> None:
        self._storage = storage
        self._path = path
        self._period = int(configuration.seconds("singleton.listenerLockPeriod", "00:01:00"))
        if not 15 <= self._period <= 60:
            raise ConfigurationError(
                "host.json singleton.listenerLockPeriod must be between 15 and 60 seconds"
            )
        self._poll = configuration.seconds("singleton.listenerLockRecoveryPollingInterval", "00:00:05")
        self._lease: BlobLeaseClient | None = None
        self._task: asyncio.Task[None] | None = None
        self.held = asyncio.Event()

    async def start(self) -> None:
        """Try once, then keep trying or renewing in the background."""
        blob = (await self._storage.container(HOSTS)).get_blob_client(self._path)
        with contextlib.suppress(ResourceExistsError):
            await blob.upload_blob(b"", overwrite=False)
        await self._acquire(blob)
        self._task = asyncio.create_task(self._keep(blob))

    async def close(self) -> None:
        """Release it, so that another host need not wait for its end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._lease is not None and self.held.is_set():
            with contextlib.suppress(AzureError):
                await self._lease.release()
        self.held.clear()

    async def _acquire(self, blob: BlobClient) -> None:
        try:
            self._lease = await blob.acquire_lease(self._period)
            self.held.set()
        except ResourceExistsError:
            log.info(
                f"Lock {self._path} is held by another host, or was not released; again in {self._poll:.0f} s"
            )

    async def _keep(self, blob: BlobClient) -> None:
        while True:
            await asyncio.sleep(self._period / 2 if self.held.is_set() else self._poll)
            try:
                if self.held.is_set() and self._lease is not None:
                    await self._lease.renew()
                else:
                    await self._acquire(blob)
            except AzureError as error:
                log.error(f"Lock {self._path} is lost ({type(error).__name__}); trying to get it back")
                self.held.clear()
