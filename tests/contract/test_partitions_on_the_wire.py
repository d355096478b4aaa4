"""Partitions read through the official SDK past any body, and checkpoints moved on real blobs."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub._pyamqp.aio import _receiver_async as _link
from azure.eventhub.amqp import AmqpAnnotatedMessage

from devstack.tests.eventhubs.serving import Served, serving
from tests.support.backends import LOCAL
from tests.unit.vendctl.amqp_bytes import data, message
from vendctl.partitions import reading
from vendctl.partitions.checkpoints import Checkpoint, HostBlobs, home
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.message import Message
from vendctl.partitions.reading import End, HubReader, undecoded
from vending.adapters.blobs import BlobContainer
from vending.adapters.checkpoints import HostCheckpoints
from vending.errors import Conflict, Transient

LINK: Any = _link
HUB = "telemetry"
HOME = f"name.space/{HUB}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not LOCAL:
        pytest.skip("sends messages that stop a partition: only to a hub of its own")
    folder = tmp_path_factory.mktemp("eventhubs")
    groups = [{"Name": "archive"}, {"Name": "operators"}]
    hub = {"Name": HUB, "PartitionCount": "2", "ConsumerGroups": groups}
    namespace = {"Type": "EventHub", "Name": "emulatorNs1", "Entities": [hub]}
    config = {"UserConfig": {"NamespaceConfig": [namespace], "LoggingConfig": {"Type": "File"}}}
    (folder / "hubs.json").write_text(json.dumps(config))
    with serving(folder, "--config", str(folder / "hubs.json")) as server:
        yield server


def reader(served: Served, group: str = "operators") -> HubReader:
    return HubReader.of(environment(served), group)


def environment(served: Served) -> dict[str, str]:
    return {"EVENTHUB": served.connection_string, "TELEMETRY_HUB": HUB, "COSMOS_DATABASE": "x"}


SENT: list[AmqpAnnotatedMessage] = [
    AmqpAnnotatedMessage(
        data_body=b"\xff\x00",
        application_properties={"text": "grüß", "number": 7, "half": 0.5, "yes": True, "raw": b"\x00\xff"},
        annotations={"iothub-connection-device-id": "dev-1"},
        properties={"message_id": "m-1", "content_type": "application/json"},
    ),
    AmqpAnnotatedMessage(data_body=[b"in ", b"parts"], annotations={}),
    AmqpAnnotatedMessage(value_body=None, annotations={}),
    AmqpAnnotatedMessage(value_body={"a": [1, None]}, annotations={}),
    AmqpAnnotatedMessage(sequence_body=[["a", 1], [2.5]], annotations={}),
    AmqpAnnotatedMessage(data_body=b"x" * 200_000, annotations={}),
]


async def test_every_body_that_the_sdk_sends_is_read_as_it_came(served: Served) -> None:
    with EventHubProducerClient.from_connection_string(served.connection_string, eventhub_name=HUB) as client:
        for one in SENT:
            batch = client.create_batch(partition_key="dev-1")
            batch.add(one)
            client.send_batch(batch)
    hub = reader(served)
    ends = await hub.ends()
    (partition,) = [name for name, end in ends.items() if end.last >= 0]
    assert ends[partition] == End(0, len(SENT) - 1)
    found = [one async for one in hub.read(partition, "-1", len(SENT) - 1)]
    assert [one.sequence for one in found] == list(range(len(SENT)))
    assert [one.kind for one in found] == ["data", "data", "none", "value", "sequence", "data"]
    events = [hub_event(one, "1", partition) for one in found]
    assert [event.body for event in events] == [b"\xff\x00", b"in parts", b"", b"", b"", b"x" * 200_000]
    assert events[0].properties == {"text": "grüß", "number": 7, "half": 0.5, "yes": True, "raw": "AP8="}
    assert events[0].system == {
        "message-id": "m-1", "content-type": "application/json", "iothub-connection-device-id": "dev-1",
    }  # fmt: skip
    assert {event.key for event in events} == {"dev-1"}
    bodies: list[Any] = [(event.amqp or {}).get("body") for event in events]
    assert [(event.amqp or {}).get("fault") for event in events[2:4]] == [
        "it has no body", "its AMQP body is a value, not data",
    ]  # fmt: skip
    assert [kind for part in bodies[4] for item in part["list"] for kind in item] == [
        "string",
        "int",
        "double",
    ]
    # From a number, from an offset, and the SDK's decoder is back in its place.
    assert [one.sequence async for one in hub.read(partition, 2, 4)] == [3, 4]
    assert [one.sequence async for one in hub.read(partition, found[2].offset, 4)] == [3, 4]
    assert LINK.decode_payload.__module__ == "azure.eventhub._pyamqp._decode"


async def test_partitions_are_read_at_the_same_time(served: Served) -> None:
    """The SDK's decoder is one for the process: it comes back after the last reader, not the first."""
    hub = reader(served)
    with EventHubProducerClient.from_connection_string(served.connection_string, eventhub_name=HUB) as client:
        for partition in ("0", "1"):
            batch = client.create_batch(partition_id=partition)
            for number in range(50):
                batch.add(EventData(b"%d" % number))
            client.send_batch(batch)
    ends = await hub.ends()

    async def bodies(partition: str, count: int) -> list[bytes]:
        last = ends[partition].last
        found = [one async for one in hub.read(partition, last - count, last)]
        return [one.told.body for one in found]

    short, long = await asyncio.gather(bodies("0", 2), bodies("1", 50))
    assert short == [b"48", b"49"]
    assert long == [b"%d" % number for number in range(50)]
    assert LINK.decode_payload.__module__ == "azure.eventhub._pyamqp._decode"


async def test_a_group_that_does_not_exist_ends_with_what_to_do(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK tries to attach for ever, without a word."""
    monkeypatch.setattr(reading, "SILENCE", 2.0)
    with pytest.raises(Transient, match="consumer-group create --name operators"):
        async for _ in reader(served, "nobody").read("0", "-1", 0):
            pass


def test_messages_that_the_sdk_cannot_decode_are_read_all_the_same() -> None:
    """A ``char`` of .NET: the SDK's decoder has no reader for it, and such an event would never arrive."""
    raw = message(3, data(b"x"), application={"char": b"\x73\x00\x00\x00\xe4"})
    with undecoded():
        carried = LINK.decode_payload(memoryview(raw))
    event = EventData._from_message(carried)
    assert (event.sequence_number, event.offset) == (3, "300")
    assert hub_event(Message.read(b"".join(event.body)), "1", "0").properties == {"char": "ä"}  # type: ignore[arg-type]


@pytest.fixture
async def host(blob_container: BlobContainer) -> HostBlobs:
    container = blob_container.container
    for name, metadata in {
        f"{HOME}/$default/checkpoint/0": {"sequencenumber": "41", "offset": "4100", "clientidentifier": "me"},
        f"{HOME}/archive/checkpoint/2": {"offset": "1", "sequencenumber": "7"},
        f"{HOME}/$default/ownership/0": {"ownerid": "instance-1"},
        f"{HOME}/archive/ownership/0": {"ownerid": ""},
        "name.space/other/archive/checkpoint/0": {"sequencenumber": "9", "offset": "1"},
    }.items():
        await container.upload_blob(name, b"", metadata=metadata)
    return HostBlobs(container, HOME)


async def test_checkpoints_and_owners_are_read_as_the_host_writes_them(host: HostBlobs) -> None:
    """Others' blobs and what has no number stand in nobody's way."""
    unknown = {"sequencenumber": "", "offset": ""}
    await host.container.upload_blob(f"{HOME}/archive/checkpoint/1", b"", metadata=unknown)
    await host.container.upload_blob("an-older/layout/archive/0", b"", metadata={"offset": "1"})
    found = await host.checkpoints()
    assert {place: one.sequence for place, one in found.items()} == {
        ("$default", "0"): 41,
        ("archive", "1"): -1,
        ("archive", "2"): 7,
    }
    assert found["$default", "0"].function == "ingest_telemetry"
    assert found["$default", "0"].start == "4100"
    assert await host.owners() == {("$default", "0"): "instance-1"}


async def test_a_checkpoint_is_moved_as_the_host_writes_it_and_never_over_another_one(
    host: HostBlobs,
) -> None:
    held = (await host.checkpoints())["$default", "0"]
    await host.move(held, 50, "5000")
    with pytest.raises(Conflict):
        await host.move(held, 51, "5100")
    now = (await host.checkpoints())["$default", "0"]
    assert dict(now.metadata) == {"sequencenumber": "50", "offset": "5000", "clientidentifier": "me"}
    assert (await HostCheckpoints(host.container, *HOME.split("/")).done())["ingest_telemetry"]["0"] == 50
    with pytest.raises(ValueError, match="not moved back to 49"):
        await host.move(now, 49, "4900")


async def test_a_first_checkpoint_is_written_where_none_is(host: HostBlobs) -> None:
    none = Checkpoint("archive", "0")
    await host.move(none, 5, "500")
    assert (await host.checkpoints())["archive", "0"].sequence == 5
    with pytest.raises(Conflict):
        await host.move(none, 6, "600")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"EVENTHUB": "Endpoint=sb://N.servicebus.windows.net/;Key=a="}, "n.servicebus.windows.net/hub"),
        ({"EVENTHUB": "Endpoint=sb://localhost:5672;UseDevelopmentEmulator=true;"}, "localhost/hub"),
        ({"EVENTHUB__fullyQualifiedNamespace": "n.servicebus.windows.net"}, "n.servicebus.windows.net/hub"),
    ],
)  # fmt: skip
def test_where_the_hosts_blobs_are(settings: dict[str, str], expected: str) -> None:
    assert home(settings | {"TELEMETRY_HUB": "Hub", "COSMOS_DATABASE": "x"}) == expected
