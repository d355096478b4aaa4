"""The host's checkpoints, as its blobs hold them.

Layout and metadata: BlobCheckpointStoreInternal of the Event Hubs extension, measured on the real host.
"""

from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from vending.adapters.blobs import BlobContainer
from vending.adapters.checkpoints import HostCheckpoints

NAMESPACE = "name.space"
OURS = f"{NAMESPACE}/telemetry/$default/checkpoint/0"


async def write(container: ContainerClient, name: str, **metadata: str) -> None:
    await container.upload_blob(name, b"", metadata=metadata)


async def done(container: ContainerClient, namespace: str = NAMESPACE) -> dict[str, dict[str, int]]:
    return await HostCheckpoints(container, namespace, "Telemetry").done()


async def test_the_numbers_of_this_hubs_two_groups(blob_container: BlobContainer) -> None:
    container = blob_container.container
    for name, number in {
        OURS: 41,
        "name.space/telemetry/$default/checkpoint/1": 7,
        "name.space/telemetry/archive/checkpoint/0": 40,
        "name.space/telemetry/other/checkpoint/0": 1,
        "name.space/another/archive/checkpoint/0": 2,
        "name.space/telemetry/archive/ownership/0": 3,
    }.items():
        await write(container, name, sequencenumber=str(number), offset="1", clientidentifier="host-1")
    assert await done(container) == {
        "ingest_telemetry": {"0": 41, "1": 7},
        "archive_telemetry": {"0": 40},
    }


@pytest.mark.parametrize(
    "name",
    [
        "name.space/telemetry/$default/0",  # the extension's layout until version 4
        "name.space/telemetry/$default/checkpoint/0/copy",
        "name.space/telemetry/$default/checkpoint/",
        "name.space/telemetry",
        "backup-of-checkpoints.zip",
        "name.space/telemetry-old/$default/checkpoint/0",
        "name.space.2/telemetry/$default/checkpoint/0",
        "other.space/telemetry/$default/checkpoint/0",
    ],
)
async def test_checkpoints_of_others_and_of_another_layout_are_skipped(
    blob_container: BlobContainer, name: str
) -> None:
    """The container belongs to every app of the storage account, whatever extension each one has."""
    await write(blob_container.container, name, sequencenumber="99", offset="1")
    await write(blob_container.container, OURS, sequencenumber="5", offset="1")
    assert await done(blob_container.container) == {"ingest_telemetry": {"0": 5}, "archive_telemetry": {}}


async def test_only_this_hubs_blobs_are_listed(
    blob_container: BlobContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    container, listed = blob_container.container, blob_container.container.list_blobs

    def noted(start: str, **options: Any) -> Any:
        asked.append(start)
        return listed(start, **options)

    monkeypatch.setattr(container, "list_blobs", noted)
    assert await done(container, "Name.Space") == {"ingest_telemetry": {}, "archive_telemetry": {}}
    assert asked == ["name.space/telemetry/"]


@pytest.mark.parametrize(
    "metadata",
    [{}, {"offset": "7"}, {"offset": "7", "sequencenumber": ""}, {"sequencenumber": "--7"}],
    ids=["none", "no number", "empty number", "no integer"],
)
async def test_a_checkpoint_without_a_number_tells_nothing(
    blob_container: BlobContainer, metadata: dict[str, str]
) -> None:
    """``UpdateCheckpointInternalAsync`` writes "" where it has no sequence number."""
    await write(blob_container.container, OURS, **metadata)
    await write(blob_container.container, OURS[:-1] + "1", sequencenumber="0", offset="0")
    assert await done(blob_container.container) == {"ingest_telemetry": {"1": 0}, "archive_telemetry": {}}


async def test_before_the_host_ever_ran_nothing_is_done(storage: dict[str, str]) -> None:
    async with BlobServiceClient.from_connection_string(storage["DATA"]) as service:
        found = await done(service.get_container_client("not-there"))
    assert found == {"ingest_telemetry": {}, "archive_telemetry": {}}
