"""What the use cases rely on in Blobs: the fake and Blob Storage do the same."""

import base64

import pytest

from tests.support.fakes import FakeBlobs
from vending.adapters.blobs import BlobContainer
from vending.errors import Conflict
from vending.ports import Blocks

Blobs = FakeBlobs | BlobContainer


def block(number: int) -> str:
    """Ids of one length, as Blob Storage wants them."""
    return base64.b64encode(f"{number:05d}".encode()).decode()


async def test_a_blob_is_created_once(blobs: Blobs) -> None:
    assert await blobs.create("1/0/a.jsonl", b"\x00first")
    assert not await blobs.create("1/0/a.jsonl", b"second")
    assert await blobs.read("1/0/a.jsonl") == b"\x00first"


async def test_a_blob_that_is_not_there_is_a_key_error(blobs: Blobs) -> None:
    with pytest.raises(KeyError):
        await blobs.read("nothing")
    assert await blobs.blocks("nothing") == Blocks(None, ())


async def test_names_below_a_prefix_in_order(blobs: Blobs) -> None:
    for name in ("b/2", "a/1", "b/1", "c"):
        await blobs.create(name, b"x")
    assert [name async for name in blobs.names("b/")] == ["b/1", "b/2"]
    assert [name async for name in blobs.names()] == ["a/1", "b/1", "b/2", "c"]


async def test_folders_are_what_names_have_before_their_next_slash(blobs: Blobs) -> None:
    for name in ("b/2/x", "b/1/x", "b/1/y", "b/3", "marks/b/1", "c"):
        await blobs.create(name, b"x")
    assert [name async for name in blobs.folders()] == ["b/", "marks/"]
    assert [name async for name in blobs.folders("b/")] == ["b/1/", "b/2/"]
    assert [name async for name in blobs.folders("nothing/")] == []


async def test_blocks_are_appended_and_put_in_the_order_of_the_list(blobs: Blobs) -> None:
    one, two, three = block(1), block(2), block(3)
    await blobs.commit("x", [one, three], {one: b"1", three: b"3"}, None)
    held = await blobs.blocks("x")
    assert held.ids == (one, three)
    await blobs.commit("x", [one, two, three], {two: b"2"}, held.etag)
    after = await blobs.blocks("x")
    assert after.ids == (one, two, three)
    assert after.etag != held.etag
    assert await blobs.read("x") == b"123"


async def test_only_the_list_that_was_read_is_replaced(blobs: Blobs) -> None:
    one, two, three = block(1), block(2), block(3)
    await blobs.commit("x", [one], {one: b"1"}, None)
    stale = await blobs.blocks("x")
    with pytest.raises(Conflict):
        await blobs.commit("x", [two], {two: b"2"}, None)
    await blobs.commit("x", [one, two], {two: b"2"}, stale.etag)
    with pytest.raises(Conflict):
        await blobs.commit("x", [one, three], {three: b"3"}, stale.etag)
    assert await blobs.read("x") == b"12"


async def test_a_list_may_name_only_blocks_that_are_there(blobs: Blobs) -> None:
    one, two = block(1), block(2)
    await blobs.commit("x", [one], {one: b"1"}, None)
    with pytest.raises(Conflict):
        await blobs.commit("x", [one, two], {}, (await blobs.blocks("x")).etag)
    with pytest.raises(Conflict):
        await blobs.commit("never", [one], {one: b"1"}, '"0x8D0000000000000"')


async def test_blocks_that_were_staged_and_not_committed_are_no_blob(blob_container: BlobContainer) -> None:
    await blob_container.container.get_blob_client("x").stage_block(block(1), b"lost")
    assert await blob_container.blocks("x") == Blocks(None, ())
    await blob_container.commit("x", [block(2)], {block(2): b"2"}, None)
    assert await blob_container.read("x") == b"2"
