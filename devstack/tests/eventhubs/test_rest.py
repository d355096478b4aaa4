"""Events sent by HTTP: what is stored, and each status.

Sources: learn.microsoft.com/rest/api/eventhub: send-event, send-event-with-publisher-id, send-batch-events,
send-partition-event, event-hubs-runtime-rest; MicrosoftDocs/azure-docs issue 38643 shows the body of a 413.
"""

import base64
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack.eventhubs.errors import AmqpError
from devstack.eventhubs.hub.routing import partition_for
from devstack.eventhubs.rest.events import MEMBERS, PLACES, batch
from devstack.eventhubs.security.sas import sign
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.message import cut, stamp
from devstack.tests.eventhubs.peer import Peer, logged_in, sections
from devstack.tests.eventhubs.serving import KEY, POLICY, Served, serving, wait_for

JSON = "application/vnd.microsoft.servicebus.json"
ATOM = "application/atom+xml;type=entry;charset=utf-8"
POLICIES = [
    {"name": "root", "key": "k-root", "rights": ["Manage"]},
    {"name": "devices", "key": "k-dev", "rights": ["Send"], "entity": "fleet"},
    {"name": "listener", "key": "k-listen", "rights": ["Listen"]},
]
ENTITY = {"Name": "fleet", "PartitionCount": "4", "ConsumerGroups": []}
HUBS = {
    "UserConfig": {"NamespaceConfig": [{"Type": "EventHub", "Name": "emulatorNs1", "Entities": [ENTITY]}]}
}
FLEET = "sb://localhost/fleet"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The hub `fleet` and no other, with policies."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "policies.json").write_text(json.dumps(POLICIES))
    (folder / "Config.json").write_text(json.dumps(HUBS))
    options = ("--policies", str(folder / "policies.json"), "--config", str(folder / "Config.json"))
    with serving(folder, *options) as server:
        yield server


def token(uri: str, policy: str = POLICY, key: str = KEY, seconds: int = 3600) -> str:
    return sign(uri, policy, key, int(time.time()) + seconds)


def post(
    port: int, path: str, body: bytes | str, authorization: str | None, **headers: str
) -> tuple[int, str, str]:
    """Status, reason and body of the answer; ``_`` in a header's name is a hyphen."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if authorization is not None:
        names["Authorization"] = authorization
    names.setdefault("Content-Type", ATOM)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body.encode() if isinstance(body, str) else body, names)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.read().decode()
    finally:
        connection.close()


def sent(served: Served, hub: str, path: str, body: bytes | str, **headers: str) -> None:
    """A POST that must succeed."""
    got = post(served.port, f"/{hub}{path}", body, token(f"sb://localhost/{hub}"), **headers)
    assert got == (201, "Created", "")


def refused(got: tuple[int, str, str], status: int, words: str) -> None:
    """The error's body is XML in the service's form."""
    assert got[0] == status, got
    error = ET.fromstring(got[2])
    assert error.tag == "Error"
    assert error.findtext("Code") == str(status)
    assert words in (error.findtext("Detail") or "")


def stored(served: Served, hub: str, count: int) -> list[tuple[int, dict[int, Any]]]:
    """(partition, sections) of every event of a hub, by partition; there must be ``count``."""
    found, parts = [], b""
    with logged_in(served.port) as peer:
        for partition in range(4):
            handle, _ = peer.attach(source=f"{hub}/ConsumerGroups/$Default/Partitions/{partition}")
            peer.credit(handle, 1000, drain=True)
            while True:
                peer.poll()
                heard = peer.heard.pop()
                if heard[1] == p.TRANSFER:
                    parts += heard[3]
                    if not heard[2][5]:
                        found.append((partition, sections(parts)))
                        parts = b""
                elif heard[1] == p.FLOW and heard[2][4] == handle:
                    break
    assert len(found) == count
    return found


def test_one_event_with_its_headers(served: Served, hub: str) -> None:
    """A header that is not HTTP's own is a property of the event ("Alert: Strong Wind" in send-event)."""
    body = b'{ "DeviceId":"dev-01", "Temperature":"37.0" }\x00\xff'
    broker = json.dumps(
        {"PartitionKey": "gerät-1", "CorrelationId": "c-1", "MessageId": "m-1", "State": "Active"}
    )
    sent(
        served, hub, "/messages?timeout=60&api-version=2014-01", body, BrokerProperties=broker,
        Alert="Strong Wind", Customer='"12345,ABC"', User_Agent="tests", x_ms_retrypolicy="NoRetry",
    )  # fmt: skip
    ((partition, found),) = stored(served, hub, 1)
    assert partition == partition_for("gerät-1", 4)
    assert found[0x75] == body
    assert found[0x74] == {"Alert": "Strong Wind", "Customer": "12345,ABC"}
    assert (found[0x73][0], found[0x73][5], found[0x73][6]) == ("m-1", "c-1", ATOM)
    assert found[0x72]["x-opt-partition-key"] == "gerät-1"
    assert found[0x72]["x-opt-sequence-number"] == 0
    assert "x-opt-publisher" not in found[0x72]


def test_an_event_without_anything_else(served: Served, hub: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    for body in ("", "second on the same connection"):
        connection.request("POST", f"/{hub}/messages/", body, {"Authorization": token("localhost")})
        answer = connection.getresponse()
        assert (answer.status, answer.read(), answer.headers["Content-Length"]) == (201, b"", "0")
    connection.close()
    found = stored(served, hub, 2)
    assert sorted(one[0x75] for _, one in found) == [b"", b"second on the same connection"]
    assert all(0x73 not in one and 0x74 not in one for _, one in found)


def test_a_batch_is_stored_in_one_piece(served: Served, hub: str) -> None:
    """Broker and user properties stand in the body; as headers "they will be ignored" (send-batch-events)."""
    events = [
        {"Body": "one", "UserProperties": {"a": "ß", "n": -7, "f": 1.5, "t": True, "nothing": None}},
        {"Body": base64.b64encode(b"\x00\xff").decode(), "IsBodyBase64": True},
        {"Body": "three", "BrokerProperties": {"CorrelationId": "c", "ContentType": "text/plain"}},
    ]
    body = json.dumps(events)
    ignored = {"BrokerProperties": '{"PartitionKey": "elsewhere"}', "Alert": "ignored"}
    sent(served, hub, "/messages", body, Content_Type=f"{JSON}; charset=utf-8", **ignored)
    found = stored(served, hub, 3)
    assert len({partition for partition, _ in found}) == 1
    assert [one[0x75] for _, one in found] == [b"one", b"\x00\xff", b"three"]
    assert found[0][1][0x74] == {"a": "ß", "n": -7, "f": 1.5, "t": True, "nothing": None}
    assert (found[2][1][0x73][5], found[2][1][0x73][6]) == ("c", "text/plain")
    assert all("x-opt-partition-key" not in one[0x72] and 0x74 not in one for _, one in found[1:])


def test_a_batch_with_a_key_goes_where_the_key_goes(served: Served, hub: str) -> None:
    keyed = [{"Body": "x", "BrokerProperties": {"PartitionKey": "k-9"}} for _ in range(2)]
    sent(served, hub, "/messages", json.dumps(keyed), Content_Type=JSON)
    assert [(at, one[0x72]["x-opt-partition-key"]) for at, one in stored(served, hub, 2)] == [
        (partition_for("k-9", 4), "k-9")
    ] * 2
    keyed[1]["BrokerProperties"] = {"PartitionKey": "k-10"}
    got = post(served.port, f"/{hub}/messages", json.dumps(keyed), token("localhost"), Content_Type=JSON)
    refused(got, 400, "the partition keys ['k-10', 'k-9'] in one transfer")
    stored(served, hub, 2)


def test_to_a_partition(served: Served, hub: str) -> None:
    sent(served, hub, "/partitions/3/messages", "x")
    assert [(at, one[0x75]) for at, one in stored(served, hub, 1)] == [(3, b"x")]
    got = post(served.port, f"/{hub}/partitions/4/messages", "x", token("localhost"))
    refused(got, 400, "partition '4'")


def test_a_publisher_sends_as_itself_only(guarded: Served) -> None:
    """Its token opens its own address; the event carries its name, and goes where the name as a key goes."""
    own = token(f"{FLEET}/publishers/dev-7", "devices", "k-dev")
    for path in ("/fleet/publishers/dev-7/messages", "/FLEET/Publishers/DEV-7/Messages"):
        assert post(guarded.port, path, "mine", own)[0] == 201
    for path in ("publishers/dev-8", "publishers/dev-77", "publishers/dev-7%2Fx", "partitions/0", ""):
        got = post(guarded.port, f"/fleet/{path}/messages".replace("//", "/"), "forged", own)
        if path == "publishers/dev-7%2Fx":
            refused(got, 404, "could not be found")
        else:
            refused(got, 401, "'Send' claim")
    key = '{"PartitionKey": "dev-8"}'
    got = post(guarded.port, "/fleet/publishers/dev-7/messages", "x", own, BrokerProperties=key)
    refused(got, 400, "the publisher's name")
    with logged_in_as_root(guarded) as peer:
        place = partition_for("dev-7", 4)
        handle, _ = peer.attach(source=f"fleet/ConsumerGroups/$Default/Partitions/{place}")
        peer.credit(handle, 10)
        found = sections(peer.hear_all(p.TRANSFER)[3])
    assert (found[0x72]["x-opt-publisher"], found[0x72]["x-opt-partition-key"]) == ("dev-7", "dev-7")
    assert found[0x75] == b"mine"


def logged_in_as_root(served: Served) -> Peer:
    return Peer(served.port, mechanism="PLAIN", response=b"\0root\0k-root")


@pytest.mark.parametrize(
    ("authorization", "words", "reason"),
    [
        (None, "no header Authorization", "Unauthorized"),
        ("Bearer abc", "no shared access signature", "Unauthorized"),
        ("SharedAccessSignature sr=a", "lacks one of", "Unauthorized"),
        (
            token(FLEET, "devices", "wrong"),
            "signature",
            "SubCode=40103: Invalid authorization token signature",
        ),
        (token(FLEET, "nobody", "k-dev"), "no policy 'nobody'", "Unauthorized"),
        (token(FLEET, "devices", "k-dev", -5), "expired", "Unauthorized"),
        (token("sb://elsewhere.example/fleet", "root", "k-root"), "not this namespace", "Unauthorized"),
        (token("sb://localhost/other", "root", "k-root"), "'Send' claim", "Unauthorized"),
        (token("localhost", "listener", "k-listen"), "'Send' claim", "Unauthorized"),
    ],
)
def test_401(guarded: Served, authorization: str | None, words: str, reason: str) -> None:
    """A wrong signature is told in the reason, as the service does: clients look for it there."""
    got = post(guarded.port, "/fleet/messages", "x", authorization)
    refused(got, 401, words)
    assert got[1] == reason


@pytest.mark.parametrize(
    "path",
    ["/none/messages", "/fleet", "/messages", "/fleet/x/messages", "/fleet/a/b/messages", "/%00/messages"],
)
def test_404(guarded: Served, path: str) -> None:
    got = post(guarded.port, path, "x", token("http://localhost:5672/", "root", "k-root"))
    refused(got, 404, "The messaging entity '")


def test_405(guarded: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=60)
    connection.request("GET", "/fleet/messages")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    connection.close()


BAD_BATCHES = [
    b"", b"{", b"[]", b"{}", b"[1]", b"[" * 100_000, b'[{"Body": 1}]', b'[{"Temperature": 1}]', b"\xff",
    b'[{"Body": "x", "body": "y"}]', b'[{"Body": "!", "IsBodyBase64": true}]',
    b'[{"Body": "x", "IsBodyBase64": 1}]', b'[{"Body": "\\ud800"}]',
    b'[{"Body": "x", "UserProperties": [1]}]', b'[{"Body": "x", "UserProperties": {"a": {}}}]',
    b'[{"Body": "x", "UserProperties": {"a": NaN}}]', b'[{"Body": "x", "UserProperties": {"a": 1e999}}]',
    b'[{"Body": "x", "UserProperties": {"a": 9223372036854775808}}]',
    b'[{"Body": "x", "UserProperties": {"\\ud800": 1}}]',
    b'[{"Body": "x", "BrokerProperties": {"PartitionKey": 1}}]',
    b'[{"Body": "x", "BrokerProperties": {"PartitionKey": "\\ud800"}}]',
    b'[{"Body": "x", "BrokerProperties": "PartitionKey"}]',
    b'[{"Body": "good"}, {"Body": "x", "BrokerProperties": {"PartitionKey": "' + b"k" * 129 + b'"}}]',
]  # fmt: skip


def test_400_for_a_batch_that_is_not_one(served: Served, hub: str) -> None:
    for body in BAD_BATCHES:
        got = post(served.port, f"/{hub}/messages", body, token("localhost"), Content_Type=JSON)
        refused(got, 400, "")
    stored(served, hub, 0)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("eA==")
NAMES = st.sampled_from([*sorted(MEMBERS), *PLACES, "PartitionKey", "TimeToLive"]) | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20)
EVENTS = st.fixed_dictionaries(
    {"Body": st.text() | VALUES},
    optional={
        "IsBodyBase64": st.booleans(),
        "UserProperties": st.dictionaries(st.text(), SCALARS) | VALUES,
        "BrokerProperties": st.dictionaries(NAMES, st.none() | st.text()) | VALUES,
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS) | VALUES)
def test_any_json_is_a_batch_of_events_or_refused(document: object) -> None:
    """What is taken is a message that can be read; nothing else than a refusal comes of the rest."""
    text = json.dumps(document)
    try:
        found = batch(text.encode())
    except AmqpError:
        return
    assert isinstance(document, list)
    assert len(found) == len(document)
    for encoded, event in zip(found, document, strict=True):
        whole = sections(stamp(cut(encoded), 0, 0, 0, []))
        body = event["Body"]
        assert whole[0x75] == (base64.b64decode(body) if event.get("IsBodyBase64") else body.encode())
        assert whole.get(0x74, {}) == (event.get("UserProperties") or {})


@pytest.mark.parametrize(
    ("query", "headers", "words"),
    [
        ("?timeout=0", {}, "timeout"),
        ("?timeout=soon", {}, "timeout"),
        ("?api-version=latest", {}, "api-version"),
        ("", {"BrokerProperties": "PartitionKey=x"}, "BrokerProperties is not JSON"),
        ("", {"BrokerProperties": "[]"}, "no JSON object"),
        ("", {"BrokerProperties": '{"MessageId": 7}'}, "MessageId"),
        ("", {"BrokerProperties": '{"PartitionKey": "' + "k" * 129 + '"}'}, "128 characters"),
    ],
)
def test_400(served: Served, hub: str, query: str, headers: dict[str, str], words: str) -> None:
    got = post(served.port, f"/{hub}/messages{query}", "x", token("localhost"), **headers)
    refused(got, 400, words)
    stored(served, hub, 0)


def test_a_publisher_that_is_no_utf_8_or_too_long_is_400(served: Served, hub: str) -> None:
    refused(post(served.port, f"/{hub}/publishers/%ff/messages", "x", token("localhost")), 400, "UTF-8")
    long = f"/{hub}/publishers/{'p' * 129}/messages"
    refused(post(served.port, long, "x", token("localhost")), 400, "128 characters")


def test_what_is_not_served_is_501_by_name(served: Served, hub: str) -> None:
    broker = '{"ScheduledEnqueueTimeUtc": "Sun, 06 Nov 2094 08:49:37 GMT"}'
    got = post(served.port, f"/{hub}/messages", "x", token("localhost"), BrokerProperties=broker)
    refused(got, 501, "The broker property ScheduledEnqueueTimeUtc is not supported")
    stored(served, hub, 0)


def test_413_and_the_largest_event(served: Served, hub: str) -> None:
    limit = 1024 * 1024
    words = "The maximum message size quota for outgoing messages (1048576) has been exceeded."
    refused(post(served.port, f"/{hub}/messages", b"x" * (limit + 1), token("localhost")), 413, words)
    refused(post(served.port, f"/{hub}/messages", b"x" * limit, token("localhost")), 413, words)

    def unbounded() -> Iterator[bytes]:
        for _ in range(17):
            yield b"x" * 65_536

    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request(
        "POST", f"/{hub}/messages", unbounded(), {"Authorization": token("localhost")}, encode_chunked=True
    )
    assert connection.getresponse().status == 413
    connection.close()
    stored(served, hub, 0)
    sent(served, hub, "/messages", b"x" * (limit - 1000))
    stored(served, hub, 1)


def ends(connection: socket.socket) -> bool:
    """Whether it ends, whatever is still to be read; a time-out fails the test."""
    try:
        while connection.recv(1000):
            pass
    except ConnectionResetError:
        pass
    return True


def test_faults_on_request(tmp_path: Path) -> None:
    with serving(tmp_path, control=True) as served:
        path, allowed = "/orders/messages", token("localhost")
        served.control(do="fault", place="send")
        refused(post(served.port, path, "busy", allowed), 503, "a fault asked for")
        served.control(do="fault", place="enospc")
        refused(post(served.port, path, "no room", allowed), 403, "no space")
        served.control(do="fault", place="delay", seconds=3)
        refused(post(served.port, f"{path}?timeout=1", "slow", allowed), 500, "not stored within 1 s")
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as idle:
            idle.sendall(b"P")
            assert post(served.port, path, "others are served", allowed)[0] == 201
            idle.sendall(f"OST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n".encode())
            idle.sendall(f"Authorization: {allowed}\r\n\r\nok".encode())
            assert idle.recv(100).startswith(b"HTTP/1.1 201 ")
            assert served.control(do="disconnect")["disconnected"] == 1
            assert ends(idle)
        bodies = sorted(one[0x75] for _, one in stored(served, "orders", 3))
        assert bodies == [b"ok", b"others are served", b"slow"], "a late one was stored, as the answer says"


def test_a_request_is_answered_before_the_server_ends(tmp_path: Path) -> None:
    with serving(tmp_path, control=True) as served:
        served.control(do="fault", place="delay", seconds=0.7)
        request = "POST /orders/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        request += f"Authorization: {token('localhost')}"
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as late:
            late.sendall(f"{request}\r\n\r\nx".encode())
            wait_for(lambda: written(served.data))
            assert served.stop() == 0
            assert late.recv(100).startswith(b"HTTP/1.1 201 ")


def written(data: Path) -> bool:
    return any(path.stat().st_size for path in data.glob("hubs/orders/*/*.log"))


def test_power_durability_answers_after_the_sync(tmp_path: Path) -> None:
    with serving(tmp_path, "--durability", "power") as served:
        sent(served, "orders", "/messages", "synced")
        served.kill()
        served.start()
        assert [one[0x75] for _, one in stored(served, "orders", 1)] == [b"synced"]


def test_the_ready_file_tells_the_address(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        ready = json.loads((tmp_path / "ready.json").read_text())
        assert ready["http"] == f"http://localhost:{served.port}"
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as kept:
            kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert kept.recv(100).startswith(b"HTTP/1.1 405 ")
            assert served.stop() == 0, "an idle connection does not hold the server"
