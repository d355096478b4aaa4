"""What the .NET client says, byte by byte, and what the answer must be.

The frames in dotnet_bytes.json were recorded between Azure.Messaging.EventHubs 5.12.2 and this server. The
Functions host uses the same client, so each of these once stopped `func start` or an app on it.
"""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.eventhubs.security.sas import PREFIX, sign
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.frames import AMQP_HEADER, SASL_HEADER, FrameReader
from devstack.tests.eventhubs.peer import PATIENCE, Peer, event, logged_in, sections, unwrap
from devstack.tests.eventhubs.serving import KEY, POLICY, Served, serving

SAID = {
    name: bytes.fromhex(data)
    for name, data in json.loads(Path(__file__).with_name("dotnet_bytes.json").read_text()).items()
}
ENTITY = {"Name": "telemetry", "PartitionCount": "4", "ConsumerGroups": [{"Name": "archive"}]}
HUBS = {
    "UserConfig": {"NamespaceConfig": [{"Type": "EventHub", "Name": "emulatorNs1", "Entities": [ENTITY]}]}
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """The hub `telemetry` of the recording, empty, and no other."""
    (tmp_path / "Config.json").write_text(json.dumps(HUBS))
    with serving(tmp_path, "--config", str(tmp_path / "Config.json")) as found:
        yield found


class DotNet(Peer):
    """A connection that starts as the recorded ones did, up to its session on channel 0."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.heard = []
        self.heartbeats = 0
        self._reader = FrameReader()
        self._handles = 0
        self.raw(SASL_HEADER)
        assert self._header() == SASL_HEADER
        self.mechanisms = self.hear(p.SASL_MECHANISMS)[0]
        self.repeat("sasl-init")
        self.outcome = self.hear(p.SASL_OUTCOME)[0]
        self.raw(AMQP_HEADER)
        assert self._header() == AMQP_HEADER
        self.repeat("open")
        self.open = self.hear(p.OPEN)
        self.repeat("begin channel 0")
        self.hear(p.BEGIN, 0)

    def repeat(self, name: str) -> None:
        """Send a recorded frame."""
        self.raw(SAID[name])

    def authorize(self) -> None:
        """Put a token, as recorded but for the token's expiry and signature."""
        for name in ("attach sender to $cbs", "attach receiver from $cbs", "flow channel 0"):
            self.repeat(name)
        self.raw(with_a_token_of_now(SAID["put-token"]))
        assert sections(self.hear_all(p.TRANSFER, 0)[3])[0x74]["status-code"] == 202
        self.heard.clear()

    def attached(self, name: str, channel: int = 1) -> list[Any]:
        """Begin the session a recorded ATTACH was sent on, and send it; the server's ATTACH."""
        self.repeat(f"begin channel {channel}")
        self.hear(p.BEGIN, channel)
        self.repeat(name)
        return self.hear(p.ATTACH, channel)


def with_a_token_of_now(data: bytes) -> bytes:
    """A recorded frame whose token is one of the same length that still holds."""
    start = data.index(PREFIX.encode())
    length = data[start - 1]
    now = int(time.time())
    for expiry in range(now + 600, now + 36_000):
        token = sign("amqps://localhost/telemetry", POLICY, KEY, expiry).encode()
        if len(token) == length:
            return data.replace(data[start : start + length], token)
    raise AssertionError(f"no token of {length} bytes")


def store(server: Served, partition: int, *texts: str) -> None:
    with logged_in(server.port) as peer:
        handle, _ = peer.attach(target=f"telemetry/Partitions/{partition}")
        for number, text in enumerate(texts):
            assert peer.send(handle, number, text).descriptor == p.ACCEPTED


def test_its_one_sasl_mechanism_is_offered_and_accepted(server: Served) -> None:
    with DotNet(server.port) as client:
        assert "MSSBCBS" in client.mechanisms
        assert client.outcome == 0
        assert client.open[2] == 65536


@pytest.mark.parametrize("node", ["$cbs", "$management"])
def test_a_sender_to_a_node_without_initial_delivery_count_is_attached(server: Served, node: str) -> None:
    """Versions 2.6 and older of its AMQP library leave the count out; 0x43 (zero) is what newer ones send."""
    name = f"attach sender to {node}"
    with_count = b"\x40\x40\x40\x40\x43\x40\x40\x40"
    assert SAID[name].count(with_count) == 1
    with DotNet(server.port) as client:
        client.raw(SAID[name].replace(with_count, with_count.replace(b"\x43", b"\x40")))
        client.repeat(f"attach receiver from {node}")
        assert client.hear(p.ATTACH, 0)[6] is not None
        client.repeat("flow channel 0")
        client.raw(with_a_token_of_now(SAID["put-token" if node == "$cbs" else "read the hub"]))
        answer = sections(client.hear_all(p.TRANSFER, 0)[3])
        assert answer[0x74]["status-code"] == (202 if node == "$cbs" else 200)


def test_the_hub_tells_its_georeplication_factor(server: Served) -> None:
    """The Go SDK refuses an answer without it; it must be a signed integer of 32 bits."""
    with DotNet(server.port) as client:
        for name in ("attach sender to $management", "attach receiver from $management", "flow channel 0"):
            client.repeat(name)
        client.raw(with_a_token_of_now(SAID["read the hub"]))
        payload = client.hear_all(p.TRANSFER, 0)[3]
        assert sections(payload)[0x77]["georeplication_factor"] == 1
        assert b"georeplication_factor\x71\x00\x00\x00\x01" in payload


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("offset > -1", [b"a", b"b", b"c"]),
        ("sequence-number > 1", [b"c"]),
        ("sequence-number >= 1", [b"b", b"c"]),
        ("enqueued-time > 1795659037065", [b"a", b"b", b"c"]),
        ("offset > @latest", [b"later"]),
    ],
)
def test_a_selector_without_quotes_behind_its_own_code(
    server: Served, selector: str, expected: list[bytes]
) -> None:
    """The value stands bare, and the filter's descriptor is the ulong 0x137000000A."""
    frame = SAID[f"attach receiver {selector}"]
    assert b"\x80\x00\x00\x00\x13\x70\x00\x00\x0a" in frame
    assert f"amqp.annotation.x-opt-{selector}".encode() in frame
    store(server, 3, "a", "b", "c")
    with DotNet(server.port) as client:
        client.authorize()
        assert client.attached(f"attach receiver {selector}")[5] is not None
        client.repeat("flow channel 1")
        store(server, 3, "later")
        got = [sections(client.hear_all(p.TRANSFER, 1)[3])[0x75] for _ in expected]
        assert got == expected


def test_an_offset_beyond_the_end_is_an_argument_error_in_the_words_of_the_service(server: Served) -> None:
    with DotNet(server.port) as client:
        client.authorize()
        assert client.attached("attach receiver offset > 999999999999")[5] is None
        condition, text = client.error_of_detach()
        assert condition == "com.microsoft:argument-error"
        assert text.startswith(
            "The supplied offset '999999999999' is invalid. The last offset in the system is '-1' "
        )


def test_a_buffering_producer_sends_events_of_several_keys_to_one_partition(server: Served) -> None:
    with DotNet(server.port) as client:
        client.authorize()
        assert client.attached("attach sender to partition 3")[6] is not None
        data = SAID["transfer of events with several keys (the first five)"]
        client.raw(data[:6] + b"\x00\x01" + data[8:])  # it was recorded on another channel
        assert client.hear(p.DISPOSITION, 1)[4].descriptor == p.ACCEPTED
    with logged_in(server.port) as peer:
        handle, _ = peer.attach(source="telemetry/ConsumerGroups/archive/Partitions/3")
        peer.credit(handle, 10)
        got = [sections(peer.hear_all(p.TRANSFER)[3]) for _ in range(5)]
        assert [(one[0x72].get("x-opt-partition-key"), one[0x75]) for one in got] == [
            (None, b"buffered 3"), ("key-3", b"keyed 3"), ("key-5", b"keyed 5"),
            (None, b"buffered 7"), (None, b"buffered 11"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("attach sender to a missing hub", "no-such-hub"),
        ("attach receiver of a missing hub", "no-such-hub"),
        ("attach receiver of a missing group", "telemetry/ConsumerGroups/no-such-group"),
    ],
)
def test_what_is_missing_could_not_be_found_in_the_words_that_sdks_look_for(
    server: Served, name: str, entity: str
) -> None:
    """Azure.Messaging.EventHubs takes any other text of amqp:not-found for a passing fault, and retries."""
    with DotNet(server.port) as client:
        assert client.put_token("amqp://localhost/") == 202
        answer = client.attached(name)
        assert answer[6 if "sender" in name else 5] is None
        condition, text = client.error_of_detach()
        assert condition == "amqp:not-found"
        assert text.startswith(f"The messaging entity '{entity}' could not be found.")


def test_an_idempotent_producer_is_refused_by_name(server: Served) -> None:
    with DotNet(server.port) as client:
        client.authorize()
        assert client.attached("attach idempotent sender", 2)[6] is None
        condition, text = client.error_of_detach()
        assert condition == "amqp:not-implemented"
        assert text == "An idempotent producer is not supported by this server."


def test_a_char_is_delivered_as_it_was_sent(server: Served) -> None:
    with DotNet(server.port) as client:
        client.authorize()
        client.attached("attach sender to partition 3")
        client.repeat("transfer of a char property")
        assert client.hear(p.DISPOSITION, 1)[4].descriptor == p.ACCEPTED
    with logged_in(server.port) as peer:
        handle, _ = peer.attach(source="telemetry/ConsumerGroups/archive/Partitions/3")
        peer.credit(handle, 1)
        payload = peer.hear_all(p.TRANSFER)[3]
        assert payload.endswith(
            b"\x00\x53\x74\xc1\x0c\x02\xa1\x04char\x73\x00\x00\x00\xdf\x00\x53\x75\xa0\x05types"
        )


def test_a_message_that_is_too_large_is_rejected_and_the_link_goes_on(server: Served) -> None:
    """The recorded heads of the first and of every further frame; its library cuts at 65536 bytes."""
    first = bytes.fromhex("0000fffc02000001005314c0150b4343a00401000000708001370040414040404041")
    further = bytes.fromhex("0001000002000001005314c00c0b4340404040414040404040")
    with DotNet(server.port) as client:
        client.authorize()
        client.attached("attach sender to partition 3")
        client.raw(first.ljust(0xFFFC, b"\0"))
        for _ in range(17):
            client.raw(further.ljust(0x10000, b"\0"))
        client.raw(
            b"\x00\x00\x01\x00" + further[4:].replace(b"\x40\x41\x40", b"\x40\x42\x40").ljust(0xFC, b"\0")
        )
        state = client.hear(p.DISPOSITION, 1)[4]
        assert state.descriptor == p.REJECTED
        condition, text, _ = unwrap(state.value[0])
        assert condition == "amqp:link:message-size-exceeded"
        assert "exceeds the limit (1048576 bytes) currently allowed on the link" in text
        client.transfer(0, 1, event("after"), channel=1)
        assert client.hear(p.DISPOSITION, 1)[4].descriptor == p.ACCEPTED
