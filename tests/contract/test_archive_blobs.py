"""The archive's container, one body on the fake and on Azurite: versions, pieces, conditions."""

import pytest

from tests.support.archive import FakeArchive
from vending.adapters.archive_blobs import ArchiveContainer
from vending.adapters.blobs import BlobContainer
from vending.archive.write_table import BLOCK
from vending.errors import Conflict, Transient
from vending.ports import ArchiveBlobs, Listed

MISSING = '"0x8DC000000000000"'


@pytest.fixture(params=["fake", "azurite"])
def archive_blobs(request: pytest.FixtureRequest) -> ArchiveBlobs:
    if request.param == "fake":
        return FakeArchive()
    found: BlobContainer = request.getfixturevalue("blob_container")
    return ArchiveContainer(found.container)


async def listed(blobs: ArchiveBlobs, prefix: str = "") -> list[Listed]:
    return [blob async for blob in blobs.listing(prefix)]


async def whole(blobs: ArchiveBlobs, name: str, etag: str | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.chunks(name, etag)])


async def test_a_listing_tells_the_version_that_conditions_take(archive_blobs: ArchiveBlobs) -> None:
    await archive_blobs.commit("raw/b", ["MQ=="], {"MQ==": b"one"}, None)
    await archive_blobs.create("raw/a", b"")
    await archive_blobs.create("other", b"x")
    first, second = await listed(archive_blobs, "raw/")
    assert (first.name, first.size, second.name, second.size) == ("raw/a", 0, "raw/b", 3)
    assert second.etag == (await archive_blobs.blocks("raw/b")).etag
    assert await whole(archive_blobs, "raw/b", second.etag) == b"one"
    await archive_blobs.commit("raw/b", ["MQ==", "Mg=="], {"Mg==": b"two"}, second.etag)
    with pytest.raises(Conflict):
        await whole(archive_blobs, "raw/b", second.etag)
    assert await whole(archive_blobs, "raw/b") == b"onetwo"


async def test_a_read_of_a_version_that_is_gone_is_a_conflict(archive_blobs: ArchiveBlobs) -> None:
    with pytest.raises(Conflict):
        await whole(archive_blobs, "nothing", MISSING)
    with pytest.raises(KeyError):
        await whole(archive_blobs, "nothing")


async def test_small_blobs_are_replaced_by_version(archive_blobs: ArchiveBlobs) -> None:
    assert await archive_blobs.find("m.json") is None
    await archive_blobs.replace("m.json", b"1", None)
    with pytest.raises(Conflict):
        await archive_blobs.replace("m.json", b"2", None)
    found = await archive_blobs.find("m.json")
    assert found is not None
    assert found[0] == b"1"
    await archive_blobs.replace("m.json", b"3", found[1])
    with pytest.raises(Conflict):
        await archive_blobs.replace("m.json", b"4", found[1])
    with pytest.raises(Conflict):
        await archive_blobs.replace("absent.json", b"4", found[1])
    assert await whole(archive_blobs, "m.json") == b"3"


async def test_staged_blocks_are_nothing_until_they_are_committed(archive_blobs: ArchiveBlobs) -> None:
    await archive_blobs.stage("t.parquet", "MDAw", b"a" * 10)
    await archive_blobs.stage("t.parquet", "MDAx", b"b" * 10)
    assert await listed(archive_blobs, "t.parquet") == []
    await archive_blobs.commit("t.parquet", ["MDAw", "MDAx"], {}, None)
    assert await whole(archive_blobs, "t.parquet") == b"a" * 10 + b"b" * 10


async def test_deleting_what_is_not_there_is_no_error(archive_blobs: ArchiveBlobs) -> None:
    await archive_blobs.create("x", b"1")
    await archive_blobs.delete("x")
    await archive_blobs.delete("x")
    assert await listed(archive_blobs, "x") == []


async def test_a_large_blob_comes_in_pieces(blob_container: BlobContainer) -> None:
    blobs = ArchiveContainer(blob_container.container)
    data = bytes(range(256)) * (5 * BLOCK // 256)
    for start in range(0, len(data), BLOCK):
        await blobs.stage("large", f"{start:08d}", data[start : start + BLOCK])
    await blobs.commit("large", [f"{start:08d}" for start in range(0, len(data), BLOCK)], {}, None)
    pieces = [len(chunk) async for chunk in blobs.chunks("large")]
    assert sum(pieces) == len(data)
    assert max(pieces) <= BLOCK


async def test_a_container_that_is_away_is_waited_for(blob_container: BlobContainer) -> None:
    blobs = ArchiveContainer(blob_container.container)
    await blob_container.container.delete_container()
    with pytest.raises(Transient):
        await blobs.find("m.json")
    with pytest.raises(Transient):
        await listed(blobs)
    with pytest.raises(Transient):
        await blobs.delete("m.json")
