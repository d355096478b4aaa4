"""A small AMQP 1.0 client for tests: says exactly what it is told, and keeps every performative it hears."""

import socket
import time
from typing import Any, Self
from uuid import uuid4

from devstack.eventhubs.security.sas import sign
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.decode import decode
from devstack.eventhubs.wire.frames import AMQP_HEADER, SASL, SASL_HEADER, FrameReader, frame
from devstack.tests.eventhubs.serving import KEY, POLICY

PATIENCE = 60.0
Heard = tuple[int, int, list[Any], bytes]


def unwrap(value: Any) -> Any:
    """The list of a described list."""
    return value.value


class Peer:
    """One connection. ``heard`` holds (channel, code, fields, payload) that no test has asked for yet."""

    def __init__(
        self, port: int, *, mechanism: str = "ANONYMOUS", response: bytes = b"", idle: int = 0
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.heard: list[Heard] = []
        self.heartbeats = 0
        self._reader = FrameReader()
        self._handles = 0
        self.outcome = self._sasl(mechanism, response)
        if self.outcome == 0:
            self.raw(AMQP_HEADER)
            assert self._header() == AMQP_HEADER
            self.say(0, p.OPEN, e.string("peer"), e.NULL, e.uint(65536), e.ushort(100), e.uint(idle))
            self.open = self.hear(p.OPEN)
            self.begin(0)

    def _sasl(self, mechanism: str, response: bytes) -> int:
        self.raw(SASL_HEADER)
        assert self._header() == SASL_HEADER
        self.hear(p.SASL_MECHANISMS)
        init = p.performative(p.SASL_INIT, e.symbol(mechanism), e.binary(response), e.NULL)
        self.raw(frame(init, kind=SASL))
        code: int = self.hear(p.SASL_OUTCOME)[0]
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def raw(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def _header(self) -> bytes:
        while (header := self._reader.header()) is None:
            self._more()
        return header

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self._reader.feed(data)

    def say(self, channel: int, code: int, *fields: bytes, payload: bytes = b"") -> None:
        """Send a performative."""
        self.raw(frame(p.performative(code, *fields) + payload, channel))

    def poll(self) -> bool:
        """Take one frame if one comes within the socket's patience."""
        while (got := self._reader.next()) is None:
            self._more()
        if not got.body:
            self.heartbeats += 1
            return False
        value, end = decode(got.body)
        self.heard.append((got.channel, value.descriptor, value.value, got.body[end:]))
        return True

    def hear_all(self, code: int, channel: int | None = None) -> Heard:
        """The next performative of a kind; others stay for later."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for index, heard in enumerate(self.heard):
                if heard[1] == code and channel in (None, heard[0]):
                    return self.heard.pop(index)
            self.poll()
        raise TimeoutError(f"0x{code:02x} was not heard; but {self.heard}")

    def hear(self, code: int, channel: int | None = None) -> list[Any]:
        """Its fields."""
        return self.hear_all(code, channel)[2]

    def begin(self, channel: int, window: int = 2048) -> list[Any]:
        """Start a session."""
        self.say(channel, p.BEGIN, e.NULL, e.uint(0), e.uint(window), e.uint(2048), e.uint(255))
        return self.hear(p.BEGIN, channel)

    def attach(
        self,
        *,
        source: str | None = None,
        target: str | None = None,
        channel: int = 0,
        filters: bytes = e.NULL,
        properties: bytes = e.NULL,
        snd: int = 0,
        desired: bytes = e.NULL,
    ) -> tuple[int, list[Any]]:
        """Attach as receiver (``source`` given) or sender; the handle and the server's ATTACH."""
        handle = self._handles
        self._handles += 1
        receiver = source is not None
        near = e.described(
            p.SOURCE, e.fields(e.string(source or "me"), *[e.NULL] * 6, filters, *[e.NULL] * 3)
        )
        far = e.described(p.TARGET, e.fields(e.string(target or "me"), *[e.NULL] * 6))
        self.say(
            channel, p.ATTACH, e.string(f"link{handle}"), e.uint(handle), e.boolean(receiver), e.ubyte(snd),
            e.ubyte(0), near, far, e.NULL, e.NULL, e.NULL if receiver else e.uint(0), e.NULL, e.NULL,
            desired, properties,
        )  # fmt: skip
        return handle, self.hear(p.ATTACH, channel)

    def credit(self, handle: int, credit: int, *, count: int = 0, drain: bool = False, channel: int = 0,
               window: int = 2048, next_incoming: int = 0) -> None:  # fmt: skip
        """Send a link's FLOW."""
        self.say(
            channel, p.FLOW, e.uint(next_incoming), e.uint(window), e.uint(0), e.uint(2048), e.uint(handle),
            e.uint(count), e.uint(credit), e.NULL, e.boolean(drain), e.FALSE, e.NULL,
        )  # fmt: skip

    def transfer(
        self, handle: int, delivery: int, payload: bytes, *, more: bool = False, settled: bool = False,
        channel: int = 0, form: int = 0, aborted: bool = False,
    ) -> None:  # fmt: skip
        """Send one TRANSFER frame."""
        self.say(
            channel, p.TRANSFER, e.uint(handle), e.uint(delivery), e.binary(delivery.to_bytes(4)),
            e.uint(form), e.boolean(settled), e.boolean(more), e.NULL, e.NULL, e.FALSE, e.boolean(aborted),
            e.FALSE, payload=payload,
        )  # fmt: skip

    def send(self, handle: int, delivery: int, text: str) -> Any:
        """Send a small event; the outcome (a described value)."""
        self.transfer(handle, delivery, event(text))
        return self.hear(p.DISPOSITION)[4]

    def request(self, node: str, properties: dict[str, str], body: str | None = None) -> tuple[int, Any]:
        """Ask ``$cbs`` or ``$management`` on a session of its own: (status code, body of the answer)."""
        channel = 50 + self._handles
        self.begin(channel)
        reader, _ = self.attach(source=node, target="answers", channel=channel)
        writer, _ = self.attach(target=node, channel=channel)
        self.credit(reader, 10, channel=channel)
        ask = [
            e.described(0x73, e.fields(e.string(str(uuid4())), e.NULL, e.NULL, e.NULL, e.string("answers")))
        ]
        entries = {e.string(key): e.string(value) for key, value in properties.items()}
        ask += [e.described(0x74, e.mapping(entries)), e.described(0x77, e.string(body) if body else e.NULL)]
        self.transfer(writer, 0, b"".join(ask), channel=channel)
        assert self.hear(p.DISPOSITION, channel)[4].descriptor == p.ACCEPTED
        payload = self.hear_all(p.TRANSFER, channel)[3]
        self.say(channel, p.END, e.NULL)
        self.hear(p.END, channel)
        found = sections(payload)
        return found[0x74]["status-code"], found.get(0x77)

    def put_token(self, audience: str, *, policy: str = POLICY, key: str = KEY, seconds: int = 600) -> int:
        """Put a token; the status code."""
        token = sign(audience, policy, key, int(time.time()) + seconds)
        return self.put_raw_token(audience, token)

    def put_raw_token(self, audience: str, token: str, kind: str = "servicebus.windows.net:sastoken") -> int:
        """Put any text as a token."""
        properties = {"operation": "put-token", "type": kind, "name": audience}
        return self.request("$cbs", properties, token)[0]

    def error_of_detach(self) -> tuple[str, str]:
        """Condition and description of the next DETACH; errors must have all three fields."""
        detach = self.hear(p.DETACH)
        assert len(detach) == 3
        error = unwrap(detach[2])
        assert len(error) == 3
        return str(error[0]), error[1]


def event(text: str) -> bytes:
    """A message with one data section."""
    return e.described(0x75, e.binary(text.encode()))


def annotated(name: str, value: str) -> bytes:
    """A section of message annotations."""
    return e.described(0x72, e.mapping({e.symbol(name): e.string(value)}))


def sections(payload: bytes) -> dict[int, Any]:
    """Decoded sections by code."""
    found, pos = {}, 0
    while pos < len(payload):
        value, pos = decode(payload, pos)
        found[value.descriptor] = value.value
    return found


def selector(text: str) -> bytes:
    """A filter set with a selector, as the Python SDK encodes it."""
    name = e.symbol("apache.org:selector-filter:string")
    return e.mapping({name: b"\x00" + name + e.string(text)})


def logged_in(port: int, **options: Any) -> Peer:
    """A peer that may do everything."""
    return Peer(port, mechanism="PLAIN", response=f"\0{POLICY}\0{KEY}".encode(), **options)
