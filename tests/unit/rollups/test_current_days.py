"""Days as readers find them: open, being closed and closed; and what is malformed is not silent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import Invocation, World, current, ms, vend
from vending.documents.base import load
from vending.documents.days import BUCKETS, BucketDay, Day, Early, MachineDay, SiteDay
from vending.documents.rollup_state import ROLLUP, OpenDay, OpenDays
from vending.ports import Put
from vending.rollups import buckets, tree
from vending.rollups.current_days import FRESH_FOR, CurrentDays, summaries
from vending.rollups.shard import roll_up_shard
from vending.views.day_figures import Kind, Scope, Sold, StoredDays
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00")
SITES = {"harbour": "north", "station": "north", "fair": ""}
MACHINES = {"m1": "harbour", "m2": "station", "m3": "fair", "m4": "nowhere"}


async def describe(
    world: World, sites: Mapping[str, str] = SITES, machines: Mapping[str, str] = MACHINES, since: str = ""
) -> None:
    """Sites with their routes, and machines with theirs; ``nowhere`` is a site that the catalog lacks."""
    parts: dict[str, Any] = {
        "sites": [
            {"id": site, "timeZone": "Etc/UTC"} | ({"route": route} if route else {})
            for site, route in sites.items()
        ],
        "machines": [
            {"id": machine, "site": site} | ({"since": since} if since else {})
            for machine, site in machines.items()
            if site != "nowhere"
        ],
    }
    await import_catalog(msgspec.convert(parts, CatalogFile), world.catalog)
    for machine, site in machines.items():
        if site == "nowhere":
            body = {"id": machine, "kind": "machine", "type": "machine", "schema": 1, "version": 1}
            world.catalog.put(body | {"site": site, "placements": [["", site]]})


@pytest.fixture
async def world() -> World:
    """Five machines at noon: m1 has sold one, m2 two, …; m5 is none of the catalog's. Another one of each was
    sold after its day was computed."""
    held = World(datetime(2026, 11, 16, 12, tzinfo=UTC))
    await describe(held)
    for _ in range(2):
        await held.tick()  # The rollups notice the catalog: its machines' days are not computed for it again.
    await sell(held, NOON, first=2)
    held.now += timedelta(minutes=1)
    await sell(held, NOON, first=1, count=1)
    return held


async def sell(world: World, at: int, first: int, count: int | None = None) -> None:
    """Each machine sells as many as its number says, or ``count``."""
    for n in range(1, 6):
        numbers = range(first, first + (n if count is None else count))
        await world.arrive([vend(f"m{n}", number, at) for number in numbers])
    await world.tick()


async def sold(world: World, kind: Kind, name: str = "", day: str = DAY) -> Sold:
    figures = StoredDays(current(world, world.machines), current(world, world.fleet))
    return await figures.of(Scope(kind, name), day, products=True)


async def units(world: World, kind: Kind, name: str = "") -> int:
    units: int = (await sold(world, kind, name)).figures.get("units", 0)
    return units


async def everything(world: World) -> dict[str, int]:
    """What readers find of every scope."""
    found = {"fleet": await units(world, "fleet"), "north": await units(world, "route", "north")}
    for site in (*SITES, "nowhere", unassigned(world)):
        found[site] = await units(world, "site", site)
    for n in range(1, 6):
        found[f"m{n}"] = await units(world, "machine", f"m{n}")
    return found


def unassigned(world: World) -> str:
    (body,) = (body for body in world.machines.bodies("day") if body["machineId"] == "m5")
    site: str = body["site"]
    assert site.startswith("unassigned-")
    return site


def wanted(world: World, more: int = 1) -> dict[str, int]:
    """The same, counted directly; ``more`` of each machine than its number says."""
    each = {f"m{n}": n + more for n in range(1, 6)}
    sites = {site: each[machine] for machine, site in MACHINES.items()} | {unassigned(world): each["m5"]}
    north = sites["harbour"] + sites["station"]
    return {"fleet": sum(each.values()), "north": north, **sites, **each}


async def test_an_open_day_is_what_was_sold_at_every_scope(world: World) -> None:
    assert await everything(world) == wanted(world)
    assert not world.fleet.bodies("siteDay"), "nothing of it is in the tree"
    stored = {body["machineId"]: body["figures"]["units"] for body in world.machines.bodies("day")}
    assert stored == {f"m{n}": n for n in range(1, 6)}, "what came later is in the buckets alone"


async def test_a_day_of_nothing_is_not_there(world: World) -> None:
    await describe(world, sites=SITES | {"quiet": "north"})
    for kind, name in (("site", "quiet"), ("site", "elsewhere"), ("route", "south"), ("machine", "m9")):
        assert await sold(world, kind, name) == Sold({}), (kind, name)  # type: ignore[arg-type]


async def test_a_machine_tells_when_and_how_often_it_changed(world: World) -> None:
    stored = await current(world, world.machines).read("m1", tree.day_id(DAY))
    assert stored is not None
    day = load(stored.body, MachineDay)
    assert (day.figures["units"], day.version, day.closed) == (2, 2, None)
    (entry,) = (body for body in world.fleet.bodies("bucketDay") if "m1" in body["early"])
    assert day.computed_at == entry["computedAt"]


@pytest.mark.parametrize("since", ["always", DAY])
async def test_a_machine_that_moved_on_the_open_day_counts_at_its_new_site(world: World, since: str) -> None:
    await describe(world, machines=MACHINES | {"m1": "fair"}, since=since)
    await world.settle()
    found = await everything(world)
    moved = wanted(world) | {"harbour": 0, "north": 3, "fair": 2 + 4}
    assert found == moved
    await sell(world, NOON, first=50, count=1)
    await sell(world, NOON, first=60, count=1)
    assert await units(world, "site", "fair") == 2 + 4 + 4
    assert await units(world, "site", "harbour") == 0


async def test_a_site_that_changes_its_route_takes_its_machines_along(world: World) -> None:
    await describe(world, sites=SITES | {"harbour": "south"})
    await world.settle()
    assert await units(world, "route", "north") == 3
    assert await units(world, "route", "south") == await units(world, "site", "harbour") == 2
    assert await units(world, "fleet") == wanted(world)["fleet"]


async def test_nothing_changes_for_readers_while_a_day_closes(world: World) -> None:
    """Each message of the closing by itself, and what stands after it."""
    before = await everything(world)
    world.now += timedelta(days=2)
    messages, steps = [{"close": DAY}], 0
    while messages:
        await roll_up_shard(messages.pop(0), world.now, world.stores(Invocation(world.random)))
        messages, world.queue.messages = world.queue.messages, []
        steps += 1
        assert await everything(world) == before, steps
    assert steps == 4
    assert not any(body["early"] for body in world.fleet.bodies("bucketDay"))
    assert len(world.fleet.bodies("siteDay")) == 5


@pytest.mark.parametrize("half", [False, True])
async def test_what_comes_late_shows_while_the_day_closes(world: World, half: bool) -> None:
    """Its bucket is sealed and in the tree: the entry there is older than the machine's day."""
    await _sealed(world)
    if half:
        homes = [buckets.home(load(body, MachineDay)) for body in world.machines.bodies("day")]
        closing = OpenDay(DAY, 0, max(homes) + 1)
        assert closing.step < BUCKETS
        world.fleet.damage(ROLLUP, "open-days", days=msgspec.to_builtins([closing]))
    await world.arrive([vend(f"m{n}", 90, NOON) for n in range(1, 6)])
    for shard in range(2):
        await roll_up_shard({"shard": shard}, world.now, world.stores(Invocation(world.random)))
    entries = [body["early"] for body in world.fleet.bodies("bucketDay")]
    assert [held["m1"][6]["units"] for held in entries if "m1" in held] == [2]
    found, late = await everything(world), wanted(world, more=2)
    assert found == late | {"fleet": found["fleet"]}


async def _sealed(world: World) -> None:
    """All is closed but the last two steps."""
    world.now += timedelta(days=2)
    for _ in range(2):  # that it begins, and all buckets
        await roll_up_shard({"close": DAY}, world.now, world.stores(Invocation(world.random)))
    world.queue.messages.clear()
    (held,) = (load(body, OpenDays) for body in world.fleet.bodies("openDays"))
    assert [one.step for one in held.days if one.date == DAY] == [BUCKETS]


async def test_an_entry_that_is_older_than_the_machines_day_does_not_hide_it(world: World) -> None:
    """A machine whose own day has not ended while the fleet's closes: its bucket is sealed, and it sells."""
    (held,) = world.machines.bodies("day")[:1]
    bucket = buckets.home(load(held, MachineDay))
    scope, name = buckets.bucket_key(bucket, DAY)
    world.fleet.damage(scope, name, sealed=True)
    await world.arrive([vend("m1", 70, NOON)])
    await world.tick()
    assert await units(world, "machine", "m1") == 3


async def test_a_malformed_bucket_is_counted_as_a_defect(world: World) -> None:
    for body in world.fleet.bodies("bucketDay"):
        world.fleet.damage(body["scope"], body["id"], early="gone")
    for kind, name in (("site", "harbour"), ("route", "north"), ("machine", "m1")):
        found = await sold(world, kind, name)  # type: ignore[arg-type]
        assert (found.figures, found.defective, found.there) == ({}, 1, True), (kind, name)
    assert (await sold(world, "fleet")).defective == 0


async def test_a_malformed_site_is_a_defect_of_its_open_day_alone(world: World) -> None:
    await world.close()
    world.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    await sell(world, ms("2026-11-20T12:00:00"), first=70)
    world.catalog.damage("site", "harbour", route=7)
    assert (await sold(world, "site", "harbour", "2026-11-20")).defective == 1
    assert await sold(world, "site", "harbour") == await sold(world, "site", "harbour", DAY)
    assert await units(world, "site", "harbour") == 2


async def test_a_malformed_list_of_open_days_hides_nothing(world: World) -> None:
    world.fleet.damage(ROLLUP, "open-days", days="gone")
    assert await everything(world) == wanted(world)


async def test_a_closed_day_costs_a_read_and_an_open_one_a_bucket(world: World) -> None:
    held = [
        CurrentDays(each, world.fleet, world.catalog, clock=lambda: world.now)
        for each in (world.machines, world.fleet)
    ]
    figures, stores = StoredDays(*held), (world.machines, world.fleet, world.catalog)

    async def reads(kind: Kind, name: str, day: str) -> int:
        for store in stores:
            store.requests = 0
        await figures.of(Scope(kind, name), day, products=True)
        return sum(store.requests for store in stores)

    assert await reads("machine", "m1", DAY) == 1 + 1
    assert await reads("machine", "m2", DAY) == 1, "the bucket is remembered"
    assert await reads("machine", "m1", "2026-11-09") == 1
    assert await reads("site", "harbour", DAY) == 1 + 1 + 1, "the list of open days, the site, the bucket"
    assert await reads("site", "station", DAY) == 1
    assert await reads("route", "north", DAY) == 0
    others = {buckets.bucket_of("", name): name for name in ("east", "south", "west", "north")}
    one, two, *_ = (name for name in others.values() if name != "north")
    assert await reads("route", one, DAY) == 1 + 1, "nothing was sold: the tree has nothing either"
    assert await reads("route", "north", DAY) == 0, "two are remembered"
    assert await reads("route", two, DAY) == 1 + 1
    assert await reads("route", one, DAY) == 1 + 1, "the third one is not"
    assert await reads("site", "harbour", "2026-11-09") == 1
    assert await reads("fleet", "", DAY) == 2


async def test_a_bucket_is_remembered_for_seconds(world: World) -> None:
    now = world.now
    held = CurrentDays(world.fleet, world.fleet, world.catalog, clock=lambda: now)

    async def found() -> int:
        stored = await held.read("route:north", tree.day_id(DAY))
        return int(tree.total(load(stored.body, Day))["units"]) if stored else 0

    assert await found() == 5
    await sell(world, NOON, first=80, count=1)
    assert await found() == 5
    now += FRESH_FOR
    assert await found() == 7


async def test_all_machine_days_are_listed_as_they_count(world: World) -> None:
    days = [one.body async for one in current(world, world.machines).select("m3", ("type", "=", "day"))]
    assert [day["figures"]["units"] for day in days] == [4]


async def test_nothing_else_is_touched() -> None:
    """Other documents of the containers, days that a version without buckets computed, and writes."""
    fleet, machines, catalog = FakeDocuments("scope"), FakeDocuments("machineId"), FakeDocuments("kind")
    days = CurrentDays(machines, fleet, catalog)
    old = {
        "id": "day:2026-11-01", "machineId": "m1", "type": "day", "schema": 1, "date": "2026-11-01", "rev": 1,
        "timeZone": "Etc/UTC", "site": "s", "sites": ["s"], "route": "", "figures": {"units": 3},
        "window": [0, 1], "pages": 1, "catalogVersion": 1, "version": 1,
    }  # fmt: skip
    await days.write("m1", [Put(old), Put({"id": "stock", "machineId": "m1", "type": "stock"})])
    for name in ("day:2026-11-01", "stock", "day:2026-11-02"):
        stored = machines.items.get(("m1", name))
        found = await days.read("m1", name)
        assert (found and found.body) == (stored and stored[1]), name
    assert fleet.requests == catalog.requests == 0
    site = SiteDay(
        id="day:2026-11-01", scope="site:s", date="2026-11-01", rev=1, children={"m1": [1, {"units": 3}]}
    )
    fleet.put(site.dump())
    found = await CurrentDays(fleet, fleet, catalog).read("site:s", "day:2026-11-01")
    assert found is not None
    assert found.body == site.dump()


def test_a_bucket_has_the_days_of_its_sites_and_routes() -> None:
    """Machines that are counted elsewhere now, and sites without a route, are in none."""

    def entry(site: str, route: str, units: int) -> Early:
        return Early(
            1, 0, 1, "f", site, route, {"units": units, "selections": {"A1": {"units": units}}}, None
        )

    early = {
        "a": entry("s1", "r", 1),
        "b": entry("s1", "r", 2),
        "c": entry("s2", "", 4),
        "d": entry("", "", 0),
    }
    bucket = BucketDay(id=tree.day_id(DAY), scope="early:00", date=DAY, rev=7, early=early)
    assert {
        one.scope: {name: value[1] for name, value in one.children.items()} for one in summaries(bucket)
    } == {
        "site:s1": {"a": {"units": 1}, "b": {"units": 2}},
        "site:s2": {"c": {"units": 4}},
        "route:r": {"s1": {"units": 3}},
    }
