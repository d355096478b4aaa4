"""The archive on real Blob Storage (Azurite): owners side by side, and deaths between stage and commit."""

import asyncio
import gzip
from collections.abc import Sequence

import pytest

from tests.support.archive import AWKWARD, hub_event
from vending.adapters.blobs import BlobContainer
from vending.archive.append import Tails, archive
from vending.archive.layout import blob_name, block_id, block_range
from vending.errors import Conflict, Transient
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines, restore

EVENTS = [hub_event(n, AWKWARD[n % len(AWKWARD)]) for n in range(30)]


async def held(container: BlobContainer) -> list[HubEvent]:
    names = [name async for name in container.names("raw/")]
    blobs = [gzip.decompress(await container.read(name)) for name in names]
    return [restore(fields) for blob in blobs for fields in decode_lines(blob)]


async def ranges(container: BlobContainer) -> list[tuple[int, int]]:
    return [block_range(block) for block in (await container.blocks(blob_name(EVENTS[0]))).ids]


async def test_bodies_survive_byte_for_byte(blob_container: BlobContainer) -> None:
    container = blob_container
    assert await archive(EVENTS[:20], container) == 20
    assert await archive(EVENTS[10:], container) == 10
    assert await held(container) == EVENTS
    assert await ranges(container) == [(0, 19), (20, 29)]


async def test_owners_side_by_side_hold_each_event_once(blob_container: BlobContainer) -> None:
    container = blob_container

    async def owner(batches: Sequence[Sequence[HubEvent]]) -> None:
        tails = Tails()
        for batch in batches:
            while True:
                try:
                    await archive(batch, container, tails)
                    break
                except Transient:
                    continue

    steps = (4, 7, 10)
    await asyncio.gather(*(owner([EVENTS[n : n + step + 3] for n in range(0, 30, step)]) for step in steps))
    assert await held(container) == EVENTS


async def test_death_between_stage_and_commit_costs_nothing(blob_container: BlobContainer) -> None:
    container = blob_container
    await archive(EVENTS[:10], container)
    blob = container.container.get_blob_client(blob_name(EVENTS[0]))
    # Of the dead owner's staged blocks, one has the id that the next owner will use, with other bytes in it.
    await blob.stage_block(block_id(10, 19), b"half of it")
    await blob.stage_block(block_id(8, 25), b"overlapping")
    await archive(EVENTS[10:20], container)
    assert await held(container) == EVENTS[:20]
    assert await ranges(container) == [(0, 9), (10, 19)]


async def test_death_before_the_first_commit_leaves_no_blob(blob_container: BlobContainer) -> None:
    container = blob_container
    blob = container.container.get_blob_client(blob_name(EVENTS[0]))
    await blob.stage_block(block_id(0, 29), b"never committed")
    assert await held(container) == []
    await archive(EVENTS, container)
    assert await held(container) == EVENTS


async def test_blocks_that_another_commit_threw_away_are_staged_again(blob_container: BlobContainer) -> None:
    """Another owner commits between our stage and our commit: 412 or InvalidBlockList, then again."""
    container = blob_container
    name = blob_name(EVENTS[0])
    await archive(EVENTS[:5], container)
    old = await container.blocks(name)
    await archive(EVENTS[5:10], container)
    with pytest.raises(Conflict):
        await container.commit(name, [*old.ids, block_id(5, 5)], {block_id(5, 5): b"late"}, old.etag)
    fresh = await container.blocks(name)
    with pytest.raises(Conflict):
        await container.commit(name, [*fresh.ids, block_id(11, 11)], {}, fresh.etag)
    assert await held(container) == EVENTS[:10]
