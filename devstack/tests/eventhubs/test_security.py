"""Who may do what: tokens, policies, rights, publishers; and what happens when a token runs out."""

import json
import time
from collections.abc import Iterator

import pytest
from azure.core.credentials import AzureSasCredential
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, ConnectError, EventHubError

from devstack.eventhubs.security.sas import sign
from devstack.eventhubs.wire import performatives as p
from devstack.tests.eventhubs.clients import bodies, producer, read
from devstack.tests.eventhubs.peer import Peer, annotated, event, logged_in, sections
from devstack.tests.eventhubs.serving import KEY, POLICY, Served, connection_string, serving

POLICIES = [
    {"name": "root", "key": "k-root", "rights": ["Manage"]},
    {"name": "sender", "key": "k-send", "rights": ["Send"]},
    {"name": "listener", "key": "k-listen", "rights": ["Listen"], "entity": "Fleet"},
]
AUDIENCE = "sb://localhost/fleet"
SOURCE = "fleet/ConsumerGroups/$Default/Partitions/0"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "policies.json").write_text(json.dumps(POLICIES))
    with serving(folder, "--policies", str(folder / "policies.json")) as server:
        yield server


def test_nothing_is_allowed_without_a_token(guarded: Served) -> None:
    with Peer(guarded.port) as peer:
        _, attach = peer.attach(target="fleet")
        assert attach[6] is None
        condition, text = peer.error_of_detach()
        assert condition == "amqp:unauthorized-access"
        assert "'Send'" in text
        assert peer.attach(source=SOURCE)[1][5] is None
        assert peer.error_of_detach()[0] == "amqp:unauthorized-access"


@pytest.mark.parametrize(
    ("audience", "policy", "key", "seconds"),
    [
        (AUDIENCE, "sender", "wrong", 60),
        (AUDIENCE, "nobody", "k-send", 60),
        (AUDIENCE, "sender", "k-send", -5),
        ("sb://elsewhere.example/fleet", "sender", "k-send", 60),
        ("sb://localhost/other", "listener", "k-listen", 60),
    ],
)
def test_bad_tokens_are_401(guarded: Served, audience: str, policy: str, key: str, seconds: int) -> None:
    with Peer(guarded.port) as peer:
        assert peer.put_token(audience, policy=policy, key=key, seconds=seconds) == 401
        assert peer.attach(target="fleet")[1][6] is None


def test_malformed_tokens_are_401(guarded: Served) -> None:
    good = sign(AUDIENCE, "sender", "k-send", int(time.time()) + 60)
    with Peer(guarded.port) as peer:
        for token in ("", "x", "SharedAccessSignature sr=a", good.replace("&skn", "&skm"), good + "0"):
            assert peer.put_raw_token(AUDIENCE, token or " ") == 401
        assert peer.put_raw_token(AUDIENCE, good, "jwt") == 401
        assert peer.put_raw_token("sb://localhost/other", good) == 401
        assert peer.put_raw_token(AUDIENCE, good) == 202


def test_rights_are_those_of_the_policy(guarded: Served) -> None:
    with Peer(guarded.port) as peer:
        assert peer.put_token(AUDIENCE, policy="sender", key="k-send") == 202
        assert peer.attach(target="fleet")[1][6] is not None
        assert peer.attach(source=SOURCE)[1][5] is None
    with Peer(guarded.port) as peer:
        assert peer.put_token("amqps://LOCALHOST:5671/FLEET/", policy="listener", key="k-listen") == 202
        assert peer.attach(source=SOURCE)[1][5] is not None
        assert peer.attach(target="fleet")[1][6] is None
    with Peer(guarded.port) as peer:
        assert peer.put_token("sb://localhost/fle", policy="root", key="k-root") == 202
        assert peer.attach(target="fleet")[1][6] is None, "fle is not above fleet"


def test_sasl_plain_is_a_policy_and_its_key(guarded: Served) -> None:
    with Peer(guarded.port, mechanism="PLAIN", response=b"\0sender\0k-send") as peer:
        assert peer.attach(target="fleet")[1][6] is not None
        assert peer.attach(source=SOURCE)[1][5] is None
    for mechanism, response in (("PLAIN", b"\0sender\0no"), ("PLAIN", b""), ("EXTERNAL", b"")):
        with Peer(guarded.port, mechanism=mechanism, response=response) as peer:
            assert peer.outcome == 1


def test_a_token_that_runs_out_ends_its_links_and_a_newer_one_keeps_them(guarded: Served) -> None:
    with Peer(guarded.port) as short, Peer(guarded.port) as renewed:
        for peer in (short, renewed):
            assert peer.put_token(AUDIENCE, policy="sender", key="k-send", seconds=2) == 202
        handle, _ = renewed.attach(target="fleet")
        short.attach(target="fleet")
        assert renewed.put_token(AUDIENCE, policy="sender", key="k-send", seconds=60) == 202
        assert short.error_of_detach()[0] == "amqp:unauthorized-access"
        assert renewed.send(handle, 0, "still there").descriptor == p.ACCEPTED


def test_a_publisher_token_sends_only_as_that_publisher(guarded: Served) -> None:
    with Peer(guarded.port) as peer:
        assert peer.put_token(f"{AUDIENCE}/Publishers/dev-7", policy="sender", key="k-send") == 202
        handle, attach = peer.attach(target="fleet/Publishers/dev-7")
        assert attach[6] is not None
        assert peer.send(handle, 0, "mine").descriptor == p.ACCEPTED
        for other in ("fleet", "fleet/Publishers/dev-77", "fleet/Publishers/dev-8", "fleet/Partitions/0"):
            assert peer.attach(target=other)[1][6] is None, other
            assert peer.error_of_detach()[0] == "amqp:unauthorized-access"


def test_a_publisher_is_stamped_and_its_key_is_its_name(served: Served, hub: str) -> None:
    address = f"sb://localhost:{served.port}/{hub}/publishers/dev-9"
    token = sign(address, POLICY, KEY, int(time.time()) + 600)
    client = EventHubProducerClient(
        f"localhost:{served.port}", f"{hub}/publishers/dev-9", AzureSasCredential(token), use_tls=False
    )
    with client:
        client.send_batch([EventData("hello")])
    with logged_in(served.port) as peer:
        handle, _ = peer.attach(target=f"{hub}/Publishers/dev-9")
        peer.transfer(handle, 0, annotated("x-opt-partition-key", "dev-10") + event("not mine"))
        error = peer.hear(p.DISPOSITION)[4].value[0].value
        assert error[0] == "amqp:not-allowed"
    (got,) = read(served.connection_string, hub, 1, None)
    annotations = got.raw_amqp_message.annotations
    assert annotations is not None
    assert (annotations[b"x-opt-publisher"], got.partition_key) == (b"dev-9", b"dev-9")


def test_the_sdk_is_told_about_a_wrong_key(guarded: Served) -> None:
    wrong = connection_string(guarded.port, "sender", "oops")
    faults = (AuthenticationError, ConnectError)
    with producer(wrong, "fleet", retry_total=0) as client, pytest.raises(faults, match="signature"):
        client.send_event(EventData("x"))


def test_properties_need_a_right(guarded: Served) -> None:
    ask = {"operation": "READ", "type": "com.microsoft:eventhub", "name": "fleet"}
    with Peer(guarded.port) as peer:
        assert peer.request("$management", ask)[0] == 401
        token = sign(AUDIENCE, "sender", "k-send", int(time.time()) + 60)
        status, body = peer.request("$management", ask | {"security_token": token})
        assert (status, body["name"], body["partition_count"]) == (200, "fleet", 4)
        assert peer.request("$management", ask | {"security_token": token + "x"})[0] == 401


def test_management_refuses_what_it_does_not_know(served: Served) -> None:
    with logged_in(served.port) as peer:
        assert peer.request("$management", {"operation": "DELETE", "name": "x"})[0] == 400
        ask = {"operation": "READ", "type": "com.microsoft:partition", "name": "x", "partition": "12"}
        assert peer.request("$management", ask)[0] == 400


def test_a_configured_namespace_refuses_unknown_hubs_and_groups(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("configured")
    entity = {"Name": "Orders", "PartitionCount": "2", "ConsumerGroups": [{"Name": "cg1"}]}
    namespace = {"Type": "EventHub", "Name": "emulatorNs1", "Entities": [entity]}
    (folder / "Config.json").write_text(json.dumps({"UserConfig": {"NamespaceConfig": [namespace]}}))
    with serving(folder, "--config", str(folder / "Config.json")) as server, logged_in(server.port) as peer:
        assert "Orders (2)" in server.output()
        for address in ("other/ConsumerGroups/cg1/Partitions/0", "orders/ConsumerGroups/cg2/Partitions/0"):
            assert peer.attach(source=address)[1][5] is None
            assert peer.error_of_detach()[0] == "amqp:not-found"
        for group in ("$default", "$Default", "CG1"):
            assert peer.attach(source=f"ORDERS/ConsumerGroups/{group}/Partitions/1")[1][5] is not None
        assert (
            peer.request("$management", {"operation": "READ", "type": "com.microsoft:eventhub", "name": "n"})[
                0
            ]
            == 404
        )
        with producer(server.connection_string, "nope", retry_total=0) as client:
            with pytest.raises(EventHubError):
                client.get_eventhub_properties()
            with pytest.raises(EventHubError, match="could not be found"):
                client.send_event(EventData("x"))


def test_events_are_those_that_were_sent(guarded: Served) -> None:
    root = connection_string(guarded.port, "root", "k-root")
    with Peer(guarded.port, mechanism="PLAIN", response=b"\0root\0k-root") as peer:
        handle, _ = peer.attach(target="fleet/Partitions/3")
        peer.transfer(handle, 0, event("one"))
        peer.hear(p.DISPOSITION)
        reader, _ = peer.attach(source="fleet/ConsumerGroups/g/Partitions/3")
        peer.credit(reader, 1)
        assert sections(peer.hear_all(p.TRANSFER)[3])[0x75] == b"one"
    assert bodies(read(root, "fleet", 1, "3")) == ["one"]
