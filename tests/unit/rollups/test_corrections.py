"""What became of a day after it closed stays visible in its document."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.support.rollup_world import World, current, ms, vend
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog


async def test_corrections_after_closing_are_visible() -> None:
    noon = ms("2026-11-16T12:00:00", "America/New_York")
    world = World(datetime(2026, 11, 16, 18, tzinfo=UTC))
    await world.arrive([vend("m1", 1, noon)])
    day = await _day(world)
    assert (day["version"], day["lateUnits"], "closed" in day) == (1, 0, False)
    assert day["computedAt"] == "2026-11-16T18:00:00.000Z"
    world.now = datetime(2026, 11, 17, 6, 59, tzinfo=UTC)
    await world.arrive([vend("m1", 2, noon + 1, quantity=2)])
    day = await _day(world)
    assert (day["version"], day["lateUnits"], "closed" in day) == (2, 0, False)
    world.now += timedelta(days=3)
    await world.arrive([vend("m1", 3, noon + 2, quantity=4)])
    day = await _day(world)
    assert (day["version"], day["lateUnits"]) == (3, 4)
    assert day["closed"] == {"at": "2026-11-17T07:00:00.000Z", "vends": 2, "units": 3}
    world.now += timedelta(days=3)
    await world.arrive([vend("m1", 4, noon + 3)])
    day = await _day(world)
    assert (day["version"], day["lateUnits"], day["closed"]["units"]) == (4, 5, 3)


async def test_a_day_that_is_recomputed_and_equal_is_no_correction() -> None:
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    await world.arrive([vend("m1", 1, ms("2026-11-16T17:00:00"))])
    before = await _day(world)
    # The machine is assigned, in the zone that it was counted in: other site, same figures.
    file = {"sites": [{"id": "n", "timeZone": "America/New_York"}], "machines": [{"id": "m1", "site": "n"}]}
    await import_catalog(msgspec.convert(file, CatalogFile), world.catalog)
    await world.settle()
    after = await _day(world)
    assert after["rev"] > before["rev"]
    assert (after["version"], after["lateUnits"], after["closed"]) == (1, 0, before["closed"])


async def _day(world: World) -> dict[str, Any]:
    await world.tick()
    stored = await current(world, world.machines).read("m1", "day:2026-11-16")
    assert stored is not None
    return stored.body
