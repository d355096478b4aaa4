"""Batches are bounded by events, their bodies by a megabyte: both consumers work on slices of so many bytes.

A slice changes no result (P1, P2), whatever its size and wherever a process dies; and what a batch of the
largest events of control characters costs is bounded in memory, and in time of the event loop. These count
allocations and CPU of the loop's thread: the machine's speed and load decide neither.
"""

import asyncio
import random
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oracle as truth
from tests.support.archive import held
from tests.support.events import World, cut, delivered, hub_event, level, temperature, tripping, vend
from tests.support.fakes import FakeBlobs, FakeDocuments
from tests.support.overlapping_owners import Killed, check, owner, perhaps, shared_world
from vending.alerts.evaluate_each import evaluate_each
from vending.archive.append import Tails, archive
from vending.archive.layout import blob_name, block_range
from vending.errors import Transient
from vending.events.event import Event, parse
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines
from vending.events.slices import SLICE
from vending.ingest import ingest as ingest_module
from vending.ingest.dead_letters import HEAD
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Blocks
from vending.state import conditions, ledger, stock

LARGEST = bytes(1_040_000)
"""What Event Hubs takes at the most, less the rest of the message."""


class Sink(FakeBlobs):
    """A container that counts what it is given and keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.largest = 0

    async def create(self, name: str, data: bytes) -> bool:
        self._take(data)
        return True

    async def blocks(self, name: str) -> Blocks:
        return Blocks(None, ())

    async def commit(self, name: str, ids: Sequence[str], new: dict[str, bytes], etag: str | None) -> str:
        for data in new.values():
            self._take(data)
        return "1"

    def _take(self, data: bytes) -> None:
        self.taken += 1
        self.largest = max(self.largest, len(data))


def ingesting(batch: Sequence[HubEvent], sink: Sink) -> Awaitable[object]:
    return ingest(batch, IngestStores(FakeDocuments("machineId"), FakeDocuments("id"), sink), "test")


def archiving(batch: Sequence[HubEvent], sink: Sink) -> Awaitable[object]:
    return archive(batch, sink, Tails())


BOTH = pytest.mark.parametrize("consume", [ingesting, archiving])
Consumer = Callable[[Sequence[HubEvent], Sink], Awaitable[object]]


def largest(count: int, body: bytes = LARGEST) -> list[HubEvent]:
    """One body, so that a batch of 500 MB is none in this process: what is measured is what comes to it."""
    return [hub_event(number, body) for number in range(count)]


async def added(consume: Consumer, batch: Sequence[HubEvent]) -> int:
    """The most bytes that were allocated beyond the batch at any moment."""
    tracemalloc.start()
    try:
        await consume(batch, Sink())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- memory -------------------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("kind", ["NULs", "escapes", "other bytes", "text"])
async def test_a_batch_of_the_largest_events_adds_a_few_slices_to_itself(
    consume: Consumer, kind: str
) -> None:
    """It was 12.5 MB for each event: 6 GB. (Archiving is bounded by the speed of gzip: fewer do there.)"""
    noise = random.Random(1).randbytes(1_040_000)
    body = {"NULs": LARGEST, "escapes": b"\x1b" * 1_040_000, "other bytes": noise, "text": b'"' * 1_040_000}
    count = 500 if consume is ingesting else 40
    assert await added(consume, largest(count, body[kind])) < 4 * SLICE


async def test_what_is_refused_keeps_nothing_of_what_was_parsed() -> None:
    """Bodies of 64 KiB, found wrong after they were parsed: then each is more than a megabyte."""
    body = vend(1, data={"note": [{"a": n} for n in range(5_800)]}, id="1-7")
    assert 60_000 < len(body) < 65_536
    assert await added(ingesting, largest(40, body)) < 4 * SLICE


async def test_what_is_remembered_of_blobs_is_short() -> None:
    """64 last blocks are remembered, so that short ones grow: one of megabytes does not, and its lines go."""
    tails = Tails()
    await archive(largest(5), FakeBlobs(), tails)
    tail = tails.take(blob_name(hub_event(0, b"")))
    assert tail is not None
    assert block_range(tail.held.ids[-1])[1] == 4
    assert not tail.lines


# --- the event loop -----------------------------------------------------------------------------------------
@BOTH
async def test_no_step_of_a_batch_of_the_largest_events_holds_the_loop(consume: Consumer) -> None:
    """One step of 100 such events took seconds. CPU of the loop's thread between two turns of the loop."""
    longest, done = 0.0, False

    async def heartbeat() -> int:
        nonlocal longest
        turns, last = 0, time.thread_time()
        while not done:
            await asyncio.sleep(0)
            turns, now = turns + 1, time.thread_time()
            longest, last = max(longest, now - last), now
        return turns

    beating = asyncio.create_task(heartbeat())
    await consume(largest(100), Sink())
    done = True
    assert await beating > 100_000_000 // SLICE
    assert longest < 0.5


async def test_hostile_bodies_are_validated_a_few_at_a_time() -> None:
    """Bodies of 64 KiB may take tens of milliseconds each: after 256 KiB others go first."""
    seen: list[int] = []
    turns = 0

    def slow(hub: HubEvent, _: object) -> Event:
        seen.append(turns)
        return parse(hub)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going = asyncio.create_task(others())
    with patch.object(ingest_module, "parse", slow):
        await ingesting(largest(40, b"{" * 60_000), Sink())
    going.cancel()
    assert max(seen.count(turn) for turn in seen) <= 4


# --- slices -------------------------------------------------------------------------------------------------
seeds = st.integers(0, 2**32)
limits = st.sampled_from([1, 700, 2_000, 5_000])


@given(seeds, limits)
@settings(max_examples=30)
def test_slices_owners_and_kills_change_nothing(seed: int, limit: int) -> None:
    """A process dies between two slices, or in one; the batch comes again, or another one that overlaps."""
    dice = random.Random(seed)
    bodies = truth.events(dice, 3, 50)
    forged = [vend(900 + n, ledger=1 + n, machine="m0", device="dev-0-0") for n in range(3)]
    twice = [vend(900 + n, ledger=1 + n, price=777, machine="m0", device="dev-0-0") for n in range(3)]
    arrived = delivered(dice.sample(bodies, len(bodies)))
    poison = delivered([*forged, *twice, b"{", b"\0" * 300], first=len(arrived))
    world = shared_world(dice, 0.03)
    world.deadletters.fault = lambda *_: perhaps(dice, 0.03, Killed())
    batch = dice.sample(arrived + poison, len(arrived) + len(poison))
    with (
        patch("vending.ingest.ingest.SLICE", limit),
        patch("vending.ingest.dead_letters.SLICE", limit),
    ):
        asyncio.run(owner(world, [batch, *cut(sorted(batch, key=lambda hub: hub.sequence), dice)]))
    digests = {line["digest"] for line in world.lines().values()}
    dead = world.dead()
    for hub in arrived + poison[:6]:
        event = parse(hub)
        if event.ledger is not None:
            assert (event.digest in digests) != (hub.position in dead), hub.position
    assert [dead.get(hub.position) for hub in poison[6:]] == ["not-json", "not-json"]
    if not any(reason == "conflict" for reason in dead.values()):
        check(world, bodies)


@given(seeds, st.sampled_from([1, 500, 3_000]))
@settings(max_examples=30)
def test_slices_of_an_archive_hold_each_event_once(seed: int, limit: int) -> None:
    """Whatever the batch boundaries of its deliveries, and wherever one of them ended."""
    dice = random.Random(seed)
    events = delivered([dice.randbytes(dice.randrange(400)) for _ in range(40)])
    deaths = iter([dice.random() < 0.2 for _ in range(200)])

    def dies(operation: str, _: str) -> None:
        if operation == "commit" and next(deaths, False):
            raise Killed

    blobs = FakeBlobs(fault=dies, after=dies)

    async def deliver() -> None:
        tails = Tails()
        for batch in [events, *cut(events, dice)]:
            for _ in range(200):
                try:
                    await archive(batch, blobs, tails)
                except Killed:
                    tails = Tails()
                    continue
                break

    with patch("vending.archive.append.SLICE", limit):
        asyncio.run(deliver())
    assert held(blobs) == events
    for _, blocks in blobs.committed.values():
        claimed = [n for block in blocks for n in range(block_range(block)[0], block_range(block)[1] + 1)]
        assert claimed == list(range(40))


async def test_a_large_batch_is_appended_and_committed_slice_by_slice() -> None:
    sink = Sink()
    await archiving(largest(40, random.Random(2).randbytes(1_000_000)), sink)
    assert sink.taken == 10
    assert sink.largest < 2 * SLICE


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    tripping(monkeypatch)


async def test_the_share_of_defects_is_one_of_the_whole_batch(
    bug: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice of nothing else is no bad deploy, and a bad deploy in all slices writes no dead letter."""
    monkeypatch.setattr("vending.ingest.ingest.SLICE", 1_500)
    trips = [vend(n, data={"product": "trip"}) for n in range(1, 6)]
    world = World()
    with pytest.raises(RuntimeError, match="5 of 23 events hit a defect"):
        await world.take(*delivered(trips + [vend(n) for n in range(6, 24)]))
    assert not world.dead()
    outcome = await world.take(*delivered(trips + [vend(n) for n in range(6, 27)]))
    assert (outcome.defects, len(world.dead())) == (5, 5)


# --- no memory ----------------------------------------------------------------------------------------------
def starving(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Ingest of a process that has memory for ``most`` bodies at once: the sizes of the slices it tried."""
    tried: list[int] = []
    apply = ingest_module._apply

    async def applied(part: Sequence[HubEvent], stores: IngestStores, outcome: ingest_module.Outcome) -> None:
        tried.append(len(part))
        if len(part) > most:
            raise MemoryError
        await apply(part, stores, outcome)

    monkeypatch.setattr(ingest_module, "_apply", applied)
    return tried


async def test_without_memory_a_slice_is_taken_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = starving(monkeypatch, 2)
    world = World()
    outcome = await world.take(*delivered([vend(n) for n in range(1, 9)]))
    assert tried == [8, 4, 2, 2, 4, 2, 2]
    assert (outcome.applied, world.stock()["totals"]["vends"], world.dead()) == (8, 8, {})


async def test_an_event_for_which_there_is_no_memory_waits_and_its_neighbours_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says something about the process and nothing about the event: no dead letter, but a wait."""

    def hungry(hub: HubEvent, _: object) -> Event:
        if hub.sequence == 2:
            raise MemoryError
        return parse(hub)

    monkeypatch.setattr(ingest_module, "parse", hungry)
    world = World()
    batch = delivered([vend(n) for n in range(1, 6)])
    with pytest.raises(Transient, match=r"1/0@2: no memory for its \d+ bytes"):
        await world.take(*batch)
    assert (world.stock()["totals"]["vends"], world.dead()) == (4, {})
    monkeypatch.undo()
    assert (await world.take(*batch)).applied == 1


@pytest.mark.parametrize("where", ["stock", "registers", "read", "write"])
async def test_no_memory_anywhere_is_no_defect_of_an_event(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = iter([True, True])
    world = World()

    def starve(*_: object) -> None:
        if next(short, False):
            raise MemoryError

    def starved[**Words, Result](work: Callable[Words, Result]) -> Callable[Words, Result]:
        def first(*words: Words.args, **named: Words.kwargs) -> Result:
            starve()
            return work(*words, **named)

        return first

    if where == "stock":
        monkeypatch.setattr(stock, "line", starved(ledger.line))
    elif where == "registers":
        monkeypatch.setattr(conditions, "merge", starved(conditions.merge))
    else:
        world.machines.fault = lambda operation, _: starve() if operation == where else None
    bodies = [vend(1), level(2, 7), temperature(3), vend(4, machine="m2", device="dev-2")]
    outcome = await world.take(*delivered(bodies))
    assert (outcome.defects, world.dead()) == (0, {})
    assert {body["totals"]["vends"] for body in world.machines.bodies("stock")} == {1}
    assert set(world.fleet()) == {"m1", "m2"}
    assert outcome.events == outcome.applied + outcome.duplicates


async def test_no_memory_for_dead_letters_holds_back_the_batch() -> None:
    world = World()

    def starve(*_: str) -> None:
        raise MemoryError

    world.deadletters.fault = starve
    with pytest.raises(Transient, match="no memory for 1 dead letters"):
        await world.take(*delivered([vend(1), b"{"]))
    world.deadletters.fault = lambda *_: None
    await world.take(*delivered([vend(1), b"{"]))
    assert world.dead() == {"1/0@1": "not-json"}


async def test_an_archive_without_memory_appends_in_halves_and_waits_in_the_end() -> None:
    short = iter([True, True])

    def starve(operation: str, _: str) -> None:
        if operation == "commit" and next(short, False):
            raise MemoryError

    events = delivered([vend(n) for n in range(1, 9)])
    blobs = FakeBlobs(fault=starve)
    assert await archive(events, blobs, Tails()) == 8
    assert held(blobs) == events
    short = iter([True] * 10)
    with pytest.raises(Transient, match="1/0@0: no memory for its"):
        await archive(events, FakeBlobs(fault=starve), Tails())


async def test_no_memory_to_evaluate_a_machine_is_a_wait() -> None:
    """As a defect it would be passed over until the machine changes again."""
    evaluated: list[str] = []

    async def evaluate(machine: str) -> int:
        if machine == "m2":
            raise MemoryError
        evaluated.append(machine)
        return 1

    with pytest.raises(Transient, match="m2: no memory"):
        await evaluate_each(["m1", "m2", "m3"], evaluate)
    assert evaluated == ["m1", "m3"]


# --- dead letters -------------------------------------------------------------------------------------------
def letters(world: World) -> list[dict[str, object]]:
    return [
        line
        for _, blocks in world.deadletters.committed.values()
        for line in decode_lines(b"".join(blocks.values()))
    ]


async def test_a_letter_has_the_text_or_base64_or_the_beginning() -> None:
    world = World()
    await world.take(*delivered([b"{", bytes(3_000), LARGEST, b"[" + "é".encode() * 40_000, b"{" * 65_536]))
    text, nuls, large, accents, edge = letters(world)
    assert (text["body"], nuls["body64"], "oversize" in edge) == ("{", "A" * 4000, False)
    assert not {"body", "body64"} & (large.keys() | accents.keys())
    cut = large["oversize"]
    assert isinstance(cut, dict)
    assert (cut["bytes"], cut["blob"]) == (1_040_000, blob_name(hub_event(2, b"")))
    assert len(cut["head64"]) == -(-HEAD // 3) * 4
    assert accents["oversize"]["head"] == "[" + "é" * ((HEAD - 1) // 2)  # type: ignore[index]


async def test_letters_of_a_batch_are_cut_by_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blobs of other boundaries may hold an event twice: readers count it once, by its place."""
    monkeypatch.setattr("vending.ingest.dead_letters.SLICE", 10_000)
    world = World()
    batch = delivered([b"{" * 4_000] * 10)
    await world.take(*batch)
    assert len(world.deadletters.committed) == 5
    await world.take(*batch[1:])
    assert len(world.deadletters.committed) == 10
    assert len(letters(world)) == 19
    assert len(world.dead()) == 10
