"""The asyncio side of a connection: sockets to engine and back, with back-pressure both ways."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from devstack.eventhubs.broker import Client
from devstack.eventhubs.wire.connection import Connection

LOG = logging.getLogger(__name__)
HIGH = 256 * 1024  # bytes that may wait for a slow client before deliveries to it stop
ANSWERS = 4 * 1024 * 1024  # bytes of answers that may wait before the client's own frames are left unread
TURN = 1024 * 1024  # bytes one client may get before others have a turn
HTTP = frozenset(b"CDGHOPT")  # first letters of HTTP's methods; AMQP's header starts with an A


class Transport(asyncio.Protocol):
    """One TCP connection. ``registry`` holds those that are open.

    A client whose first byte is HTTP's is handed over, for good, to a protocol made by ``http``.
    """

    def __init__(
        self,
        client: Client,
        registry: "set[Transport]",
        idle_timeout: float,
        http: Callable[[], asyncio.Protocol],
    ) -> None:
        self.client = client
        self.connection = Connection(client, self._wake, idle_timeout)
        self._registry = registry
        self._http: Callable[[], asyncio.Protocol] | None = http
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._scheduled = False
        self.gone = asyncio.Event()
        self.received_at = self.sent_at = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=HIGH)
        self._registry.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client is gone."""
        self._registry.discard(self)
        self._transport = None
        self.gone.set()
        self.connection.release()

    def data_received(self, data: bytes) -> None:
        """Feed the engine and send what it has to say."""
        if self._http is not None:
            http, self._http = self._http, None
            if data[0] in HTTP:
                self._hand_over(http(), data)
                return
        self.received_at = self._loop.time()
        self._guarded(lambda: self.connection.receive(data))

    def _hand_over(self, protocol: asyncio.Protocol, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        transport.set_protocol(protocol)
        self.connection_lost(None)
        protocol.connection_made(transport)
        protocol.data_received(data)

    def eof_received(self) -> bool:
        """The client will say no more: neither will the server."""
        return False

    def pause_writing(self) -> None:
        """The client reads too slowly: deliver no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        self._wake()

    def _wake(self) -> None:
        if not self._scheduled and self._transport is not None:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        self._guarded(lambda: None)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Do a step and send what comes of it. A fault of the server's own costs this connection only."""
        try:
            step()
            self._flush()
        except Exception:
            LOG.exception("a connection ended by a fault of the server")
            self.abort()

    def _flush(self) -> None:
        """Answers always, deliveries while the client keeps up and its turn lasts."""
        sent = 0
        while self._transport is not None:
            more = not self._paused and self.connection.pump(HIGH)
            data = self.connection.output()
            if data:
                self._write(data)
                sent += len(data)
            if self.connection.closing:
                self._transport.close()
                return
            if not more or self._paused:
                return
            if sent >= TURN:
                self._wake()
                return

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self.sent_at = self._loop.time()
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > ANSWERS:
            self._transport.pause_reading()

    @property
    def buffered(self) -> int:
        """Bytes that wait for the client."""
        size = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return size + self.connection.pending

    def tick(self, now: float, wall: float) -> None:
        """Heartbeats, idle time-out, token expiry, revocations; called every few hundred milliseconds."""

        def due() -> None:
            self.connection.heartbeat(now - self.sent_at)
            self.connection.expired(now - self.received_at)
            self.client.enforce(wall)

        self._guarded(due)

    def abort(self) -> None:
        """End without a word, as a broken network does."""
        if self._transport is not None:
            self._transport.abort()
