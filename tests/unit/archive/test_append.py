"""The archive holds each event once and byte for byte, whoever delivers it, how often, and whatever fails."""

import asyncio
import gzip
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.archive import AWKWARD, held, hub_event
from tests.support.fakes import FakeBlobs, Hook
from tests.support.watched import Call, watched
from vending.archive.append import BLOCK_EVENTS, REMEMBERED, Tails, archive
from vending.archive.layout import blob_name, block_range
from vending.errors import Conflict, Transient
from vending.events.hub_event import HubEvent
from vending.retry import ROUNDS

EVENTS = [hub_event(n, AWKWARD[n % len(AWKWARD)], step=200) for n in range(40)]
"""40 events 200 seconds apart: they lie in three hours."""


def taking_turns(waits: Iterator[int], fault: Hook) -> FakeBlobs:
    """A container whose every operation lets others go first, as often as the next of ``waits`` says."""

    async def around(operation: str, call: Call, *arguments: Any) -> Any:
        for _ in range(next(waits, 0)):
            await asyncio.sleep(0)
        return await call(*arguments)

    return watched(FakeBlobs(fault, lambda operation, name: fault(f"after {operation}", name)), around)


async def deliver(batches: Sequence[Sequence[HubEvent]], blobs: FakeBlobs) -> None:
    """As a trigger does: each batch again and again, until it succeeds, in a process that remembers."""
    tails = Tails()
    for batch in batches:
        for _ in range(100):
            try:
                await archive(batch, blobs, tails)
            except Transient:
                continue
            break
        else:
            pytest.fail("a batch did not get through in 100 attempts")


def cut(bounds: Sequence[tuple[int, int]], start: int, end: int) -> list[list[HubEvent]]:
    """Batches from ``start`` to ``end``, that go back as far as an old checkpoint may."""
    batches, reached = [], start
    for back, ahead in bounds:
        batches.append(EVENTS[max(start, reached - back) : min(end, reached + ahead)])
        reached = min(end, reached + ahead)
    return [*batches, EVENTS[reached:end]]


boundaries = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 15)), max_size=6)


@given(
    boundaries,
    boundaries,
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted),
    st.lists(st.integers(0, 3), max_size=40),
    st.lists(st.booleans(), max_size=40),
)
def test_two_owners_and_any_faults_archive_each_event_once_in_order(
    ours: list[tuple[int, int]],
    theirs: list[tuple[int, int]],
    overlap: list[int],
    waits: list[int],
    faults: list[bool],
) -> None:
    """A new owner begins at the checkpoint, while the stale one goes on for a while."""
    checkpoint, stale = overlap
    coming = iter(faults)

    def fault(operation: str, name: str) -> None:
        if next(coming, False):
            raise Transient(f"{operation} {name}: 503")

    blobs = taking_turns(iter(waits), fault)

    async def both() -> None:
        async with asyncio.TaskGroup() as owners:
            owners.create_task(deliver(cut(ours, checkpoint, len(EVENTS)), blobs))
            owners.create_task(deliver(cut(theirs, 0, stale), blobs))

    asyncio.run(both())
    assert held(blobs) == EVENTS


@pytest.mark.parametrize("held_before", [0, 4])
async def test_an_append_between_our_look_and_our_commit_is_kept(held_before: int) -> None:
    blobs = FakeBlobs()
    await archive(EVENTS[:held_before], blobs)
    theirs = [EVENTS[held_before:10]]

    async def overtaken(operation: str, call: Call, *arguments: Any) -> Any:
        """Another owner appends just after our first look."""
        found = await call(*arguments)
        if operation == "blocks" and theirs:
            await archive(theirs.pop(), blobs)
        return found

    await archive(EVENTS[8:12], watched(blobs, overtaken))
    assert held(blobs) == EVENTS[:12]


async def test_what_was_new_is_counted_once() -> None:
    blobs = FakeBlobs()
    assert await archive(EVENTS[:10], blobs) == 10
    assert await archive(EVENTS[5:12], blobs) == 2
    assert await archive(EVENTS[:12], blobs) == 0


async def test_an_event_twice_in_one_batch_is_one_event() -> None:
    blobs = FakeBlobs()
    assert await archive([EVENTS[1], EVENTS[0], EVENTS[1]], blobs) == 2
    assert held(blobs) == EVENTS[:2]


async def test_a_block_never_claims_a_number_that_it_does_not_hold() -> None:
    blobs = FakeBlobs()
    await archive([EVENTS[0], EVENTS[1], EVENTS[4]], blobs)
    ((_, blocks),) = blobs.committed.values()
    assert [block_range(block) for block in blocks] == [(0, 1), (4, 4)]
    await archive(EVENTS[:6], blobs)
    ((_, blocks),) = blobs.committed.values()
    assert [block_range(block) for block in blocks] == [(0, 1), (2, 3), (4, 4), (5, 5)]
    assert held(blobs) == EVENTS[:6]


async def test_nothing_new_writes_nothing() -> None:
    blobs = FakeBlobs()
    await archive(EVENTS[:10], blobs)
    before = dict(blobs.committed)
    await archive(EVENTS[:10], blobs)
    assert blobs.committed == before


async def test_a_lost_answer_is_not_written_twice() -> None:
    lost = iter([True])

    def after(operation: str, name: str) -> None:
        if next(lost, False):
            raise Transient(f"{operation} {name}: no answer")

    blobs = FakeBlobs(after=after)
    with pytest.raises(Transient):
        await archive(EVENTS[:5], blobs)
    assert await archive(EVENTS[:5], blobs) == 0
    assert held(blobs) == EVENTS[:5]


async def test_endless_conflict_waits_after_bounded_rounds() -> None:
    def fault(operation: str, name: str) -> None:
        if operation == "commit":
            raise Conflict(name)

    blobs = FakeBlobs(fault=fault)
    with pytest.raises(Transient, match=f"{blob_name(EVENTS[0])} is still contended after 8 rounds"):
        await archive(EVENTS[:5], blobs)
    assert blobs.requests == 2 * ROUNDS


async def test_the_same_events_give_the_same_bytes() -> None:
    first, second = FakeBlobs(), FakeBlobs()
    await archive(EVENTS[:5], first)
    await archive(EVENTS[:5], second)
    assert first.committed == second.committed


async def test_a_blob_of_many_blocks_is_one_valid_gzip_file() -> None:
    blobs = FakeBlobs()
    for event in EVENTS[:7]:
        await archive([event], blobs)
    (name,) = blobs.committed
    assert gzip.decompress(await blobs.read(name)).count(b"\n") == 7


def blocks_of(blobs: FakeBlobs, event: HubEvent) -> list[tuple[int, int]]:
    return [block_range(block) for block in blobs.committed[blob_name(event)][1]]


async def test_small_batches_of_one_owner_become_one_block() -> None:
    blobs, tails = FakeBlobs(), Tails()
    for start in range(0, 15, 5):
        assert await archive(EVENTS[start : start + 5], blobs, tails) == 5
    assert blocks_of(blobs, EVENTS[0]) == [(0, 14)]
    assert held(blobs) == EVENTS[:15]
    assert blobs.requests == 4  # one block list, three commits


async def test_a_block_does_not_grow_for_ever() -> None:
    blobs, tails = FakeBlobs(), Tails()
    events = [hub_event(n) for n in range(5 * BLOCK_EVENTS // 2)]
    for start in range(0, len(events), 40):
        await archive(events[start : start + 40], blobs, tails)
    assert all(last - first + 1 < BLOCK_EVENTS + 40 for first, last in blocks_of(blobs, events[0]))
    assert held(blobs) == events


async def test_what_another_owner_appended_is_never_overwritten() -> None:
    blobs, ours, theirs = FakeBlobs(), Tails(), Tails()
    await archive(EVENTS[:5], blobs, ours)
    await archive(EVENTS[5:8], blobs, theirs)
    assert await archive(EVENTS[5:10], blobs, ours) == 2
    assert held(blobs) == EVENTS[:10]


async def test_after_a_gap_a_block_of_its_own_begins() -> None:
    blobs, tails = FakeBlobs(), Tails()
    await archive(EVENTS[:5], blobs, tails)
    await archive(EVENTS[7:9], blobs, tails)
    assert blocks_of(blobs, EVENTS[0]) == [(0, 4), (7, 8)]
    await archive(EVENTS[:10], blobs, tails)
    assert held(blobs) == EVENTS[:10]


async def test_a_redelivered_batch_is_recognised_without_a_request() -> None:
    blobs, tails = FakeBlobs(), Tails()
    await archive(EVENTS[:5], blobs, tails)
    before = blobs.requests
    assert await archive(EVENTS[:5], blobs, tails) == 0
    assert blobs.requests == before


async def test_only_so_many_blobs_are_remembered() -> None:
    blobs, tails = FakeBlobs(), Tails()
    for partition in range(REMEMBERED + 1):
        await archive([hub_event(0, partition=str(partition))], blobs, tails)
    assert tails.take(blob_name(hub_event(0, partition="0"))) is None
    assert tails.take(blob_name(hub_event(0, partition=str(REMEMBERED)))) is not None
