"""P4: what the archive rebuilds is what lives; and the comparison sees every kind of difference."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from simulator.fleet import Fleet
from simulator.link import FAULTS
from simulator.timeline import Timeline
from tests.support.archive import FakeArchive
from tests.support.archive import hub_event as archived_event
from tests.support.events import hub_event as core_event
from tests.support.events import vend
from tests.support.fakes import FakeBlobs, FakeDocuments
from tests.unit.simulator.deliveries import START, hub_event, partition_of
from vendctl import rebuild
from vendctl.operations.compare_rebuilt import Comparison, State, compare, standing
from vendctl.operations.rebuild import Course, Messages, Replayed, Wanted, replay, roll_up_all
from vending.archive.append import archive
from vending.archive.layout import CHUNK
from vending.archive.read_archive import Damaged
from vending.catalog.cache import CatalogCache
from vending.errors import Transient
from vending.events.hub_event import HubEvent
from vending.events.slices import SLICE
from vending.ingest.ingest import IngestStores, Outcome, ingest
from vending.rollups.current_days import CurrentDays
from vending.rollups.timer import RollUpStores
from vending.time import EPOCH

HOURS = 10
NOW = EPOCH + timedelta(milliseconds=START) + timedelta(days=2)
EVENING = EPOCH + timedelta(milliseconds=START) + timedelta(hours=HOURS)
"""When the last event has come: the day is open."""


class Deployment:
    """The stores of one deployment, in memory."""

    def __init__(self) -> None:
        self.machines = FakeDocuments("machineId")
        self.conditions = FakeDocuments("id")
        self.fleet = FakeDocuments("scope")
        self.deadletters = FakeBlobs()

    @property
    def ingest(self) -> IngestStores:
        return IngestStores(self.machines, self.conditions, self.deadletters)

    @property
    def state(self) -> State:
        machines = CurrentDays(self.machines, self.fleet, FakeDocuments("kind"), fresh_for=timedelta())
        return State(machines, self.conditions, self.fleet)

    async def roll_up(self, now: datetime = NOW) -> None:
        queue = Messages()
        known = CatalogCache(FakeDocuments("kind"), "America/New_York")
        await roll_up_all(RollUpStores(self.machines, self.machines, self.fleet, known, queue), queue, now)


def simulated(seed: int) -> list[HubEvent]:
    """A few machines with every kind of fault, over two partitions."""
    timeline = Timeline(Fleet(seed, 6), frozenset(FAULTS), START)
    numbers = {"0": 0, "1": 0}
    events = []
    for at, delivery in timeline.until(START + HOURS * 3_600_000):
        partition = partition_of(delivery.key)
        events.append(hub_event(numbers[partition], at, delivery, partition))
        numbers[partition] += 1
    return events


async def lived(
    events: list[HubEvent], random: Random, now: datetime = NOW, ticks: int = 1
) -> tuple[Deployment, FakeArchive]:
    """What a trigger makes of it: batches of any size, some of them delivered again; of each partition the
    rollups see so many parts."""
    live, blobs = Deployment(), FakeArchive()
    due = [len(events) * tick // ticks // 2 for tick in range(1, ticks)]
    for partition in "01":
        own, reached = [event for event in events if event.partition == partition], 0
        while reached < len(own):
            start, end = max(0, reached - random.choice((0, 0, 0, 9))), reached + random.randint(1, 60)
            await ingest(own[start:end], live.ingest, "test")
            await archive(own[start : end + 5], blobs)
            reached = end
            while due and reached >= due[0]:
                del due[0]
                await live.roll_up(now)
    await live.roll_up(now)
    return live, blobs


async def pause(seconds: float) -> None:
    raise AssertionError(f"nothing waits here ({seconds} s)")


async def rebuilt(
    blobs: FakeArchive,
    wanted: Wanted = Wanted(),  # noqa: B008
    now: datetime = NOW,
) -> tuple[Deployment, Replayed]:
    target = Deployment()
    done = await replay(blobs, target.ingest, wanted, Course("test", pause))
    await target.roll_up(now)
    return target, done


@pytest.fixture(scope="module")
def world() -> list[HubEvent]:
    return simulated(5)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_archive_rebuilds_stock_conditions_ledger_and_rollups(
    world: list[HubEvent], seed: int
) -> None:
    live, blobs = await lived(world, Random(seed))
    target, done = await rebuilt(blobs)
    found = await compare(live.state, target.state, done.inexact)
    assert found.named == []
    assert (found.equal, done.events, found.machines) == (True, len(world), 6)
    assert min(found.lines, found.days, found.summaries) > 0
    assert done.refused  # the simulated fleet sends poison too


@pytest.mark.parametrize(("schema", "equal"), [(3, True), (4, False)])
async def test_what_an_older_version_did_not_keep_is_no_difference(
    world: list[HubEvent], schema: int, equal: bool
) -> None:
    """Its stocks lack the till and failed vends. One of this version that lacks them is wrong."""
    live, blobs = await lived(world, Random(1))
    for stock in live.machines.bodies("stock"):
        slots = {name: slot[:3] for name, slot in stock["slots"].items() if any(slot[:3])}
        older = {name: value for name, value in stock.items() if name not in ("till", "gaps")}
        live.machines.put(older | {"schema": schema, "slots": slots})
    target, done = await rebuilt(blobs)
    found = await compare(live.state, target.state, done.inexact)
    assert (found.named == []) == equal


@pytest.mark.parametrize("now", [(EVENING, EVENING), (EVENING, NOW), (NOW, EVENING)])
async def test_a_day_that_is_open_in_one_and_closed_in_the_other_is_the_same(
    world: list[HubEvent], now: tuple[datetime, datetime]
) -> None:
    live, blobs = await lived(world, Random(1), now[0], ticks=4)
    target, done = await rebuilt(blobs, now=now[1])
    both = live, target
    assert [bool(_early(one)) for one in both] == [at == EVENING for at in now]
    found = await compare(live.state, target.state, done.inexact)
    assert (found.named, found.equal) == ([], True)
    assert min(found.days, found.summaries) > 0


def _early(held: Deployment) -> list[dict[str, Any]]:
    """The buckets that hold something."""
    return [
        body for _, body in held.fleet.items.values() if body.get("early") and body["type"] == "bucketDay"
    ]


async def test_a_wrong_figure_of_an_open_day_is_seen_at_every_level(world: list[HubEvent]) -> None:
    live, blobs = await lived(world, Random(1), EVENING, ticks=4)
    target, done = await rebuilt(blobs)
    for body in _early(live):
        for entry in body["early"].values():
            entry[6]["units"] = entry[6].get("units", 0) + 1
    found = await compare(live.state, target.state, done.inexact)
    scopes = {difference.split()[0].partition(":")[0] for difference in found.named}
    assert {"site"} <= scopes
    assert any(scope.startswith("vm") for scope in scopes), scopes
    for body in live.fleet.bodies("fleetDay"):
        if body.get("early"):
            live.fleet.damage("fleet", body["id"], early={})
    found = await compare(live.state, target.state, done.inexact)
    assert any(difference.startswith("fleet ") for difference in found.named)


async def test_a_machine_alone(world: list[HubEvent]) -> None:
    live, blobs = await lived(world, Random(3))
    machine = live.machines.bodies("stock")[0]["machineId"]
    target, done = await rebuilt(blobs, Wanted(machine=machine))
    assert 0 < done.events < len(world)
    found = await compare(live.state, target.state, done.inexact, machine)
    assert (found.named, found.machines) == ([], 1)
    assert {body["machineId"] for body in target.machines.bodies("stock")} == {machine}


@pytest.mark.parametrize("subject", ["machines/m1", "machines\\/m1", "machines/\\u006d1"])
def test_a_machine_is_found_however_its_name_is_written(subject: str) -> None:
    """Nearly all of an archive is passed over by the bytes of the name; JSON has other ways to write it."""
    mine = core_event(1, vend(1).replace(b"machines/m1", subject.encode()))
    others = core_event(2, vend(1, machine="m2"))
    assert Wanted("m1").holds(mine)
    assert not Wanted("m1").holds(others)
    assert not Wanted("m1").holds(core_event(3, vend(1, machine="m11")))


async def test_until_a_time(world: list[HubEvent]) -> None:
    _, blobs = await lived(world, Random(3))
    middle = EPOCH + timedelta(milliseconds=START + HOURS * 1_800_000)
    _, done = await rebuilt(blobs, Wanted(until=middle))
    assert done.events == sum(event.enqueued < middle for event in world)


async def test_a_rebuild_that_was_interrupted_goes_on(world: list[HubEvent]) -> None:
    live, blobs = await lived(world, Random(4))
    target = Deployment()
    middle = EPOCH + timedelta(milliseconds=START + HOURS * 1_800_000)
    await replay(blobs, target.ingest, Wanted(until=middle), Course("test", pause))
    done = await replay(blobs, target.ingest, Wanted(), Course("test", pause))
    await target.roll_up()
    assert (await compare(live.state, target.state, done.inexact)).named == []


async def test_a_rebuild_catches_up_with_devices_that_go_on_sending(world: list[HubEvent]) -> None:
    """The live state is ahead of the archive that was read; then only what came since is read."""
    live, blobs = await lived(world[: len(world) // 2], Random(4))
    target, done = await rebuilt(blobs)
    half = done.events
    for partition in "01":
        own = [event for event in world if event.partition == partition]
        await ingest(own, live.ingest, "test")
        await archive(own, blobs)
    await live.roll_up()
    looks = [await compare(live.state, target.state, done.inexact)]
    assert not looks[0].equal
    done.join(await replay(blobs, target.ingest, Wanted(after=done.reached), Course("test", pause)))
    await target.roll_up()
    looks.append(await compare(live.state, target.state, done.inexact))
    assert (half, done.events) == (len(world) // 2, len(world))
    assert (standing(looks).named, standing(looks).settled) == ([], True)


async def test_a_blob_that_was_read_to_its_end_is_not_read_again(world: list[HubEvent]) -> None:
    _, blobs = await lived(world, Random(4))
    done = await replay(blobs, Deployment().ingest, Wanted(after={"1/0": CHUNK - 1}), Course("test", pause))
    assert set(done.reached) == {"1/1"}
    assert done.events == sum(event.partition == "1" for event in world)


def look(**live: int) -> Comparison:
    found = Comparison()
    for what, value in live.items():
        found.differ(what, value, 0)
    return found


def test_what_was_equal_at_one_look_is_right() -> None:
    assert standing([look(a=1), look(), look(a=1)]).settled
    assert standing([look(a=1, b=1), look(b=1)]).named == ["b: live 1, rebuilt 0"]


def test_what_changed_between_the_looks_is_neither_right_nor_wrong() -> None:
    found = standing([look(still=1, moves=1), look(still=1, moves=2), look(still=1, moves=2)])
    assert (found.named, found.moving, found.equal) == (["still: live 1, rebuilt 0"], 1, False)
    assert (rebuild.code(found), rebuild.code(look()), rebuild.code(look(a=1))) == (1, 0, 1)
    found = standing([look(moves=1), look(moves=2)])
    assert (found.equal, found.settled, rebuild.code(found)) == (True, False, 3)


def _first(store: FakeDocuments, type: str) -> dict[str, Any]:  # noqa: A002
    return next(body for _, (_, body) in sorted(store.items.items()) if body["type"] == type)


def _one_vend_more(live: Deployment) -> None:
    _first(live.machines, "stock")["totals"]["vends"] += 1


def _a_line_less(live: Deployment) -> None:
    _first(live.machines, "page")["lines"].pop()


def _a_line_twice(live: Deployment) -> None:
    page = _first(live.machines, "page")
    page["lines"].append(deepcopy(page["lines"][0]))


def _another_amount(live: Deployment) -> None:
    pages = [body for _, body in live.machines.items.values() if body["type"] == "page"]
    line = next(line for page in pages for line in page["lines"] if line["kind"] == "vend")
    line["paidMinor"] += 1


def _an_older_reading(live: Deployment) -> None:
    bodies = [body for _, body in live.conditions.items.values()]
    documents = [body["machines"] for body in bodies if body["type"] == "conditions"]
    machine = next(iter(documents[0]))
    for entries in documents:
        if "seen" in entries.get(machine, {}):
            entries[machine]["seen"][1] -= 1


def _another_day(live: Deployment) -> None:
    _first(live.machines, "day")["figures"]["vends"] += 1


def _another_summary(live: Deployment) -> None:
    bodies = [body for _, body in live.fleet.items.values() if body.get("children")]
    next(iter(bodies[0]["children"].values()))[1]["vends"] += 1


@pytest.mark.parametrize(
    "damage",
    [
        _one_vend_more,
        _a_line_less,
        _a_line_twice,
        _another_amount,
        _an_older_reading,
        _another_day,
        _another_summary,
    ],
)
async def test_every_kind_of_difference_is_seen(
    world: list[HubEvent], damage: Callable[[Deployment], None]
) -> None:
    live, blobs = await lived(world, Random(1))
    target, done = await rebuilt(blobs)
    damage(live)
    found: Comparison = await compare(live.state, target.state, done.inexact)
    assert not found.equal
    assert found.differences == len(found.named) >= 1


async def test_a_store_that_is_away_is_waited_for(world: list[HubEvent]) -> None:
    _, blobs = await lived(world[:50], Random(1))
    target, away, waited = Deployment(), iter([True] * 3), []

    def fault(operation: str, key: str) -> None:
        if next(away, False):
            raise Transient("throttled", retry_after=2.5)

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    target.machines.fault = fault
    done = await replay(blobs, target.ingest, Wanted(), Course("test", wait))
    assert (done.events, set(waited)) == (50, {2.5})


async def test_a_damaged_archive_is_not_rebuilt_from(world: list[HubEvent]) -> None:
    _, blobs = await lived(world[:50], Random(1))
    name = next(iter(blobs.committed))
    blobs.put(name, (await blobs.read(name))[:-9])
    with pytest.raises(Damaged, match="cut off"):
        await rebuilt(blobs)


async def test_large_bodies_are_replayed_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 events of a megabyte are no batch."""
    sizes: list[int] = []

    async def watched(batch: list[HubEvent], stores: IngestStores, version: str) -> Outcome:
        sizes.append(sum(len(event.body) for event in batch))
        return await ingest(batch, stores, version)

    monkeypatch.setattr("vendctl.operations.rebuild.ingest", watched)
    blobs = FakeArchive()
    await archive([archived_event(n, bytes(1_000_000)) for n in range(12)], blobs)
    done = await replay(blobs, Deployment().ingest, Wanted(), Course("test", no_pause))
    assert (done.events, len(done.refused)) == (12, 12)
    assert max(sizes) <= SLICE + 1_000_000


async def no_pause(_: float) -> None:
    """Nothing must wait."""
    raise AssertionError
