"""What goes over the wire, heard by a client that hides nothing: arity, errors, credit, windows, drain."""

import socket
from typing import Any

import pytest

from devstack.eventhubs.errors import not_found
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.link import CREDIT, MAX_MESSAGE
from devstack.eventhubs.wire.message import BATCH_FORMAT
from devstack.tests.eventhubs.fuzzing import Echo, opened
from devstack.tests.eventhubs.peer import Peer, annotated, event, logged_in, sections, selector, unwrap
from devstack.tests.eventhubs.serving import KEY, POLICY, Served

ARITY = {
    p.OPEN: 10, p.BEGIN: 8, p.ATTACH: 14, p.FLOW: 11, p.TRANSFER: 11, p.DISPOSITION: 6, p.DETACH: 3, p.END: 1,
    p.CLOSE: 1,
}  # fmt: skip


def reading(hub: str, partition: int = 0) -> str:
    return f"{hub}/ConsumerGroups/$Default/Partitions/{partition}"


def test_every_performative_has_all_its_fields(served: Served, hub: str) -> None:
    heard: dict[int, int] = {}

    class Listening(Peer):
        def poll(self) -> bool:
            got = super().poll()
            if got and self.heard[-1][1] < 0x40:
                heard[self.heard[-1][1]] = len(self.heard[-1][2])
            return got

    with Listening(served.port, mechanism="PLAIN", response=f"\0{POLICY}\0{KEY}".encode()) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        peer.hear(p.FLOW)
        assert peer.send(sender, 0, "x").descriptor == p.ACCEPTED
        receiver, _ = peer.attach(source=reading(hub))
        peer.credit(receiver, 1)
        peer.hear(p.TRANSFER)
        peer.say(0, p.DETACH, e.uint(sender), e.TRUE, e.NULL)
        peer.hear(p.DETACH)
        peer.say(0, p.END, e.NULL)
        peer.hear(p.END)
        peer.say(0, p.CLOSE, e.NULL)
        peer.hear(p.CLOSE)
    assert heard == ARITY


def test_golden_bytes_of_a_transfer_and_an_error() -> None:
    made = p.transfer(p.transfer_head(3), 258, b"\x00\x01", settled=False, more=True)
    assert made.hex() == "005314c0140b52037000000102a00200014342414040404040"
    fault = p.error(not_found("x"))
    assert fault[:6].hex() == "00531dc04003"
    assert fault.endswith(e.NULL)


def test_accepted_and_rejected(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        sender, attach = peer.attach(target=hub)
        assert attach[10] == MAX_MESSAGE
        assert peer.send(sender, 0, "good").descriptor == p.ACCEPTED
        peer.transfer(sender, 1, b"\x00\x53\x75\xa0\x05abc")
        outcome = peer.hear(p.DISPOSITION)[4]
        assert outcome.descriptor == p.REJECTED
        error = unwrap(outcome.value[0])
        assert (str(error[0]), len(error)) == ("amqp:decode-error", 3)
        peer.transfer(sender, 2, event("odd"), form=7)
        assert unwrap(peer.hear(p.DISPOSITION)[4].value[0])[0] == "amqp:not-implemented"
        assert peer.send(sender, 3, "the link goes on").descriptor == p.ACCEPTED


def test_a_settled_transfer_is_stored_without_an_answer(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        peer.transfer(sender, 0, event("quiet"), settled=True)
        peer.transfer(sender, 1, event("loud"))
        disposition = peer.hear(p.DISPOSITION)
        assert disposition[1:3] == [1, 1]
        receiver, _ = peer.attach(source=reading(hub))
        peer.credit(receiver, 10)
        assert sections(peer.hear_all(p.TRANSFER)[3])[0x75] == b"quiet"


def test_many_frames_one_message_and_an_aborted_one(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        whole = event("z" * 100_000)
        peer.transfer(sender, 0, whole[:10], more=True)
        peer.transfer(sender, 0, whole[10:60_000], more=True)
        peer.transfer(sender, 0, whole[60_000:])
        assert peer.hear(p.DISPOSITION)[4].descriptor == p.ACCEPTED
        peer.transfer(sender, 1, whole[:10], more=True)
        peer.transfer(sender, 1, b"", aborted=True)
        assert peer.send(sender, 2, "after").descriptor == p.ACCEPTED
        receiver, _ = peer.attach(source=reading(hub))
        peer.credit(receiver, 10)
        first, second = peer.hear_all(p.TRANSFER), peer.hear_all(p.TRANSFER)
        assert (first[2][5], second[2][5]) == (True, False)
        assert sections(first[3] + second[3])[0x75] == b"z" * 100_000
        assert sections(peer.hear_all(p.TRANSFER)[3])[0x75] == b"after"


def test_a_message_over_the_limit_is_rejected_and_the_link_goes_on(served: Served, hub: str) -> None:
    """As the service does: the SDKs tell the program of a rejected delivery, and reconnect after a detach."""
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        for _ in range(17):
            peer.transfer(sender, 0, b"x" * 65_000, more=True)
        peer.transfer(sender, 0, b"x")
        outcome = peer.hear(p.DISPOSITION)[4]
        assert outcome.descriptor == p.REJECTED
        condition, text, _ = unwrap(outcome.value[0])
        assert condition == "amqp:link:message-size-exceeded"
        assert "(delivery-id:0, size:1105001 bytes) exceeds the limit (1048576 bytes)" in text
        exact = event("x" * (MAX_MESSAGE - 8))
        assert len(exact) == MAX_MESSAGE
        for start in range(0, MAX_MESSAGE, 65_000):
            part = exact[start : start + 65_000]
            peer.transfer(sender, 1, part, more=start + len(part) < MAX_MESSAGE)
        assert peer.hear(p.DISPOSITION)[4].descriptor == p.ACCEPTED


def test_a_settled_message_over_the_limit_ends_the_link(served: Served, hub: str) -> None:
    """No rejection is heard for it; without the detach it would be lost in silence."""
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=hub)
        for number in range(17):
            peer.transfer(sender, 0, b"x" * 65_000, more=number < 16, settled=True)
        assert peer.error_of_detach()[0] == "amqp:link:message-size-exceeded"


def test_keys_of_one_transfer(served: Served, hub: str) -> None:
    """To a hub they must be one, to a partition each event keeps its own; none is over 128 characters."""

    def batch(*keys: str) -> bytes:
        events = [annotated("x-opt-partition-key", key) + event(key[:9]) for key in keys]
        return b"".join(e.described(0x75, e.binary(one)) for one in events)

    with logged_in(served.port) as peer:
        to_hub, _ = peer.attach(target=hub)
        to_partition, _ = peer.attach(target=f"{hub}/Partitions/0")
        answers = {}
        for number, (handle, keys) in enumerate([
            (to_hub, ("a", "b")), (to_partition, ("a", "b")), (to_hub, ("a", "a")),
            (to_hub, ("é" * 128,)), (to_hub, ("é" * 129,)), (to_partition, ("🥤" * 64,)),
            (to_partition, ("🥤" * 65,)),
        ]):  # fmt: skip
            peer.transfer(handle, number, batch(*keys), form=BATCH_FORMAT)
            state = peer.hear(p.DISPOSITION)[4]
            answers[number] = None if state.descriptor == p.ACCEPTED else str(unwrap(state.value[0])[0])
        assert answers == {
            0: "amqp:not-allowed", 1: None, 2: None, 3: None, 4: "com.microsoft:argument-error", 5: None,
            6: "com.microsoft:argument-error",
        }  # fmt: skip
        _, attach = peer.attach(target=f"{hub}/Publishers/{'p' * 129}")
        assert attach[6] is None
        assert peer.error_of_detach()[0] == "com.microsoft:argument-error"


def test_credit_is_granted_topped_up_and_enforced(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=hub)
        assert peer.hear(p.FLOW)[6] == CREDIT
        for number in range(CREDIT // 2 + 1):
            peer.transfer(sender, number, event("x"), settled=True)
        flow = peer.hear(p.FLOW)
        assert flow[5:7] == [CREDIT // 2 + 1, CREDIT]


def test_deliveries_follow_the_credit(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        for number in range(5):
            peer.send(sender, number, str(number))
        receiver, _ = peer.attach(source=reading(hub))
        peer.credit(receiver, 2)
        assert [peer.hear(p.TRANSFER)[1] for _ in range(2)] == [0, 1]
        peer.credit(receiver, 10, count=2, drain=True)
        assert [sections(peer.hear_all(p.TRANSFER)[3])[0x75] for _ in range(3)] == [b"2", b"3", b"4"]
        drained = _flow_of(peer, receiver)
        assert (drained[5], drained[6], drained[8]) == (12, 0, True)
        peer.send(sender, 5, "5")
        peer.credit(receiver, 1, count=12)
        assert sections(peer.hear_all(p.TRANSFER)[3])[0x75] == b"5"


def _flow_of(peer: Peer, handle: int) -> list[Any]:
    while (flow := peer.hear(p.FLOW))[4] != handle:
        pass
    return flow


def test_deliveries_follow_the_session_window(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        for number in range(4):
            peer.send(sender, number, str(number))
        peer.begin(7, window=2)
        receiver, _ = peer.attach(source=reading(hub), channel=7)
        peer.credit(receiver, 100, channel=7, window=2)
        ids = [peer.hear(p.TRANSFER, 7)[1] for _ in range(2)]
        peer.say(7, p.FLOW, e.uint(2), e.uint(0), e.uint(0), e.uint(9), *[e.NULL] * 5, e.TRUE, e.NULL)
        peer.hear(p.FLOW, 7)  # the answer to echo comes after anything sent before it
        assert not [heard for heard in peer.heard if heard[1] == p.TRANSFER]
        peer.say(7, p.FLOW, e.uint(2), e.uint(2), e.uint(0), e.uint(9), *[e.NULL] * 5, e.FALSE, e.NULL)
        ids += [peer.hear(p.TRANSFER, 7)[1] for _ in range(2)]
        assert ids == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x-opt-offset > '-1'", ["a", "b", "c"]),
        ("x-opt-sequence-number > '0'", ["b", "c"]),
        ("x-opt-sequence-number >= '2'", ["c"]),
        ("x-opt-enqueued-time > '0'", ["a", "b", "c"]),
        ("x-opt-offset > '@latest'", []),
        ("x-opt-sequence-number > '2'", []),
        ("x-opt-enqueued-time >= '99999999999999'", []),
    ],
)
def test_selectors(served: Served, hub: str, text: str, expected: list[str]) -> None:
    with logged_in(served.port) as peer:
        sender, _ = peer.attach(target=f"{hub}/Partitions/0")
        for number, body in enumerate("abc"):
            peer.send(sender, number, body)
        receiver, _ = peer.attach(source=reading(hub), filters=selector(f"amqp.annotation.{text}"))
        peer.credit(receiver, 100, drain=True)
        _flow_of(peer, receiver)
        got = [sections(heard[3])[0x75].decode() for heard in peer.heard if heard[1] == p.TRANSFER]
        assert got == expected


@pytest.mark.parametrize(
    ("filters", "condition"),
    [
        (selector("x = 1"), "amqp:invalid-field"),
        (selector("amqp.annotation.x-opt-offset > 'soon'"), "amqp:invalid-field"),
        (selector("amqp.annotation.x-opt-offset > ''"), "amqp:invalid-field"),
        (selector("amqp.annotation.x-opt-offset > '1"), "amqp:invalid-field"),
        (selector("amqp.annotation.x-opt-offset > 1 2"), "amqp:invalid-field"),
        (selector("amqp.annotation.x-opt-sequence-number > '5'"), "com.microsoft:argument-error"),
        (selector("amqp.annotation.x-opt-offset > 5"), "com.microsoft:argument-error"),
        (
            e.mapping({e.symbol("f"): b"\x00" + e.symbol("other:filter") + e.string("x")}),
            "amqp:not-implemented",
        ),
    ],
)
def test_filters_that_are_refused(served: Served, hub: str, filters: bytes, condition: str) -> None:
    with logged_in(served.port) as peer:
        _, attach = peer.attach(source=reading(hub), filters=filters)
        assert attach[5] is None
        assert peer.error_of_detach()[0] == condition


@pytest.mark.parametrize(
    ("address", "condition"),
    [
        ("h/ConsumerGroups/g/Partitions/77", "com.microsoft:argument-out-of-range"),
        ("h/ConsumerGroups/g", "amqp:not-found"),
        ("!!/ConsumerGroups/g/Partitions/0", "amqp:invalid-field"),
    ],
)
def test_addresses_that_are_refused(served: Served, address: str, condition: str) -> None:
    with logged_in(served.port) as peer:
        _, attach = peer.attach(source=address)
        assert attach[5] is None
        assert peer.error_of_detach()[0] == condition
        assert peer.attach(target="still/Partitions/0")[1][6] is not None


def test_frames_after_end_are_tolerated(served: Served, hub: str) -> None:
    with logged_in(served.port) as peer:
        peer.begin(3)
        handle, _ = peer.attach(target=hub, channel=3)
        peer.say(3, p.END, e.NULL)
        peer.say(3, p.DETACH, e.uint(handle), e.TRUE, e.NULL)
        peer.hear(p.END, 3)
        peer.begin(3)
        assert peer.attach(target=hub, channel=3)[1][6] is not None


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"\xff\xff\xff\xff\x02\x00\x00\x00", "amqp:connection:framing-error"),
        (b"\x00\x00\x00\x0a\x02\x00\x00\x00\x00\x99", "amqp:decode-error"),
        (b"\x00\x00\x00\x0c\x02\x00\x00\x09\x00\x53\x17\x45", "amqp:not-allowed"),
    ],
)
def test_a_bad_frame_closes_the_connection_with_a_reason(served: Served, data: bytes, condition: str) -> None:
    with logged_in(served.port) as peer:
        peer.raw(data)
        error = unwrap(peer.hear(p.CLOSE)[0])
        assert (str(error[0]), len(error)) == (condition, 3)
        with pytest.raises((EOFError, ConnectionError)):
            peer.poll()


def test_plain_amqp_without_sasl_is_told_what_to_do(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as s:
        s.sendall(b"AMQP\x00\x01\x00\x00")
        assert s.recv(100) == b"AMQP\x03\x01\x00\x00"
        assert s.recv(100) == b""


def test_heartbeats_are_sent_at_the_pace_asked_for(served: Served) -> None:
    with logged_in(served.port, idle=1500) as peer:
        assert peer.open[4] == 240_000
        while peer.heartbeats < 2:
            peer.poll()


def test_an_idle_timeout_that_cannot_be_kept_is_refused() -> None:
    connection = opened(Echo(), idle=100)
    assert connection.closing
    assert b"amqp:not-allowed" in connection.output()
