"""The rules of early figures, each against what breaks it: what is sold on an open day is counted in buckets,
once, and when the day closes its figures are the same in the tree."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments, nothing
from tests.support.rollup_world import (
    DEFAULT_ZONE,
    Crash,
    Invocation,
    World,
    current,
    failure,
    leaves,
    ms,
    stored_leaves,
    vend,
)
from tests.support.watched import lagging, watched
from vending.documents.base import load
from vending.documents.days import BucketDay, Day, Early, FleetDay
from vending.documents.rollup_state import UNDER_WAY, OpenDays
from vending.errors import Conflict, Transient
from vending.ports import Put
from vending.rollups import buckets, open_days, tree
from vending.rollups.breakdowns import PRODUCTS
from vending.rollups.due import RETRY_AFTER
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00", DEFAULT_ZONE)
AFTERNOON = datetime(2026, 11, 16, 20, tzinfo=UTC)
CLOSED = datetime(2026, 11, 17, 7, tzinfo=UTC)
"""Two hours after midnight."""
PLACED = {
    "sites": [
        {"id": "north", "timeZone": DEFAULT_ZONE, "route": "r1"},
        {"id": "south", "timeZone": DEFAULT_ZONE, "route": "r4"},
    ],
    "machines": [{"id": "m1", "site": "north"}],
}


async def placed() -> World:
    """A machine at a site of a route, on a day that is open."""
    held = World(AFTERNOON)
    await import_catalog(msgspec.convert(PLACED, CatalogFile), held.catalog)
    await held.tick()
    return held


async def sealed() -> World:
    """The same after a sale, when the closing of its bucket has begun."""
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    held.fleet.damage(*buckets.bucket_key(buckets.bucket_of("north", "r1"), DAY), sealed=True)
    return held


async def change(held: World, **facts: Any) -> None:
    await import_catalog(msgspec.convert(facts, CatalogFile), held.catalog)


async def said(held: World, scope: str) -> dict[tuple[str, ...], int]:
    """What a reader sees of the day."""
    kind, _, name = scope.partition(":")
    container: FakeDocuments = held.machines if kind == "machine" else held.fleet
    stored = await current(held, container).read(name if kind == "machine" else scope, tree.day_id(DAY))
    return leaves(tree.total(load(stored.body, Day))) if stored else {}


async def units(held: World, *scopes: str) -> list[int]:
    scopes = scopes or ("machine:m1", "site:north", "route:r1", "fleet")
    return [(await said(held, scope)).get(("units",), 0) for scope in scopes]


async def shards(held: World, stores: RollUpStores) -> None:
    for number in (0, 1):
        await roll_up_shard({"shard": number}, held.now, stores)


def entries(held: World) -> dict[str, Early]:
    """Machine → its entry, of all buckets."""
    found: dict[str, Early] = {}
    for body in held.fleet.bodies(BucketDay.type):
        found |= {machine: one for machine, one in load(body, BucketDay).early.items() if one.site}
    return found


async def test_what_follows_a_first_sale_asks_the_ledger_nothing() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1), vend("m1", 3, NOON + 2), failure("m1", 4, NOON + 3)])
    asked: list[tuple[str, str]] = []
    held.machines.fault = lambda operation, key: asked.append((operation, key))
    held.fleet.fault = lambda operation, key: asked.append((operation, key))
    await held.tick()
    assert await units(held) == [3] * 4
    touched = [(operation, key) for operation, key in asked if key == "m1" or key.startswith("early:")]
    bucket = buckets.bucket_key(buckets.bucket_of("north", "r1"), DAY)[0]
    assert [key for operation, key in touched if operation in ("read", "write")][:2] == [bucket, bucket]
    assert not [key for operation, key in touched if operation == "select"]
    assert not [one for one in asked if one == ("write", "m1")]
    written = [key for operation, key in asked if operation == "write"]
    assert not [key for key in written if key.startswith(("site:", "area:"))]


async def test_a_page_that_comes_twice_counts_once() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    run = Invocation(held.random, dies_at=3, after=False)  # bucket and fleet are written, the position not
    with pytest.raises(Crash):
        await shards(held, held.stores(run))
    await held.tick()
    assert await units(held) == [2] * 4


@pytest.mark.parametrize("dies_at", range(1, 7))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("first", [False, True])
async def test_a_run_that_dies_anywhere_is_done_again(dies_at: int, after: bool, first: bool) -> None:
    held = await placed()
    if not first:
        await held.arrive([vend("m1", 1, NOON)])
        await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    run = Invocation(held.random, dies_at=dies_at, after=after)
    await held.attempt(shards(held, held.stores(run)))
    assert run.dead or (not first and dies_at > 4), "it died nowhere"
    await held.tick()
    assert await units(held) == [1 + (not first)] * 4


async def test_the_lines_of_another_day_are_not_counted_here() -> None:
    held = await placed()
    held.now = datetime(2026, 11, 17, 5, 30, tzinfo=UTC)
    midnight = ms("2026-11-17T00:00:00", DEFAULT_ZONE)
    await held.arrive([vend("m1", 1, midnight - 1)])
    await held.tick()
    await held.arrive([vend("m1", number, midnight + number - 3) for number in (2, 3, 4)])
    await held.tick()
    assert await units(held) == [2] * 4
    tomorrow = await current(held, held.fleet).read("fleet", tree.day_id("2026-11-17"))
    assert tomorrow is not None
    assert tree.total(load(tomorrow.body, Day))["units"] == 2


async def test_a_mapping_that_comes_later_holds_for_what_was_counted() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    await change(held, planograms=[{"machine": "m1", "slots": {"A1": {"sku": "tea"}}}])
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    for scope in ("machine:m1", "site:north", "products"):
        assert (await said(held, scope))["skus", "tea", "units"] == 2, scope


async def test_a_change_that_concerns_others_costs_a_machine_nothing() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    await change(held, machines=[{"id": "m2", "site": "south"}])
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    asked: list[tuple[str, str]] = []
    held.machines.fault = lambda operation, key: asked.append((operation, key))
    await held.tick()
    assert ("select", "m1") not in asked
    assert await units(held) == [2] * 4


async def test_a_machine_that_moves_is_counted_in_its_new_bucket_alone() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    for place, route in (("south", "r4"), ("north", "r1"), ("south", "r4")):
        await change(held, machines=[{"id": "m1", "site": place, "since": "2026-11-10"}])
        await held.tick()  # it notes the machines
        await held.tick()
        scopes = f"site:{place}", f"route:{route}", "fleet"
        other = ("site:north", "route:r1") if place == "south" else ("site:south", "route:r4")
        assert await units(held, *scopes) == [1, 1, 1], place
        assert await units(held, *other) == [0, 0], place
    await held.close()
    assert await units(held, "site:north", "site:south", "route:r4", "fleet") == [0, 1, 1, 1]


async def test_a_machine_that_leaves_a_sealed_bucket_is_counted_once() -> None:
    held = await sealed()
    await change(held, machines=[{"id": "m1", "site": "south", "since": "2026-11-10"}])
    await held.tick()
    await held.tick()
    assert await units(held, "site:north", "site:south", "route:r4", "fleet") == [0, 1, 1, 1]


async def test_a_sale_for_a_sealed_bucket_goes_through_the_tree() -> None:
    """Its clock says that the day is open; the closing has begun by another's."""
    held = await sealed()
    before = entries(held)["m1"]
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    assert entries(held)["m1"] == before
    assert stored_leaves(held)["site:north", DAY]["units",] == 2


async def test_a_lost_write_of_a_bucket_asks_the_ledger_once() -> None:
    held = await placed()
    await held.settle()
    held.now = AFTERNOON
    await held.arrive([vend("m1", 1, NOON)])
    asked: list[str] = []
    lost = 2

    def fault(operation: str, key: str) -> None:
        nonlocal lost
        if operation == "write" and key.startswith("early:") and lost:
            lost -= 1
            raise Conflict(key)

    held.fleet.fault = fault
    held.machines.fault = lambda operation, key: asked.append(operation)
    await held.tick()
    assert lost == 0
    assert asked.count("select") == 1
    assert await units(held) == [1] * 4


async def test_an_older_catalog_adds_nothing_to_what_a_newer_one_counted() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    held.caches = []
    old = held.stores(Invocation(held.random))
    await old.catalog.refresh()
    await old.catalog.assignment("m1")
    version = old.catalog.version

    async def stale() -> int:
        return version

    await change(held, planograms=[{"machine": "m1", "slots": {"A1": {"sku": "tea"}}}])
    held.caches = []
    await held.tick()  # it notes the machines
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    cache: Any = old.catalog
    cache.refresh = stale
    with pytest.raises(Transient, match="catalog"):
        await shards(held, old)
    held.caches = []
    await held.tick()
    assert (await said(held, "products"))["skus", "tea", "units"] == 2


async def test_a_read_that_lags_takes_nothing_from_what_was_counted() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    await change(held, planograms=[{"machine": "m1", "slots": {"A1": {"sku": "tea"}}}])
    await held.tick()  # it notes the machines
    stores = held.stores(Invocation(held.random))
    seen = replace(stores, machines=watched(stores.machines, lagging))
    await roll_up_shard({"machine": "m1"}, held.now, seen)
    assert await units(held) == [2] * 4
    held.now += RETRY_AFTER
    await held.tick()
    assert (await said(held, "products"))["skus", "tea", "units"] == 2


async def test_a_price_that_differs_is_told_by_the_machine_day() -> None:
    held = await placed()
    slots = {"A1": {"sku": "tea", "priceMinor": 990, "currency": "EUR"}}
    await change(held, planograms=[{"machine": "m1", "slots": slots}])
    await held.arrive([vend("m1", 1, NOON, selection="B2")])
    await held.tick()
    assert entries(held)["m1"].counted is not None
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    (day,) = held.machines.bodies("day")
    assert day["prices"]["A1"][0] == NOON + 1
    assert entries(held)["m1"].counted is None
    await held.arrive([vend("m1", 3, NOON + 2)])
    await held.tick()
    assert held.machines.bodies("day")[0]["prices"]["A1"][0] == NOON + 2
    assert await units(held) == [3] * 4


async def test_more_products_than_are_kept_by_name_are_summed_as_the_ledger_has_them() -> None:
    held = await placed()
    for first in range(0, PRODUCTS + 20, 40):
        batch = [vend("m1", n + 1, NOON + n, sku=f"p{n:03d}") for n in range(first, first + 40)]
        await held.arrive(batch)
        await held.tick()
    await held.arrive([vend("m1", 900 + n, NOON + n, sku=f"p{PRODUCTS + 30:03d}") for n in range(3)])
    await held.tick()
    seen = await said(held, "machine:m1")
    assert seen["units",] == PRODUCTS + 40 + 3
    assert seen["skus", f"p{PRODUCTS + 30:03d}", "units"] == 4, "what sells most is kept, whenever it came"
    await held.close()
    assert await said(held, "machine:m1") == seen


async def test_a_late_sale_is_told_while_others_are_still_open() -> None:
    held = await placed()
    await change(held, sites=[{"id": "west", "timeZone": "Pacific/Honolulu", "route": "r9"}])
    await change(held, machines=[{"id": "m2", "site": "west"}])
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON + 7_000_000)])
    await held.tick()
    held.now = CLOSED + timedelta(minutes=5)
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    stored = await current(held, held.machines).read("m1", tree.day_id(DAY))
    assert stored is not None
    assert (stored.body["closed"]["units"], stored.body["lateUnits"]) == (1, 1)
    assert await units(held, "machine:m1", "site:north", "route:r1", "site:west", "fleet") == [2, 2, 2, 1, 3]
    await held.close()
    assert await units(held, "machine:m1", "site:north", "route:r1", "site:west", "fleet") == [2, 2, 2, 1, 3]


async def test_readers_see_the_same_at_every_step_of_the_closing() -> None:
    held = await placed()
    await change(held, machines=[{"id": "m2", "site": "south"}])
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON + 5)])
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1)])
    await held.tick()
    scopes = ("machine:m1", "machine:m2", "site:north", "site:south", "route:r1", "fleet", "products")
    before = [await said(held, scope) for scope in scopes]
    held.now = CLOSED
    await roll_up(held.now, held.stores(Invocation(held.random)))
    steps = 0
    while held.queue.messages:
        await roll_up_shard(held.queue.messages.pop(0), held.now, held.stores(Invocation(held.random)))
        assert [await said(held, scope) for scope in scopes] == before
        steps += 1
    assert steps > 3
    assert not load(held.fleet.items["rollup", "open-days"][1], OpenDays).days
    assert stored_leaves(held)["site:north", DAY]["units",] == 2


@pytest.mark.parametrize("dies_at", [1, 2, 3, 5, 8, 40, 66, 70, 76, 79])
@pytest.mark.parametrize("after", [False, True])
async def test_a_closing_that_dies_anywhere_goes_on(dies_at: int, after: bool) -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    held.now = CLOSED
    run = Invocation(held.random, dies_at=dies_at, after=after)
    await held.attempt(closing(held, run))
    assert run.dead, "it closed before"
    assert await units(held) == [1] * 4
    held.now += timedelta(milliseconds=UNDER_WAY)
    await held.tick()
    await held.tick()
    assert await units(held) == [1] * 4
    assert not load(held.fleet.items["rollup", "open-days"][1], OpenDays).days


async def sold_early_and_at_noon() -> World:
    """Two sales, a page each, of which the first is of the day before by the time of Honolulu."""
    held = await placed()
    for number, at in ((1, ms(f"{DAY}T00:30:00", DEFAULT_ZONE)), (2, NOON)):
        await held.arrive([vend("m1", number, at)])
        await held.tick()
    return held


async def buckets_refuse(held: World, fault: type[BaseException]) -> None:
    """A tick in which no bucket can be written."""

    def refuse(operation: str, key: str) -> None:
        if operation == "write" and key.startswith("early:"):
            raise fault

    held.fleet.fault = refuse
    await held.attempt(held.tick())
    held.fleet.fault = nothing


def machine_day(held: World) -> dict[str, Any]:
    """The document of the machine's day."""
    (body,) = [body for body in held.machines.bodies("day") if body["date"] == DAY]
    return body


@pytest.mark.parametrize("fault", [ZeroDivisionError, Crash])
async def test_an_entry_of_another_border_holds_up_nothing(fault: type[BaseException]) -> None:
    """The day is computed by its new time zone, and the bucket is not written: for good, or by a crash. What
    the entry counts belongs to the day before by now."""
    held = await sold_early_and_at_noon()
    await change(held, sites=[{"id": "north", "timeZone": "Pacific/Honolulu", "route": "r1"}])
    await held.tick()

    await buckets_refuse(held, fault)
    body = machine_day(held)
    assert (body["timeZone"], entries(held)["m1"].figures["units"]) == ("Pacific/Honolulu", 2)
    for _ in range(2):
        held.now += timedelta(minutes=61)
        await held.tick()
    assert await units(held) == [1] * 4


async def test_a_border_that_an_import_under_way_has_moved_holds_up_nothing() -> None:
    """The same, while the catalog has its new time zone and not yet its new version: entry and day were
    computed with one version, and by two zones."""
    held = await sold_early_and_at_noon()
    held.catalog.damage("site", "north", timeZone="Pacific/Honolulu")
    held.caches = []

    await held.arrive([failure("m1", 3, NOON + 1)])
    await buckets_refuse(held, Crash)
    day = machine_day(held)
    entry = entries(held)["m1"]
    assert (day["timeZone"], day["catalogVersion"]) == ("Pacific/Honolulu", entry.catalog_version)
    assert entry.figures["units"] == 2

    held.catalog.damage("site", "north", timeZone=DEFAULT_ZONE)
    await change(held, sites=[{"id": "north", "timeZone": "Pacific/Honolulu", "route": "r1"}])
    for _ in range(3):
        held.now += timedelta(minutes=61)
        await held.tick()
    assert await units(held) == [1] * 4
    day = machine_day(held)
    assert (day["pages"], len(held.machines.bodies("page"))) == (2, 3)


async def lagging_narrowly(operation: str, call: Any, *arguments: Any) -> Any:
    """One ``around``: of the ledger's pages of a window the newest is not seen, of a wider one it is."""
    answer = await call(*arguments)
    if operation != "select" or arguments[1][0] != "from":
        return answer
    (_, _, end), (_, _, start) = arguments[1:]
    return answer if end - start > 2 * 86_400_000 else answer[:-1]


async def test_what_another_zone_counted_is_looked_for_in_all_that_the_date_can_be() -> None:
    """Where the wider query shows a page that the first one lacks, the day is computed with it."""
    held = await placed()
    for number, at in ((1, NOON), (2, NOON + 1)):
        await held.arrive([vend("m1", number, at)])
        await held.tick()
    await change(held, sites=[{"id": "north", "timeZone": "Pacific/Honolulu", "route": "r1"}])
    await held.tick()  # it notes the machines
    stores = held.stores(Invocation(held.random))
    seen = replace(stores, machines=watched(stores.machines, lagging_narrowly))
    held.machines.damage("m1", tree.day_id(DAY), pages=0)
    await roll_up_shard({"machine": "m1"}, held.now, seen)
    assert await units(held) == [2] * 4
    assert held.machines.bodies("day")[0]["timeZone"] == "Pacific/Honolulu"


async def closing(held: World, run: Invocation) -> None:
    for _ in range(10):
        await roll_up_shard({"close": DAY}, held.now, held.stores(run))


async def test_a_closed_day_does_not_open_again() -> None:
    held = await placed()
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    held.now = CLOSED
    await held.tick()
    await change(held, sites=[{"id": "west", "timeZone": "Pacific/Honolulu"}])
    await change(held, machines=[{"id": "m2", "site": "west"}])
    await held.tick()
    await held.arrive([vend("m2", 1, NOON + 7_000_000)])
    await held.tick()
    assert await units(held, "site:north", "site:west", "fleet") == [1, 1, 2]
    assert not load(held.fleet.items["rollup", "open-days"][1], OpenDays).days


async def test_a_day_that_an_older_version_began_is_counted_in_the_tree() -> None:
    held = await placed()
    body = FleetDay(id=tree.day_id(DAY), scope="fleet", date=DAY, rev=1, children={"0": [1, {"units": 5}]})
    await held.fleet.write("fleet", [Put(body.dump() | {"schema": 2})])
    await held.arrive([vend("m1", 1, NOON)])
    await held.tick()
    assert not held.fleet.bodies(BucketDay.type)
    assert stored_leaves(held)["site:north", DAY]["units",] == 1


async def test_more_open_days_than_a_few_are_counted_in_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_days, "MOST", 1)
    held = await placed()
    held.now = datetime(2026, 11, 17, 6, tzinfo=UTC)
    await held.arrive([vend("m1", 1, NOON), vend("m1", 2, ms("2026-11-17T00:30", DEFAULT_ZONE))])
    await held.tick()
    assert [one.date for one in load(held.fleet.items["rollup", "open-days"][1], OpenDays).days] == [DAY]
    assert stored_leaves(held)["site:north", "2026-11-17"]["units",] == 1
    assert await units(held) == [1] * 4


async def test_a_machine_that_cannot_be_counted_costs_its_bucket_nothing() -> None:
    held = await placed()
    await change(held, machines=[{"id": "m2", "site": "north"}])
    held.catalog.damage("machine", "m2", placements="nowhere")
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON + 5)])
    await held.tick()
    assert await units(held) == [1] * 4
    assert [body["id"] for body in held.fleet.bodies("rework") if body["broken"]] == ["m2"]


async def test_a_bucket_that_is_malformed_costs_its_own_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    held = await placed()
    await change(held, machines=[{"id": "m2", "site": "south"}])
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON + 5)])
    await held.tick()
    held.fleet.damage(*buckets.bucket_key(buckets.bucket_of("south", "r4"), DAY), early="nothing")
    await held.arrive([vend("m1", 2, NOON + 1), vend("m2", 2, NOON + 6)])
    await held.tick()
    assert await units(held) == [2, 2, 2, 3]
    assert [body["id"] for body in held.fleet.bodies("rework") if body["broken"]] == ["m2"]


async def test_a_line_that_cannot_be_counted_costs_its_machine_alone() -> None:
    held = await placed()
    await change(held, machines=[{"id": "m2", "site": "north"}])
    await held.arrive([vend("m1", 1, NOON), vend("m2", 1, NOON + 5)])
    await held.tick()
    await held.arrive([vend("m1", 2, NOON + 1), vend("m2", 2, NOON + 6)])
    (name,) = [
        body["id"]
        for body in held.machines.bodies("page")
        if body["first"] == 2 and body["machineId"] == "m2"
    ]
    (line,) = held.machines.items["m2", name][1]["lines"]
    del line["payment"]
    await held.tick()
    assert await units(held) == [2, 3, 3, 3]
    assert [body["id"] for body in held.fleet.bodies("rework") if body["broken"]] == ["m2"]
