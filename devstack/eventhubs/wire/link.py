"""Links (part 2, section 2.6): credit in both directions, deliveries in one or many frames."""

from collections.abc import Callable, Mapping
from typing import Protocol

from devstack.eventhubs.errors import MESSAGE_SIZE, TRANSFER_LIMIT, AmqpError, decode_error
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.delivery import Delivery, Sink, Source

MAX_MESSAGE = 1024 * 1024
CREDIT = 1000
SERIAL = 0xFFFFFFFF


class Outlet(Protocol):
    """What a link asks of the connection."""

    pending: int
    frame_limit: int

    @property
    def wake(self) -> Callable[[], None]:
        """To be called when there is output at a moment nobody asked for any."""

    def ready(self, link: "OutgoingLink") -> None:
        """It has credit and may have messages."""


class Carrier(Protocol):
    """What a link asks of its session."""

    open: bool
    next_outgoing_id: int
    remote_window: int

    @property
    def connection(self) -> Outlet:
        """The session's own."""

    @property
    def links(self) -> Mapping[int, "Link"]:
        """Those of the session, by their handles."""

    def send(self, body: bytes) -> None:
        """Queue one frame."""

    def transfer(self, body: bytes) -> None:
        """Queue one TRANSFER frame."""

    def flow(
        self, handle: int | None = None, count: int = 0, credit: int = 0, *, drain: bool = False
    ) -> None:
        """Tell the client both windows and the link's credit."""


class Link:
    """What both directions share; ``name`` and ``handle`` are the client's."""

    def __init__(self, session: Carrier, attach: p.Attach) -> None:
        self.session = session
        self.name = attach.name
        self.handle = attach.handle
        self.attach = attach
        self.open = True

    def detach(self, fault: AmqpError | None) -> None:
        """End the link from this side; frames the client has on the way are ignored until it answers."""
        if self.open:
            self.open = False
            self.session.send(p.performative(p.DETACH, e.uint(self.handle), e.TRUE, p.error(fault)))
            self.released()

    def released(self) -> None:
        """Tell whoever is behind the link; overridden."""


class IncomingLink(Link):
    """The client sends. Credit is topped up when half is used."""

    def __init__(self, session: Carrier, attach: p.Attach) -> None:
        super().__init__(session, attach)
        self.sink: Sink | None = None
        self.credit = 0
        self.count = attach.initial_delivery_count
        self._parts: list[bytes] = []
        self._size = 0
        self._first: p.Transfer | None = None

    def grant(self) -> None:
        """Give the client its full credit again."""
        self.credit = CREDIT
        self.session.flow(self.handle, self.count, CREDIT)

    def transfer(self, frame: p.Transfer) -> None:
        """Take one frame; hand the message over with its last one, or reject it when it is too large."""
        if self._first is None:
            self._begin(frame)
        first = self._first
        assert first is not None
        assert first.delivery_id is not None
        if frame.aborted:
            self._forget()
            return
        self._size += len(frame.payload)
        if self._size <= MAX_MESSAGE:
            self._parts.append(frame.payload)
        else:
            self._parts.clear()  # the rest is counted, not kept
        if frame.more:
            return
        size = self._size
        delivery = Delivery(
            first.delivery_id, first.message_format, b"".join(self._parts), first.settled or frame.settled
        )
        self._forget()
        if self.credit < CREDIT // 2:
            self.grant()
        self._hand_over(delivery, size)

    def _begin(self, frame: p.Transfer) -> None:
        if frame.delivery_id is None:
            raise decode_error("the first transfer of a delivery has no delivery-id")
        if self.credit <= 0:
            raise AmqpError(TRANSFER_LIMIT, f"more transfers than the {CREDIT} credits of the link")
        self.credit -= 1
        self.count = (self.count + 1) & SERIAL
        self._first = frame

    def _forget(self) -> None:
        self._parts, self._size, self._first = [], 0, None

    def _hand_over(self, delivery: Delivery, size: int) -> None:
        assert self.sink is not None
        session = self.session

        def settle(fault: AmqpError | None) -> None:
            if not delivery.settled and session.open:
                state = p.ACCEPTED_STATE if fault is None else p.rejected(fault)
                session.send(p.disposition(delivery.id, delivery.id, state))
                session.connection.wake()

        if size <= MAX_MESSAGE:
            self.sink.deliver(delivery, settle)
        elif delivery.settled:
            raise _too_large(delivery.id, size)  # no answer would tell of it: the link ends
        else:
            settle(_too_large(delivery.id, size))

    def released(self) -> None:
        self._forget()
        if self.sink is not None:
            self.sink.closed()


def _too_large(delivery_id: int, size: int) -> AmqpError:
    """In the words of the service."""
    return AmqpError(
        MESSAGE_SIZE,
        f"The received message (delivery-id:{delivery_id}, size:{size} bytes) exceeds the limit "
        f"({MAX_MESSAGE} bytes) currently allowed on the link.",
    )


class OutgoingLink(Link):
    """The client receives. No state is kept for a delivery: the service's receivers never settle."""

    def __init__(self, session: Carrier, attach: p.Attach) -> None:
        super().__init__(session, attach)
        self.source: Source | None = None
        self.credit = 0
        self.count = 0
        self.drain = False
        self._head = p.transfer_head(attach.handle)
        self._settled = attach.snd_settle_mode != 0

    def flow(self, frame: p.Flow) -> None:
        """Take credit: the client's count may lag behind what is on the way."""
        seen = frame.delivery_count if frame.delivery_count is not None else 0
        credit = (seen + (frame.link_credit or 0) - self.count) & SERIAL
        self.credit = credit if credit < 0x80000000 else 0
        self.drain = frame.drain
        self.wake()
        if frame.echo and not frame.drain:
            self.session.flow(self.handle, self.count, self.credit)

    def wake(self) -> None:
        """There may be something to send."""
        if self.open and self.credit > 0:
            self.session.connection.ready(self)

    def pump(self, most: int, limit: int) -> bool:
        """Send up to ``most`` messages or until ``limit`` bytes wait; False when no more can be sent now."""
        assert self.source is not None
        session = self.session
        connection = session.connection
        while most and self.credit and session.remote_window > 0 and self.open:
            if connection.pending >= limit:
                return True
            try:
                payload = self.source.take()
            except AmqpError as fault:
                self.detach(fault)
                return False
            if payload is None:
                self._drained()
                return False
            self._send(payload)
            most -= 1
        if not self.credit:
            self._drained()
        return most == 0 and self.open and self.credit > 0 and session.remote_window > 0

    def _send(self, payload: bytes) -> None:
        session = self.session
        tag = (self.count & 0xFFFF).to_bytes(2)
        room = session.connection.frame_limit - 64
        delivery_id = session.next_outgoing_id
        for start in range(0, max(len(payload), 1), room):
            last = start + room >= len(payload)
            head = p.transfer(self._head, delivery_id, tag, settled=self._settled, more=not last)
            session.transfer(head + payload[start : start + room])
        self.count = (self.count + 1) & SERIAL
        self.credit -= 1

    def _drained(self) -> None:
        """Nothing to send while the client drains: use its credit up and say so."""
        if self.drain and self.open:
            self.count = (self.count + self.credit) & SERIAL
            self.credit = 0
            self.drain = False
            self.session.flow(self.handle, self.count, 0, drain=True)

    def released(self) -> None:
        if self.source is not None:
            self.source.closed()
