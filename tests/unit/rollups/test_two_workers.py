"""Two workers on the same open day, stopped at every pair of their accesses: whatever each has read by then,
in the end every level says what the ledger says, while the day is open and after it has closed."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import DEFAULT_ZONE, World, current, leaves, ms, vend
from tests.support.watched import Call, watched
from vending.catalog.cache import CatalogCache
from vending.documents import rollup_state
from vending.documents.base import load
from vending.documents.days import Day
from vending.documents.pages import LedgerPage
from vending.errors import Transient
from vending.rollups import buckets, close_days, tree
from vending.rollups.due import SECOND_PASS_AFTER, Due, note
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00", DEFAULT_ZONE)
EVENING = datetime(2026, 11, 16, 23, tzinfo=UTC)
ENDED = datetime(2026, 11, 17, 8, tzinfo=UTC)
STRIDE = int(os.environ.get("TWO_WORKERS_STRIDE", "6"))
"""Every so many accesses; ``make soak`` takes all."""
Work = Callable[[World, RollUpStores], Awaitable[None]]


@dataclass
class Worker:
    """A process that stands before its n-th access, until it may go on."""

    stops_at: int
    done: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def around(self, operation: str, call: Call, *arguments: Any) -> Any:
        if self.done >= self.stops_at:
            self.stopped.set()
            await self.goes_on.wait()
        self.done += 1
        return await call(*arguments)

    def stores(self, world: World) -> RollUpStores:
        """As it sees them; its cache of the catalog is its own."""
        machines = watched(world.machines, self.around)
        fleet, catalog = watched(world.fleet, self.around), watched(world.catalog, self.around)
        queue = watched(world.queue, self.around)
        return RollUpStores(machines, machines, fleet, CatalogCache(catalog, DEFAULT_ZONE), queue)

    async def run(self, work: Work, world: World) -> "asyncio.Task[None]":
        """Up to where it stops, or to the end."""

        async def attempt() -> None:
            try:
                await work(world, self.stores(world))
            except Transient:
                return  # its message is delivered again

        task = asyncio.create_task(attempt())
        waiting = asyncio.create_task(self.stopped.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return task


async def shards(world: World, seen: RollUpStores) -> None:
    """Read the feed, and count what is new."""
    for number in (0, 1):
        await roll_up_shard({"shard": number}, world.now, seen)


async def tick(world: World, seen: RollUpStores, now: datetime | None = None) -> None:
    """All that a tick sends."""
    await roll_up(now or world.now, seen)
    while world.queue.messages:
        await roll_up_shard(world.queue.messages.pop(0), now or world.now, seen)


async def closes(world: World, seen: RollUpStores) -> None:
    """A tick when the day has ended: this one's clock is ahead."""
    await tick(world, seen, ENDED)


def sells(number: int, machine: str = "m1") -> Work:
    """A sale arrives, and is counted."""

    async def work(world: World, seen: RollUpStores) -> None:
        await world.arrive([vend(machine, number, NOON + number)])
        await shards(world, seen)

    return work


def imports(**facts: Any) -> Work:
    """The catalog is changed, and a tick follows."""

    async def work(world: World, seen: RollUpStores) -> None:
        await import_catalog(msgspec.convert(facts, CatalogFile), world.catalog)
        await tick(world, seen)

    return work


def forgets(number: int) -> Work:
    """An operator takes a sale away, in the order of ``vendctl machine forget``."""

    async def work(world: World, seen: RollUpStores) -> None:
        pages = [load(body, LedgerPage) for body in world.machines.bodies("page")]
        (name,) = [page.id for page in pages if page.lines[0]["ledger"] == number]
        stored = await world.machines.read("m1", name)
        assert stored is not None
        await world.machines.delete("m1", name, stored.etag)
        due = Due("", world.now, world.now + SECOND_PASS_AFTER, recount=True)
        await note("m1", due, await seen.catalog.refresh(), seen)
        await tick(world, seen)

    return work


PLACED = {
    "sites": [
        {"id": "north", "timeZone": DEFAULT_ZONE, "route": "r1"},
        {"id": "south", "timeZone": DEFAULT_ZONE, "route": "r4"},
        {"id": "west", "timeZone": "Pacific/Pago_Pago", "route": "r1"},
    ],
    "machines": [{"id": "m1", "site": "north"}, {"id": "m2", "site": "west"}],
}
MOVED: dict[str, Any] = {"machines": [{"id": "m1", "site": "south", "since": "2026-11-10"}]}
OTHER_ZONE: dict[str, Any] = {"sites": [{"id": "north", "timeZone": "Europe/Berlin", "route": "r1"}]}
MAPPED: dict[str, Any] = {"planograms": [{"machine": "m1", "slots": {"A1": {"sku": "tea"}}}]}
FURTHER_WEST = "the day's closing and a sale further west, which would put it off"
SCENES: dict[str, tuple[int, Work, Work, int]] = {
    "two sales": (1, sells(2), sells(3), 3),
    "two first sales": (0, sells(1), sells(2), 2),
    "a first sale that both count": (0, sells(1), shards, 1),
    "a sale and a move to another bucket": (1, sells(2), imports(**MOVED), 2),
    "a sale and another day's border": (1, sells(2), imports(**OTHER_ZONE), 2),
    "a sale and a mapping": (1, sells(2), imports(**MAPPED), 2),
    "a sale and the day's closing": (1, sells(2), closes, 2),
    "a first sale and the day's closing": (0, sells(1), closes, 1),
    "closing twice": (1, closes, closes, 1),
    FURTHER_WEST: (1, closes, sells(1, "m2"), 1),
    "a sale and one before it that is forgotten": (1, sells(2), forgets(1), 1),
    "a sale that is forgotten meanwhile": (1, sells(2), forgets(2), 1),
}
"""How many sales of m1 were counted before, what the two do, and how many of its sales there are then."""


async def told(world: World) -> dict[str, dict[tuple[str, ...], int]]:
    """What readers see of the day, at every scope that sold anything."""
    found = {}
    sites, routes = ("site:north", "site:south", "site:west"), ("route:r1", "route:r4")
    for scope in ("machine:m1", "machine:m2", *sites, *routes, "fleet", "products"):
        machine = scope.startswith("machine:")
        container: FakeDocuments = world.machines if machine else world.fleet
        read = current(world, container).read
        stored = await read(scope.removeprefix("machine:"), tree.day_id(DAY))
        found[scope] = leaves(tree.total(load(stored.body, Day))) if stored else {}
    return {scope: said for scope, said in found.items() if said}


def units(said: dict[str, dict[tuple[str, ...], int]]) -> dict[str, int]:
    found = {scope: of.get(("units",), 0) for scope, of in said.items() if scope != "products"}
    products = said.get("products", {}).items()
    skus = [count for path, count in products if path[0] == "skus" and path[2:] == ("units",)]
    return {scope: count for scope, count in (found | {"products": sum(skus)}).items() if count}


def expected(scene: str, sold: int) -> dict[str, int]:
    place, route = ("south", "r4") if scene == "a sale and a move to another bucket" else ("north", "r1")
    found = dict.fromkeys(["machine:m1", f"site:{place}", f"route:{route}", "fleet", "products"], sold)
    if scene == FURTHER_WEST:
        found |= {"machine:m2": 1, "site:west": 1}
        found |= dict.fromkeys((f"route:{route}", "fleet", "products"), sold + 1)
    return found


async def schedule(scene: str, first_stops: int, second_stops: int) -> tuple[bool, bool]:
    """One schedule; whether each of the workers was stopped at all."""
    before, first, second, sold = SCENES[scene]
    world = World(EVENING - 2 * SECOND_PASS_AFTER)
    await import_catalog(msgspec.convert(PLACED, CatalogFile), world.catalog)
    for _ in range(2):  # with its second pass, which would mend what the two leave behind
        await world.tick()
        world.now += SECOND_PASS_AFTER
    if before:
        await world.arrive([vend("m1", number, NOON + number) for number in range(1, before + 1)])
    await world.tick()
    one, other = Worker(first_stops), Worker(second_stops)
    tasks = [await one.run(first, world), await other.run(second, world)]
    for worker, task in zip((one, other), tasks, strict=True):
        worker.goes_on.set()
        await task
    for _ in range(3):  # redeliveries, and the second pass after a change of the catalog
        world.now += timedelta(minutes=31)
        await world.tick()
    assert units(await told(world)) == expected(scene, sold), "while it is open"
    await world.arrive([vend("m1", 9, NOON + 9)])
    await world.tick()
    was = await told(world)
    assert units(was) == expected(scene, sold + 1), "after one more sale"
    await world.close()
    assert await told(world) == was, "after it has closed"
    assert not [body for body in world.fleet.bodies("bucketDay") if body["early"]]
    return one.stopped.is_set(), other.stopped.is_set()


@pytest.fixture
def few_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (buckets, close_days, rollup_state):
        monkeypatch.setattr(module, "BUCKETS", 2)
    assert buckets.bucket_of("", "r1") != buckets.bucket_of("", "r4")


@pytest.mark.usefixtures("few_buckets")
@pytest.mark.parametrize("scene", SCENES)
async def test_every_pair_of_stops_ends_in_the_ledger(scene: str) -> None:
    first = schedules = 0
    while True:
        second, stopped = first // STRIDE % STRIDE, (True, True)
        while stopped[1]:
            try:
                stopped = await schedule(scene, first, second)
            except AssertionError as fault:
                raise AssertionError(f"stopped before accesses {first} and {second}: {fault}") from fault
            schedules, second = schedules + 1, second + STRIDE
        if not stopped[0]:
            break
        first += STRIDE
    assert schedules * STRIDE * STRIDE > 300
