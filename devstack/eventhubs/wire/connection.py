"""A connection (part 2, section 2.4): protocol headers, SASL, OPEN to CLOSE, frames to sessions, time-outs.

Sans-IO: :meth:`Connection.receive` takes bytes, ``output`` gives them, the caller has the clock.
"""

from collections.abc import Callable
from typing import Protocol

from devstack.eventhubs.errors import (
    DECODE_ERROR,
    FORCED,
    FRAMING_ERROR,
    NOT_ALLOWED,
    AmqpError,
    decode_error,
)
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.frames import (
    AMQP_HEADER,
    HEARTBEAT,
    MAX_FRAME,
    SASL,
    SASL_HEADER,
    Frame,
    FrameReader,
    frame,
)
from devstack.eventhubs.wire.link import OutgoingLink
from devstack.eventhubs.wire.session import Ends, Session

CHANNEL_MAX = 255
MECHANISMS = (b"ANONYMOUS", b"PLAIN", b"MSSBCBS")  # the last is the only one that the .NET SDK knows
QUANTUM = 64
SHORTEST_IDLE = 450  # milliseconds


class Application(Ends, Protocol):
    """What is behind a connection."""

    def sasl(self, mechanism: str, response: bytes) -> bool:
        """Whether the client may go on."""


class Connection:
    """One client. ``wake`` is called when there is output at a moment nobody asked for any."""

    def __init__(
        self, application: Application, wake: Callable[[], None], idle_timeout: float = 240.0, name: str = ""
    ) -> None:
        self.application = application
        self.wake = wake
        self.name = name
        self.closing = False
        self.frame_limit = MAX_FRAME
        self.pending = 0
        self.idle_timeout = idle_timeout
        self.remote_idle = 0.0
        self.sessions: dict[int, Session] = {}
        self._ended: set[int] = set()
        self._reader = FrameReader()
        self._out: list[bytes] = []
        self._ready: dict[OutgoingLink, None] = {}
        self._stage: Callable[[], bool] = self._header
        self._secured = False
        self._opened = False

    # -- output

    def write(self, data: bytes) -> None:
        """Queue bytes."""
        self._out.append(data)
        self.pending += len(data)

    def output(self) -> bytes:
        """Everything queued, once."""
        data = b"".join(self._out)
        self._out.clear()
        self.pending = 0
        return data

    def ready(self, link: OutgoingLink) -> None:
        """``link`` has credit and may have messages: :meth:`pump` will ask it."""
        self._ready[link] = None
        self.wake()

    def pump(self, limit: int) -> bool:
        """Queue messages of links in turn until ``limit`` bytes wait; True when links are left unasked."""
        while self._ready and self.pending < limit and not self.closing:
            link = next(iter(self._ready))
            del self._ready[link]
            if link.open and link.session.open and link.pump(QUANTUM, limit):
                self._ready[link] = None
        return bool(self._ready) and not self.closing

    # -- input

    def receive(self, data: bytes) -> None:
        """Take bytes from the client; a fault of the client's closes the connection, never raises."""
        if self.closing:
            return
        self._reader.feed(data)
        try:
            while not self.closing and self._stage():
                pass
        except AmqpError as fault:
            self.close(fault)

    def _header(self) -> bool:
        header = self._reader.header()
        if header is None:
            return False
        wanted = AMQP_HEADER if self._secured else SASL_HEADER
        self.write(wanted)
        if header != wanted:
            # The standard's answer to a header that does not fit: the one that would, and the end.
            self.closing = True
            return False
        if self._secured:
            self._stage = self._frames
        else:
            mechanisms = p.performative(p.SASL_MECHANISMS, e.array(0xB3, MECHANISMS))
            self.write(frame(mechanisms, kind=SASL))
            self._stage = self._sasl
        return True

    def _sasl(self) -> bool:
        got = self._reader.next()
        if got is None:
            return False
        if got.kind != SASL:
            raise AmqpError(FRAMING_ERROR, "an AMQP frame where a SASL frame is due")
        code, fields, _ = p.read(got.body)
        if code != p.SASL_INIT or not fields or not isinstance(fields[0], str):
            raise decode_error("sasl-init with a mechanism is due")
        response = fields[1] if len(fields) > 1 and isinstance(fields[1], bytes) else b""
        accepted = self.application.sasl(fields[0], response)
        self.write(frame(p.performative(p.SASL_OUTCOME, e.ubyte(0 if accepted else 1), e.NULL), kind=SASL))
        self.closing = not accepted
        self._secured = True
        self._stage = self._header
        return accepted

    def _frames(self) -> bool:
        got = self._reader.next()
        if got is None:
            return False
        if got.kind == SASL:
            raise AmqpError(FRAMING_ERROR, "a SASL frame after SASL is over")
        if got.body:
            self._frame(got)
        return True

    def _frame(self, got: Frame) -> None:
        code, fields, end = p.read(got.body)
        if code == p.OPEN:
            self._on_open(fields)
        elif not self._opened:
            raise AmqpError(NOT_ALLOWED, "a frame before OPEN")
        elif code == p.CLOSE:
            self.close(None)
        elif code == p.BEGIN:
            self._on_begin(got.channel, fields)
        else:
            self._in_session(got, code, fields, end)

    def _on_open(self, fields: list[object]) -> None:
        if self._opened:
            raise AmqpError(NOT_ALLOWED, "a second OPEN")
        opened = p.read_open(fields)
        if opened.max_frame < 512:
            raise AmqpError("amqp:invalid-field", "max-frame-size is below the 512 bytes of the standard")
        if 0 < opened.idle_timeout < SHORTEST_IDLE:
            raise AmqpError(NOT_ALLOWED, f"an idle-time-out below {SHORTEST_IDLE} ms cannot be kept")
        self._opened = True
        self.frame_limit = min(opened.max_frame, MAX_FRAME)
        self.remote_idle = opened.idle_timeout / 1000
        self._send_open()

    def _send_open(self) -> None:
        idle = e.uint(int(self.idle_timeout * 1000))
        self.write(
            frame(
                p.performative(
                    p.OPEN, e.string(self.name or "eventhubs"), e.NULL, e.uint(MAX_FRAME),
                    e.ushort(CHANNEL_MAX), idle, e.NULL, e.NULL, e.NULL, e.NULL, e.NULL,
                )
            )
        )  # fmt: skip

    def _on_begin(self, channel: int, fields: list[object]) -> None:
        begin = p.read_begin(fields)
        if channel in self.sessions or channel > CHANNEL_MAX:
            raise AmqpError(NOT_ALLOWED, f"channel {channel} is in use or above {CHANNEL_MAX}")
        if begin.remote_channel is not None:
            raise AmqpError(NOT_ALLOWED, "BEGIN answers a session this server never began")
        self._ended.discard(channel)
        session = self.sessions[channel] = Session(self, channel, begin)
        session.begin()

    def _in_session(self, got: Frame, code: int, fields: list[object], end: int) -> None:
        session = self.sessions.get(got.channel)
        if session is None:
            if got.channel in self._ended:
                return  # clients are seen to detach links of a session they have ended
            raise AmqpError(NOT_ALLOWED, f"no session on channel {got.channel}")
        if code == p.END:
            self._end(session, None)
            return
        try:
            _dispatch(session, code, fields, got.body, end)
        except AmqpError as fault:
            if fault.condition in (DECODE_ERROR, FRAMING_ERROR):
                raise
            self._end(session, fault)

    def _end(self, session: Session, fault: AmqpError | None) -> None:
        session.release()
        session.send(p.performative(p.END, p.error(fault)))
        del self.sessions[session.channel]
        self._ended.add(session.channel)

    def close(self, fault: AmqpError | None) -> None:
        """Say CLOSE (once), with the reason if there is one; nothing is taken after it."""
        if self.closing:
            return
        if self._secured and self._stage == self._frames:
            if not self._opened:
                self._send_open()
            self.write(frame(p.performative(p.CLOSE, p.error(fault))))
        self.closing = True

    def release(self) -> None:
        """The transport is gone."""
        self.closing = True
        for session in list(self.sessions.values()):
            session.release()
        self.sessions.clear()
        self._ready.clear()

    def expired(self, silent_for: float) -> bool:
        """Close a client that was silent for twice the advertised time; True when it was."""
        if silent_for < 2 * self.idle_timeout or self.closing:
            return False
        self.close(AmqpError(FORCED, f"the connection was silent for {silent_for:.0f} s"))
        return True

    def heartbeat(self, quiet_for: float) -> None:
        """Queue an empty frame when the client is near the time-out it asked for."""
        if self.remote_idle and self._opened and quiet_for >= self.remote_idle / 3 and not self.closing:
            self.write(HEARTBEAT)


def _dispatch(session: Session, code: int, fields: list[object], body: bytes, end: int) -> None:
    if code == p.TRANSFER:
        session.on_transfer(p.read_transfer(fields, body[end:]))
    elif code == p.FLOW:
        session.on_flow(p.read_flow(fields))
    elif code == p.DISPOSITION:
        session.on_disposition(p.read_disposition(fields))
    elif code == p.ATTACH:
        session.on_attach(p.read_attach(fields, body))
    elif code == p.DETACH:
        session.on_detach(p.read_detach(fields))
    else:
        raise decode_error(f"0x{code:02x} is no performative of a session")
