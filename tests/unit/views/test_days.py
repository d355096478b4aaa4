"""Sums over ranges of days, from events that went through ingest and rollups."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.rollup_world import World, current, failure, vend, view_stores
from vending.rollups import machine_days
from vending.rollups.current_days import CurrentDays
from vending.rollups.tree import OTHER
from vending.time import millis
from vending.views import day_ranges
from vending.views.day_figures import Scope, StoredDays
from vending.views.day_ranges import TooMuch
from vending.views.days import DaySums, SumQuery, days
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
DAY = timedelta(days=1)
PARTS = {
    "sites": [
        {"id": "harbour", "timeZone": "Europe/Berlin", "route": "north", "name": "Harbour Terminal 2"},
        {"id": "station", "timeZone": "Europe/Berlin", "route": "north"},
        {"id": "depot", "timeZone": "Europe/Berlin", "route": "south"},
        {"id": "fair", "timeZone": "Europe/Berlin"},
    ],
    "machines": [
        {"id": f"m{n}", "site": site} for n, site in enumerate(("harbour", "station", "depot", "fair"))
    ],
    "products": [
        {"sku": "cola", "name": "Cola 0.5 l", "category": "cold drinks"},
        {"sku": "tea", "name": "Tea", "category": "hot drinks"},
    ],
}


@pytest.fixture
async def world() -> World:
    """Four machines, of which each sells one more a day than the one before, on ten days up to today."""
    world = World(NOW)
    await import_catalog(msgspec.convert(PARTS, CatalogFile), world.catalog)
    for n in range(4):
        sold = [NOW - back * DAY for back in range(10) for _ in range(n + 1)]
        await world.arrive(
            [
                vend(f"m{n}", number, millis(at), sku=("cola", "tea")[number % 2], paidMinor=100 + n)
                for number, at in enumerate(sold, start=1)
            ]
        )
    await world.settle()
    return world


async def ask(world: World, figures: StoredDays | None = None, **facts: Any) -> DaySums | None:
    figures = figures or StoredDays(current(world, world.machines), current(world, world.fleet))
    return await days(view_stores(world), figures, SumQuery(**facts), "Etc/UTC", NOW)


async def found(world: World, **facts: Any) -> DaySums:
    sums = await ask(world, **facts)
    assert sums is not None
    return sums


async def test_a_week_beside_the_week_before(world: World) -> None:
    week = await found(world)
    assert (week.first, week.last, week.before_first, week.before_last) == (
        "2026-03-04", "2026-03-10", "2026-02-25", "2026-03-03",
    )  # fmt: skip
    assert (week.total.units, week.total.before.units) == (70, 30)
    assert week.total.revenue == {"EUR": 7 * (100 + 2 * 101 + 3 * 102 + 4 * 103)}
    assert [row.key for row in week.rows] == [f"2026-03-{day:02d}" for day in range(4, 11)]
    assert [(row.units, row.before.units) for row in week.rows] == [(10, 0)] * 4 + [(10, 10)] * 3
    assert {row.computed_at is None for row in week.rows} == {False}
    assert (week.defective, week.shards_behind) == (0, [])


@pytest.mark.parametrize(
    ("scope", "units", "name", "zone"),
    [
        (Scope("site", "harbour"), 1, "Harbour Terminal 2", "Europe/Berlin"),
        (Scope("route", "north"), 3, None, "Etc/UTC"),
        (Scope("machine", "m3"), 4, "m3", "Europe/Berlin"),
    ],
)
async def test_a_day_of_a_scope(world: World, scope: Scope, units: int, name: str | None, zone: str) -> None:
    day = await found(world, scope=scope, first="2026-03-09", last="2026-03-09", by="category")
    assert (day.scope.id, day.scope.name, day.time_zone) == (scope.name, name, zone)
    assert (day.total.units, day.total.before.units) == (units, units)
    assert {row.key for row in day.rows} <= {"cold drinks", "hot drinks"}
    assert sum(row.units for row in day.rows) == units


async def test_every_breakdown_has_all_that_was_sold(world: World) -> None:
    for by in ("day", "hour", "product", "category", "payment", "site", "route"):
        week = await found(world, by=by)
        assert sum(row.units for row in week.rows) == week.total.units == 70, by
        assert (
            sum(row.before.revenue.get("EUR", 0) for row in week.rows) == week.total.before.revenue["EUR"]
        ), by


async def test_rows_have_the_names_of_the_catalog(world: World) -> None:
    await world.arrive([vend("m1", 999, millis(NOW), product="Fudge")])
    await world.tick()
    products = await found(world, by="product")
    assert {row.key: row.name for row in products.rows} == {
        "tea": "Tea", "cola": "Cola 0.5 l", "unknown:Fudge": "Fudge",
    }  # fmt: skip
    sites = await found(world, by="site", scope=Scope("route", "north"))
    assert [(row.key, row.name, row.units) for row in sites.rows] == [
        ("station", "station", 15), ("harbour", "Harbour Terminal 2", 7),
    ]  # fmt: skip


async def test_routes_and_what_is_on_none(world: World) -> None:
    rows = (await found(world, by="route")).rows
    assert [(row.key, row.units) for row in rows] == [("north", 21), ("south", 21), (OTHER, 28)]


async def test_a_limit_sums_the_rest(world: World) -> None:
    rows = (await found(world, by="site", limit=2)).rows
    assert [(row.key, row.units) for row in rows] == [("fair", 28), ("depot", 21), (OTHER, 21)]


async def test_currencies_failures_and_free_vends_stand_apart(world: World) -> None:
    at = millis(NOW)
    await world.arrive(
        [
            vend("m0", 901, at, currency="USD", paidMinor=90),
            vend("m0", 902, at, paidMinor=0, paymentMethod="free"),
            failure("m0", 903, at),
        ]
    )
    await world.tick()
    today = await found(world, first="2026-03-10", last="2026-03-10", by="payment")
    assert today.total.revenue == {"EUR": 100 + 202 + 306 + 412, "USD": 90}
    assert (today.total.free, today.total.failures, today.total.vends) == (1, 1, 11)
    assert sum(row.vends for row in today.rows) == 11
    assert sum(row.free + row.failures for row in today.rows) == 0


async def test_late_units_of_a_machine_s_day_are_told(world: World) -> None:
    world.now += 2 * DAY
    await world.arrive([vend("m0", 999, millis(NOW - DAY))])
    await world.settle()
    (row,) = (await found(world, scope=Scope("machine", "m0"), first="2026-03-09", last="2026-03-09")).rows
    assert (row.units, row.late_units) == (2, 1)


async def test_who_nobody_knows_has_no_sums(world: World) -> None:
    for kind in ("site", "route", "machine"):
        assert await ask(world, scope=Scope(kind, "nowhere")) is None
    assert (await found(world, scope=Scope("site", "fair"), first="2020-01-01")).total.units == 0


async def test_machines_that_the_catalog_does_not_name_have_sums(world: World) -> None:
    await world.arrive([vend("stranger", 1, millis(NOW))])
    await world.tick()
    assert (await found(world, scope=Scope("machine", "stranger"))).total.units == 1
    assert (await found(world, by="site")).rows[-1].key == OTHER


async def test_what_cannot_be_counted_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.arrive([vend(machine, 999, millis(NOW)) for machine in ("m0", "m1")])
    with monkeypatch.context() as patched:
        patched.setattr(machine_days, "figures", lambda *_: 1 // 0)
        await world.tick()
    assert (await found(world)).defective == 2
    world.fleet.damage("fleet", "day:2026-03-10", children="none")
    week = await found(world)
    assert (week.defective, week.total.units) == (3, 60)


async def reads(world: World, **facts: Any) -> int:
    """Requests to the containers of days, of the answer itself."""
    containers = [
        CurrentDays(each, world.fleet, world.catalog, clock=lambda: NOW)
        for each in (world.machines, world.fleet)
    ]
    before = world.fleet.requests + world.machines.requests
    await ask(world, StoredDays(*containers), **facts)
    return world.fleet.requests + world.machines.requests - before


async def test_a_day_is_one_point_read_of_each_document(world: World) -> None:
    """Beside one query for the machines whose days fail for good; and with sites or routes one read of the
    list of open days. Of the one that is open a route and its sites have one document together."""
    assert await reads(world) == 14 + 1
    assert await reads(world, by="hour") == 14 + 1
    assert await reads(world, by="product") == 28 + 1
    assert await reads(world, by="product", scope=Scope("site", "harbour")) == 14 + 1 + 1
    assert await reads(world, by="route") == 14 * 3 + 1 + 1
    assert await reads(world, by="site", scope=Scope("route", "north")) == 13 * 3 + 1 + 1 + 1
    assert await reads(world, scope=Scope("machine", "m1")) == 14 + 1 + 1


async def test_too_many_reads_are_refused_before_the_first(world: World) -> None:
    several = [f"site-{n}" for n in range(400)]
    sites = {"sites": [{"id": name, "timeZone": "Etc/UTC"} for name in several]}
    await import_catalog(msgspec.convert(sites, CatalogFile), world.catalog)
    before = world.fleet.requests
    with pytest.raises(TooMuch, match=r"takes 5,670 reads, 405 a day.*: ask for a part of the fleet"):
        await ask(world, by="site")
    with pytest.raises(TooMuch, match=r"1,656 reads, 9 a day.*: ask for at most 44 days, or"):
        day_ranges.check(2 * 92 * 9, 2 * 92)
    assert world.fleet.requests == before
    assert day_ranges.READS >= 92 * 2 * 2, "a quarter of the fleet's products can be asked for"
