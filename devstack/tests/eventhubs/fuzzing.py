"""What both fuzzers use: good frames, mutations, an application that takes events apart, an output check."""

import random
from collections.abc import Callable

from devstack.eventhubs.errors import AmqpError
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import message
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.connection import Application, Connection
from devstack.eventhubs.wire.decode import decode
from devstack.eventhubs.wire.delivery import Delivery, Sink, Source
from devstack.eventhubs.wire.frames import AMQP_HEADER, SASL, SASL_HEADER, frame
from devstack.eventhubs.wire.link import IncomingLink, OutgoingLink
from devstack.tests.eventhubs.serving import KEY, POLICY

START = "amqp.annotation.x-opt-sequence-number >= '0'"


class Echo:
    """Takes any event apart as the server does, and gives some out."""

    def __init__(self) -> None:
        self.left = 3

    def sasl(self, mechanism: str, response: bytes) -> bool:
        return True

    def attach_sink(self, link: IncomingLink, attach: p.Attach) -> Sink:
        return self

    def attach_source(self, link: OutgoingLink, attach: p.Attach) -> Source:
        return self

    def deliver(self, delivery: Delivery, settle: Callable[[AmqpError | None], None]) -> None:
        try:
            if delivery.format == message.BATCH_FORMAT:
                for body in message.batch(delivery.payload)[0]:
                    message.stamp(message.cut(body), 1, 2, 3, [])
            else:
                message.stamp(message.cut(delivery.payload), 1, 2, 3, [])
            message.request(delivery.payload)
        except AmqpError as fault:
            settle(fault)
        else:
            settle(None)

    def take(self) -> bytes | None:
        self.left -= 1
        return b"payload" * 100 if self.left >= 0 else None

    def closed(self) -> None:
        pass


def terminus(code: int) -> bytes:
    address = "hub/ConsumerGroups/g/Partitions/0" if code == p.SOURCE else "amqps://h:1/hub"
    selector = e.mapping(
        {e.symbol("f"): b"\x00" + e.symbol("apache.org:selector-filter:string") + e.string("x")}
    )
    return e.described(code, e.fields(e.string(address), *[e.NULL] * 6, selector))


def seeds() -> list[bytes]:
    """Bodies of good frames, some with messages of every section."""
    single = e.described(0x70, e.fields(e.TRUE)) + e.described(
        0x72, e.mapping({e.symbol("k"): e.string("v")})
    )
    single += e.described(0x73, e.fields(e.ulong(7), e.NULL, e.string("t")))
    single += e.described(0x74, e.mapping({e.string("a"): e.long(-4)})) + e.described(
        0x75, e.binary(b"x" * 40)
    )
    batched = e.described(0x75, e.binary(single)) + e.described(0x75, e.binary(single))
    head = [e.uint(1), e.uint(0), e.binary(b"t")]
    attach = [e.string("l"), e.uint(1), e.FALSE, e.NULL, e.NULL, terminus(p.SOURCE), terminus(p.TARGET)]
    receive = [e.string("r"), e.uint(2), e.TRUE, e.NULL, e.NULL, terminus(p.SOURCE), terminus(p.TARGET)]
    return [
        p.performative(p.ATTACH, *attach, e.NULL, e.NULL, e.uint(0)),
        p.performative(p.ATTACH, *receive),
        p.performative(p.FLOW, e.uint(0), e.uint(9), e.uint(0), e.uint(9), e.uint(2), e.uint(0), e.uint(9)),
        p.performative(p.TRANSFER, *head, e.uint(0), e.FALSE) + single,
        p.performative(p.TRANSFER, *head, e.uint(message.BATCH_FORMAT), e.FALSE) + batched,
        p.performative(p.TRANSFER, *head, e.uint(0), e.FALSE, e.TRUE) + single,
        p.performative(p.DISPOSITION, e.TRUE, e.uint(0), e.uint(3), e.FALSE, p.ACCEPTED_STATE),
        p.performative(p.DETACH, e.uint(1), e.TRUE, p.error(AmqpError("a:b", "text"))),
        p.performative(p.BEGIN, e.NULL, e.uint(0), e.uint(5), e.uint(5)),
        p.performative(p.END, e.NULL),
        p.performative(p.OPEN, e.string("c"), e.NULL, e.uint(512)),
        p.performative(p.CLOSE, e.NULL),
        e.array(0xB3, [b"one", b"two"]),
    ]


def mutate(rng: random.Random, body: bytes, others: list[bytes]) -> bytes:
    data = bytearray(body)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
        at = rng.randrange(len(data)) if data else 0
        kind = rng.randrange(5)
        if kind == 0 and data:
            data[at] = rng.choice((0, 1, 0x40, 0x45, 0x53, 0xC0, 0xD0, 0xE0, 0xF0, 0xFF, rng.randrange(256)))
        elif kind == 1:
            del data[at : at + rng.randrange(1, 6)]
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 6))
        elif kind == 3:
            other = rng.choice(others)
            data[at:] = other[rng.randrange(len(other)) :]
        else:
            data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"))
    return bytes(data)


def opened(application: Application, idle: int = 0) -> Connection:
    """A connection that is past SASL, OPEN, one BEGIN and two ATTACHes."""
    connection = Connection(application, lambda: None)
    login = p.performative(p.SASL_INIT, e.symbol("PLAIN"), e.binary(f"\0{POLICY}\0{KEY}".encode()))
    connection.receive(SASL_HEADER + frame(login, kind=SASL))
    connection.receive(
        AMQP_HEADER + frame(p.performative(p.OPEN, e.string("c"), *[e.NULL] * 3, e.uint(idle)))
    )
    connection.receive(frame(p.performative(p.BEGIN, e.NULL, e.uint(0), e.uint(99), e.uint(99))))
    for body in seeds()[:2]:
        connection.receive(frame(body))
    return connection


def well_formed(output: bytes) -> None:
    """Every frame the engine sends decodes, headers aside."""
    pos = 0
    while pos < len(output):
        if output[pos : pos + 4] == b"AMQP":
            pos += 8
            continue
        size = int.from_bytes(output[pos : pos + 4])
        assert size >= 8
        if size > 8:
            decode(output[pos + 8 : pos + size])
        pos += size
