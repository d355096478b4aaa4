"""The JavaScript SDK as a peer: it decodes strictly where the Python SDK does not, and hashes keys itself."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devstack.azurite import node
from devstack.eventhubs.hub.routing import hash_code, partition_for
from devstack.tests.eventhubs.clients import bodies, read, send
from devstack.tests.eventhubs.serving import Served, connection_string, serving

PEER = Path(__file__).parent / "node"

if not (PEER / "node_modules").exists():
    if os.environ.get("REQUIRE_NODE_PEER"):
        raise RuntimeError(f"the JavaScript SDK is missing: run `npm ci` in {PEER}")
    pytest.skip(f"the JavaScript SDK is not installed in {PEER}", allow_module_level=True)


def javascript(cs: str, hub: str, step: str, **order: Any) -> Any:
    """Run one step of peer.mjs; its answer."""
    words = json.dumps({"connectionString": cs, "hub": hub, "step": step, **order})
    done = subprocess.run(
        [node(), str(PEER / "peer.mjs")], input=words, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_javascript_produces_python_consumes_and_back(served: Served, hub: str) -> None:
    cs = served.connection_string
    assert javascript(cs, hub, "properties")["partitionIds"] == ["0", "1", "2", "3"]
    large = "g" * 200_000
    events = [{"body": {"n": 1}, "properties": {"kind": "json"}}, {"body": "text"}, {"body": large}]
    javascript(cs, hub, "produce", sends=[{"events": events, "options": {"partitionId": "0"}}])
    got = read(cs, hub, 3)
    assert json.loads(bodies(got)[0]) == {"n": 1}
    assert got[0].properties == {b"kind": b"json"}
    assert large in bodies(got)[2]
    send(cs, hub, ["from python", "grüß", large], partition_id="1")
    back = javascript(cs, hub, "consume", partition="1", count=3)
    assert [event["body"] for event in back] == ["from python", "grüß", large]
    assert [event["sequenceNumber"] for event in back] == [0, 1, 2]


KEYS = ["a", "gerät-ü", "日本語のキー", "🥤", "k" * 128, *(f"device-{n}" for n in range(200))]


@pytest.mark.parametrize("partitions", [4, 7, 32])
def test_the_hash_of_a_key_is_the_one_of_the_javascript_sdk(partitions: int) -> None:
    keys = [*KEYS, "k" * 400]
    theirs = javascript("", "", "hashes", keys=keys, partitions=partitions)
    assert theirs == [partition_for(key, partitions) for key in keys]
    assert any(hash_code(key) < 0 for key in KEYS)


def test_keys_of_javascript_go_where_the_hash_says(served: Served, hub: str) -> None:
    sends = [{"events": [{"body": key}], "options": {"partitionKey": key}} for key in KEYS[:25]]
    javascript(served.connection_string, hub, "produce", sends=sends)
    expected = dict.fromkeys("0123", -1)
    for key in KEYS[:25]:
        expected[str(partition_for(key, 4))] += 1
    assert javascript(served.connection_string, hub, "ends") == expected


def test_javascript_understands_the_refusals(served: Served, hub: str) -> None:
    wrong = connection_string(served.port, key="not the key")
    refused = javascript(wrong, hub, "refused", retries=0)
    assert "signature" in refused["message"] or refused["code"] == "UnauthorizedError"
    beyond = javascript(
        served.connection_string, hub, "refused", attempt="consume", partition="99", count=1, retries=0
    )
    assert beyond["code"] is not None


def test_javascript_tells_a_missing_hub_from_a_passing_fault(tmp_path: Path) -> None:
    """By the words of the description, not by the condition."""
    entity = {"Name": "orders", "PartitionCount": "1", "ConsumerGroups": []}
    namespace = {"Type": "EventHub", "Name": "emulatorNs1", "Entities": [entity]}
    (tmp_path / "Config.json").write_text(json.dumps({"UserConfig": {"NamespaceConfig": [namespace]}}))
    with serving(tmp_path, "--config", str(tmp_path / "Config.json")) as served:
        refused = javascript(served.connection_string, "nowhere", "refused", retries=0)
        assert refused["code"] == "MessagingEntityNotFoundError"
