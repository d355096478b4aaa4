"""The host's checkpoints, as its blobs hold them."""

from azure.storage.blob.aio import BlobServiceClient

from vending.adapters.blobs import BlobContainer
from vending.adapters.checkpoints import HostCheckpoints


async def test_the_numbers_of_this_hubs_two_groups(blob_container: BlobContainer) -> None:
    container = blob_container.container
    for name, number in {
        "name.space/telemetry/$default/checkpoint/0": 41,
        "name.space/telemetry/$default/checkpoint/1": 7,
        "name.space/telemetry/archive/checkpoint/0": 40,
        "name.space/telemetry/other/checkpoint/0": 1,
        "name.space/another/archive/checkpoint/0": 2,
        "name.space/telemetry/archive/ownership/0": 3,
    }.items():
        await container.upload_blob(name, b"", metadata={"sequencenumber": str(number), "offset": "1"})
    assert await HostCheckpoints(container, "Telemetry").done() == {
        "ingest_telemetry": {"0": 41, "1": 7},
        "archive_telemetry": {"0": 40},
    }


async def test_before_the_host_ever_ran_nothing_is_done(storage: dict[str, str]) -> None:
    async with BlobServiceClient.from_connection_string(storage["DATA"]) as service:
        found = await HostCheckpoints(service.get_container_client("not-there"), "telemetry").done()
    assert found == {"ingest_telemetry": {}, "archive_telemetry": {}}
