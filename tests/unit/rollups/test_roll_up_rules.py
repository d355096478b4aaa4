"""The rules that the rollups rest on, each against the schedule that breaks what lacks it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.support.rollup_world import Crash, Invocation, World, ms, stored_leaves, vend
from tests.support.watched import lagging, watched
from vending.catalog.cache import CatalogCache
from vending.documents.base import load
from vending.documents.days import Day
from vending.errors import Rejected, Transient
from vending.rollups import shard, tree
from vending.rollups.due import LAG_PASSES_AFTER, RETRY_AFTER
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00", "America/New_York")


def world() -> World:
    return World(datetime(2026, 11, 20, 12, tzinfo=UTC))


def stores(held: World, run: Invocation) -> RollUpStores:
    """A process of its own, without anybody's cache."""
    cache = CatalogCache(run.sees(held.catalog), "America/New_York")
    machines = run.sees(held.machines)
    return RollUpStores(machines, machines, run.sees(held.fleet), cache, run.sees(held.queue))


async def all_shards(held: World, run: Invocation) -> None:
    await every_range(held, stores(held, run))


async def every_range(held: World, seen: RollUpStores) -> None:
    for number in (0, 1):
        await roll_up_shard({"shard": number}, held.now, seen)


async def started(held: World, halts: str) -> tuple[Invocation, "asyncio.Task[None]"]:
    """A run of all shards that stands before an operation."""
    run = Invocation(held.random, halts=halts)
    task = asyncio.create_task(all_shards(held, run))
    await run.halted.wait()
    return run, task


async def resumed(run: Invocation, task: "asyncio.Task[None]") -> None:
    run.halts = None
    run.goes_on.set()
    await task


async def place(held: World, zone: str = "America/New_York", sku: str = "cola", **dated: str) -> None:
    parts: dict[str, Any] = {
        "sites": [{"id": "north", "timeZone": zone, "route": "r1"}, {"id": "south", "timeZone": zone}],
        "machines": [{"id": "m1", "site": "north"}],
        "planograms": [{"machine": "m1", "slots": {"A1": {"sku": sku}}, **dated}],
    }
    await import_catalog(msgspec.convert(parts, CatalogFile), held.catalog)


def units(held: World, scope: str, day: str = DAY) -> int:
    return stored_leaves(held).get((scope, day), {}).get(("units",), 0)


@pytest.mark.parametrize("dies_at", range(1, 9))
@pytest.mark.parametrize("after", [False, True])
async def test_a_shard_that_dies_anywhere_is_done_again(dies_at: int, after: bool) -> None:
    held = world()
    await place(held)
    await held.settle()
    await held.arrive([vend("m1", 1, NOON)])
    with pytest.raises(Crash):
        await all_shards(held, Invocation(held.random, dies_at=dies_at, after=after))
    await held.tick()
    assert [units(held, scope) for scope in ("machine:m1", "site:north", "route:r1", "fleet")] == [1] * 4


async def test_a_stale_run_never_overwrites_a_newer_day() -> None:
    """The day's ETag is read before the pages: what was missed then is noticed at the write."""
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    run, task = await started(held, "selected m1")
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    await resumed(run, task)
    assert [units(held, scope) for scope in ("machine:m1", "fleet")] == [2, 2]


async def test_a_lost_write_is_no_reason_to_leave_the_rest_to_the_winner() -> None:
    """The other one wrote the day first, and died before the levels above."""
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    run, task = await started(held, "selected m1")
    with pytest.raises(Crash):
        await all_shards(held, Invocation(held.random, dies_at=1, after=True))
    await resumed(run, task)
    assert [units(held, scope) for scope in ("machine:m1", "fleet")] == [1, 1]


async def test_a_stale_contribution_never_replaces_a_newer_one() -> None:
    held = world()
    await place(held)
    await held.settle()
    await held.arrive([vend("m1", 1, NOON)])
    run, task = await started(held, "read site:north/day:")
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    await resumed(run, task)
    assert [units(held, scope) for scope in ("machine:m1", "site:north", "route:r1", "fleet")] == [2] * 4


async def test_what_another_run_wrote_and_left_is_carried_on() -> None:
    """The other one died between a site and the levels above; this one finds the site as it wants it."""
    held = world()
    await place(held)
    await held.settle()
    await held.arrive([vend("m1", 1, NOON)])
    run, task = await started(held, "read site:north/day:")
    await held.arrive([vend("m1", 2, NOON + 1)])
    with pytest.raises(Crash):  # day and site are written
        await all_shards(held, Invocation(held.random, dies_at=2, after=True))
    await resumed(run, task)
    assert [units(held, scope) for scope in ("site:north", "route:r1", "fleet")] == [2] * 3


async def test_an_older_catalog_never_computes_a_day_again() -> None:
    held = world()
    await place(held)
    await held.settle()
    await held.arrive([vend("m1", 1, NOON)])
    run, task = await started(held, f"read m1/day:{DAY}")
    await place(held, sku="tea", since="always")
    await held.settle()
    with pytest.raises(Transient, match="catalog"):
        await resumed(run, task)
    assert ("skus", "tea", "units") in stored_leaves(held)["products", DAY]
    await held.tick()
    assert ("skus", "cola", "units") not in stored_leaves(held)["products", DAY]


async def test_an_older_catalog_never_moves_a_site_back_to_its_former_route() -> None:
    held = world()
    await place(held)
    await held.settle()
    await held.arrive([vend("m1", 1, NOON)])
    run, task = await started(held, "read site:north/day:")
    sites = [{"id": "north", "timeZone": "America/New_York", "route": "r2"}]
    await import_catalog(msgspec.convert({"sites": sites}, CatalogFile), held.catalog)
    await held.settle()
    await resumed(run, task)
    assert [units(held, scope) for scope in ("route:r1", "route:r2", "fleet")] == [0, 1, 1]


async def test_a_site_that_goes_back_to_a_former_route_takes_its_days_along() -> None:
    """A, then B, then A again, each by a newer catalog: that A is remembered must not keep it away."""
    held = world()
    await place(held)
    await held.settle()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    for route, expected in (("r2", [0, 1]), ("r1", [1, 0]), ("r2", [0, 1])):
        sites = [{"id": "north", "timeZone": "America/New_York", "route": route}]
        await import_catalog(msgspec.convert({"sites": sites}, CatalogFile), held.catalog)
        await held.settle()
        assert [units(held, scope) for scope in ("route:r1", "route:r2")] == expected, route
        assert units(held, "fleet") == 1
    assert held.fleet.items["site:north", f"day:{DAY}"][1]["routes"] == ["r1", "r2"]


async def test_a_moved_machine_counts_once() -> None:
    held = world()
    await place(held)
    await held.arrive([vend("m1", 1, NOON)])
    await held.settle()
    assert [units(held, scope) for scope in ("site:north", "route:r1")] == [1, 1]
    moved = {"machines": [{"id": "m1", "site": "south", "since": "2026-11-10"}]}
    await import_catalog(msgspec.convert(moved, CatalogFile), held.catalog)
    await held.settle()
    scopes = ("site:north", "site:south", "route:r1", "fleet")
    assert [units(held, scope) for scope in scopes] == [0, 1, 0, 1]
    day = next(body for body in held.machines.bodies("day") if body["date"] == DAY)
    assert day["sites"] == ["north", "south"]


async def test_a_day_of_the_older_catalog_is_found_and_emptied() -> None:
    """A run that read the catalog before an import writes a day that the newer one does not have."""
    held = world()
    await place(held)
    await held.settle()
    evening = ms("2026-11-16T22:00:00", "America/New_York")
    await held.arrive([vend("m1", 1, evening)])
    run, task = await started(held, f"read m1/day:{DAY}")
    await place(held, zone="Europe/Berlin")
    await held.tick()
    await held.tick()
    await resumed(run, task)
    assert [units(held, "fleet", day) for day in (DAY, "2026-11-17")] == [1, 1]
    await held.settle()
    assert [units(held, "fleet", day) for day in (DAY, "2026-11-17")] == [0, 1]


@pytest.mark.parametrize("known", [0, 1])
async def test_a_read_that_lags_behind_the_feed_is_not_believed(known: int) -> None:
    held = world()
    if known:
        await held.arrive([vend("m1", 1, NOON)])
        await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    seen = stores(held, Invocation(held.random))
    seen = replace(seen, machines=watched(seen.machines, lagging))
    await every_range(held, seen)
    assert units(held, "fleet") == known
    held.now += LAG_PASSES_AFTER
    await held.tick()
    assert units(held, "fleet") == known + 1


async def test_a_read_that_lags_for_longer_is_made_good_an_hour_later() -> None:
    """The query does not see a page that the feed has named, and five minutes later it still does not: of the
    machine's day nothing else would tell."""
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    seen = stores(held, Invocation(held.random))
    seen = replace(seen, machines=watched(seen.machines, lagging))
    await every_range(held, seen)
    held.now += LAG_PASSES_AFTER
    await roll_up_shard({"machine": "m1"}, held.now, seen)
    assert units(held, "fleet") == 0
    held.now += RETRY_AFTER
    await held.tick()
    assert units(held, "fleet") == 1


async def test_stored_ranges_are_never_listed_again() -> None:
    held = world()
    asked: list[str] = []
    held.machines.fault = lambda operation, key: asked.append(operation)
    for _ in range(3):
        await roll_up(held.now, stores(held, Invocation(held.random)))
    assert asked.count("ranges") == 1


async def test_an_idle_tick_writes_nothing() -> None:
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    await held.settle()
    await held.tick()
    before = (dict(held.machines.items), dict(held.fleet.items))
    await held.tick()
    assert (held.machines.items, held.fleet.items) == before


@pytest.mark.parametrize("message", [{}, {"shard": "0"}, {"shard": 7}, {"machines": "m1"}])
async def test_a_message_that_means_nothing_is_refused(message: dict[str, Any]) -> None:
    held = world()
    with pytest.raises(Rejected):
        await roll_up_shard(message, held.now, stores(held, Invocation(held.random)))


async def test_a_missed_week_is_caught_up_in_bounded_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "LINES", 200)
    held = world()
    for start in range(0, 600, 50):
        batch = [vend("m1", n + 1, NOON - n * 3_600_000) for n in range(start, start + 50)]
        await held.arrive(batch)
    for number in (0, 1):
        await held.queue.send({"shard": number})
    portions = 0
    while held.queue.messages:
        before = held.machines.requests
        await roll_up_shard(held.queue.messages.pop(0), held.now, stores(held, Invocation(held.random)))
        assert held.machines.requests - before < 120
        portions += 1
    assert portions > 3
    assert sum(tree.total(load(body, Day))["units"] for body in held.machines.bodies("day")) == 600


async def test_a_process_does_each_piece_of_work_once_at_a_time() -> None:
    """Messages that come while it is being done: they ask nothing of the stores, and the next tick's does."""
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    run = Invocation(held.random, halts="selected m1")
    seen = stores(held, run)
    task = asyncio.create_task(every_range(held, seen))
    await run.halted.wait()
    [busy] = seen.at_work
    number = int(busy.removeprefix("shard "))
    run.halts, asked = None, list[str]()
    held.fleet.fault = held.machines.fault = lambda operation, key: asked.append(operation)
    for _ in range(3):
        await roll_up_shard({"shard": number}, held.now, seen)
    assert asked == []
    run.goes_on.set()
    await task
    assert units(held, "fleet") == 1
    await held.arrive([vend("m1", 2, NOON + 1)])
    await every_range(held, seen)
    assert units(held, "fleet") == 2


async def test_work_that_failed_is_not_taken_for_work_under_way() -> None:
    held = world()
    await held.arrive([vend("m1", 1, NOON)])
    seen = stores(held, Invocation(held.random, dies_at=2))
    with pytest.raises(Crash):
        await every_range(held, seen)
    assert seen.at_work == set()
