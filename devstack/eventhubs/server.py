"""The server: listens on loopback for AMQP and HTTP, keeps the clock of connections and retention, shuts down
in order.
"""

import asyncio
import contextlib
import logging
import time
from types import TracebackType

from devstack.eventhubs.broker import Client
from devstack.eventhubs.config import Settings
from devstack.eventhubs.control import serve_control
from devstack.eventhubs.errors import FORCED, AmqpError
from devstack.eventhubs.faults import Faults
from devstack.eventhubs.hub.durability import PowerDurability, ProcessDurability
from devstack.eventhubs.hub.namespace import Namespace
from devstack.eventhubs.log.folder import FolderLock
from devstack.eventhubs.rest.post import Rest
from devstack.eventhubs.security import policies
from devstack.eventhubs.transport import Transport

LOG = logging.getLogger(__name__)
HOST = "127.0.0.1"
RETENTION_EVERY = 10.0
TICK = 0.15  # a third of the shortest idle time-out a client may ask for, and a little less


class Server:
    """An Event Hubs namespace on a data folder: ``async with Server(settings) as server: …``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.connections: set[Transport] = set()
        self.port = 0
        self._policies = policies.load(settings.policies)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Server":
        async with contextlib.AsyncExitStack() as stack:
            lock = FolderLock(self.settings.data)
            stack.callback(lock.release)
            durability = PowerDurability() if self.settings.durability == "power" else ProcessDurability()
            self.namespace = Namespace(self.settings, durability, self.faults.disk)
            stack.callback(self.namespace.close)
            stack.push_async_callback(durability.close)
            self._warn_about_tails()
            self._rest = self._open_rest()
            await self._rest.open()
            stack.push_async_callback(self._rest.close)
            stack.push_async_callback(self._say_goodbye)
            listener = await asyncio.get_running_loop().create_server(self._accept, HOST, self.settings.port)
            stack.callback(listener.close)
            self.port = listener.sockets[0].getsockname()[1]
            if self.settings.control is not None:
                control = await serve_control(self, self.settings.control)
                stack.callback(control.close)
            ticking = asyncio.create_task(self._tick())
            stack.callback(ticking.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _open_rest(self) -> Rest:
        later = asyncio.get_running_loop().call_later
        return Rest(self.namespace, self._policies, self.settings.hosts, self.faults, later)

    def _accept(self) -> Transport:
        client = Client(
            self.namespace,
            self._policies,
            self.settings.hosts,
            self.faults,
            asyncio.get_running_loop().call_later,
        )
        return Transport(client, self.connections, self.settings.idle_timeout, self._rest.protocol)

    def _warn_about_tails(self) -> None:
        for hub in self.namespace.hubs:
            for partition in hub.partitions:
                if partition.log.torn:
                    LOG.warning(
                        "partition %d of %s: cut %d bytes of an unfinished write from the end of the log",
                        partition.index, hub.name, partition.log.torn,
                    )  # fmt: skip

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        retention_due = 0.0
        while True:
            now, wall = loop.time(), time.time()
            for transport in list(self.connections):
                transport.tick(now, wall)
            if now >= retention_due:
                self.expire(wall)
                retention_due = now + min(RETENTION_EVERY, max(self.settings.retention / 10, 0.1))
            await asyncio.sleep(min(TICK, self.settings.retention / 10, self.settings.idle_timeout / 4))

    def expire(self, wall: float) -> None:
        """Apply retention now; a disk fault is reported, and tried again next time."""
        try:
            gone = self.namespace.expire(int(wall * 1000))
        except OSError:
            LOG.exception("retention could not be applied")
            return
        if gone:
            LOG.info("retention removed %d segments", gone)

    def disconnect_all(self) -> int:
        """Cut every connection; returns how many there were."""
        return self._abort_amqp() + self._rest.abort()

    def _abort_amqp(self) -> int:
        cut = list(self.connections)
        for transport in cut:
            transport.abort()
        return len(cut)

    async def _say_goodbye(self) -> None:
        for transport in list(self.connections):
            transport.connection.close(AmqpError(FORCED, "the server is shutting down"))
            transport.tick(0.0, time.time())
        gone = [transport.gone.wait() for transport in self.connections]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*gone), 1.0)
        self._abort_amqp()
