"""Sessions (part 2, section 2.5): both windows, and the frames of their links."""

from typing import Protocol

from devstack.eventhubs.errors import (
    HANDLE_IN_USE,
    RESOURCE_LIMIT,
    UNATTACHED_HANDLE,
    WINDOW_VIOLATION,
    AmqpError,
)
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.delivery import Sink, Source
from devstack.eventhubs.wire.frames import frame
from devstack.eventhubs.wire.link import MAX_MESSAGE, SERIAL, IncomingLink, Link, OutgoingLink, Outlet

WINDOW = 0xFFFF
HANDLE_MAX = 1023


class Ends(Protocol):
    """Who decides what is behind a link."""

    def attach_sink(self, link: IncomingLink, attach: p.Attach) -> Sink:
        """Who takes what the client sends; AmqpError refuses the link."""

    def attach_source(self, link: OutgoingLink, attach: p.Attach) -> Source:
        """Who gives what the client receives; AmqpError refuses the link."""


class Line(Outlet, Protocol):
    """What a session asks of its connection."""

    @property
    def application(self) -> Ends:
        """What is behind it."""

    def write(self, data: bytes) -> None:
        """Queue bytes."""


class Session:
    """One session; the server uses the client's own channel number for its frames."""

    def __init__(self, connection: Line, channel: int, begin: p.Begin) -> None:
        self.connection = connection
        self.channel = channel
        self.open = True
        self.links: dict[int, Link] = {}
        self.next_incoming_id = begin.next_outgoing_id
        self.incoming_window = WINDOW
        self.next_outgoing_id = 0
        self.remote_window = begin.incoming_window

    def begin(self) -> None:
        """Answer the client's BEGIN."""
        self.send(
            p.performative(
                p.BEGIN, e.ushort(self.channel), e.uint(self.next_outgoing_id), e.uint(WINDOW),
                e.uint(WINDOW), e.uint(HANDLE_MAX), e.NULL, e.NULL, e.NULL,
            )
        )  # fmt: skip

    def send(self, body: bytes) -> None:
        """Queue one frame."""
        self.connection.write(frame(body, self.channel))

    def transfer(self, body: bytes) -> None:
        """Queue one TRANSFER frame, which uses up a place in the client's window."""
        self.next_outgoing_id = (self.next_outgoing_id + 1) & SERIAL
        self.remote_window -= 1
        self.connection.write(frame(body, self.channel))

    def flow(
        self, handle: int | None = None, count: int = 0, credit: int = 0, *, drain: bool = False
    ) -> None:
        """Tell the client both windows, and a link's credit when ``handle`` is given."""
        link = (
            [e.NULL] * 6 if handle is None
            else [e.uint(handle), e.uint(count), e.uint(credit), e.NULL, e.boolean(drain), e.FALSE]
        )  # fmt: skip
        self.send(
            p.performative(
                p.FLOW, e.uint(self.next_incoming_id), e.uint(self.incoming_window),
                e.uint(self.next_outgoing_id), e.uint(WINDOW), *link, e.NULL,
            )
        )  # fmt: skip

    def on_attach(self, attach: p.Attach) -> None:
        """Set up a link, or refuse it: an answer with a null terminus, then a closing detach."""
        held = self.links.get(attach.handle)
        if held is not None and held.open:
            raise AmqpError(HANDLE_IN_USE, f"handle {attach.handle} is attached already")
        if attach.handle > HANDLE_MAX:
            raise AmqpError(RESOURCE_LIMIT, f"handle {attach.handle} is above {HANDLE_MAX}")
        link = OutgoingLink(self, attach) if attach.receiver else IncomingLink(self, attach)
        self.links[attach.handle] = link
        try:
            self._bind(link, attach)
        except AmqpError as fault:
            self._answer(attach, refused=True)
            link.detach(fault)
            return
        self._answer(attach, refused=False)
        if isinstance(link, IncomingLink):
            link.grant()

    def _bind(self, link: Link, attach: p.Attach) -> None:
        application = self.connection.application
        if isinstance(link, OutgoingLink):
            link.source = application.attach_source(link, attach)
        elif isinstance(link, IncomingLink):
            link.sink = application.attach_sink(link, attach)

    def _answer(self, attach: p.Attach, *, refused: bool) -> None:
        source = e.NULL if refused and attach.receiver else attach.source_bytes
        target = e.NULL if refused and not attach.receiver else attach.target_bytes
        self.send(
            p.performative(
                p.ATTACH, e.string(attach.name), e.uint(attach.handle), e.boolean(not attach.receiver),
                e.ubyte(attach.snd_settle_mode), e.ubyte(attach.rcv_settle_mode), source, target, e.NULL,
                e.NULL, e.uint(0) if attach.receiver else e.NULL, e.ulong(MAX_MESSAGE),
                e.NULL, e.NULL, e.NULL,
            )
        )  # fmt: skip

    def on_flow(self, flow: p.Flow) -> None:
        """Take the client's window, and a link's credit."""
        base = flow.next_incoming_id if flow.next_incoming_id is not None else 0
        window = (base + flow.incoming_window - self.next_outgoing_id) & SERIAL
        self.remote_window = window if window < 0x80000000 else 0
        if flow.handle is not None:
            link = self._link(flow.handle)
            if isinstance(link, OutgoingLink) and link.open:
                link.flow(flow)
        elif flow.echo:
            self.flow()
        for link in self.links.values():
            if isinstance(link, OutgoingLink):
                link.wake()

    def on_transfer(self, transfer: p.Transfer) -> None:
        """Take one frame of a delivery."""
        if self.incoming_window <= 0:
            raise AmqpError(WINDOW_VIOLATION, f"more transfers than the window of {WINDOW} frames")
        self.next_incoming_id = (self.next_incoming_id + 1) & SERIAL
        self.incoming_window -= 1
        if self.incoming_window < WINDOW // 2:
            self.incoming_window = WINDOW
            self.flow()
        link = self._link(transfer.handle)
        if not isinstance(link, IncomingLink):
            raise AmqpError("amqp:not-allowed", "a transfer on a link whose sender is the server")
        if link.open:
            try:
                link.transfer(transfer)
            except AmqpError as fault:
                link.detach(fault)

    def on_disposition(self, disposition: p.Disposition) -> None:
        """Settle what the client wants to have settled; there is nothing to look up."""
        if disposition.receiver and not disposition.settled:
            self.send(
                p.performative(
                    p.DISPOSITION, e.FALSE, e.uint(disposition.first), e.uint(disposition.last), e.TRUE,
                    p.ACCEPTED_STATE, e.FALSE,
                )
            )  # fmt: skip

    def on_detach(self, detach: p.Detach) -> None:
        """The client ends a link, or answers the server's detach."""
        link = self._link(detach.handle)
        del self.links[detach.handle]
        if link.open:
            link.open = False
            self.send(p.performative(p.DETACH, e.uint(link.handle), e.boolean(detach.closed), e.NULL))
            link.released()

    def _link(self, handle: int) -> Link:
        link = self.links.get(handle)
        if link is None:
            raise AmqpError(UNATTACHED_HANDLE, f"no link is attached as handle {handle}")
        return link

    def release(self) -> None:
        """The session is over: so are its links."""
        self.open = False
        for link in self.links.values():
            if link.open:
                link.open = False
                link.released()
        self.links.clear()
