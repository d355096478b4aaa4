"""The pick list of a route, from events to the load."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.support.rollup_world import World, event, ms, vend
from vending.catalog.cache import CatalogCache
from vending.errors import Rejected
from vending.views.picklist import PickList, Visit, pick_list
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

CATALOG: dict[str, Any] = {
    "sites": [
        {"id": "north", "timeZone": "Europe/Berlin", "route": "r1"},
        {"id": "south", "name": "South gate", "timeZone": "Europe/Berlin", "route": "r1"},
        {"id": "west", "timeZone": "Europe/Berlin", "route": "r2"},
    ],
    "machines": [{"id": "m1", "site": "south"}, {"id": "m2", "site": "north"}, {"id": "m3", "site": "west"}],
    "products": [{"sku": "cola", "name": "Cola 0.33 l", "caseSize": 6}],
    "planograms": [
        {"machine": "m1", "slots": {"A1": {"sku": "cola", "par": 20, "capacity": 24}, "A2": {"sku": "tea"}}},
        {"machine": "m2", "slots": {"A1": {"sku": "tea", "par": 9}}},
    ],
}


def restocked(machine: str, number: int, at: int, level: int) -> dict[str, Any]:
    row = {"selection": "A1", "before": 0, "added": level, "after": level}
    return event(machine, number, at, "inventory.restocked", {"visitId": "v1", "lines": [row]})


async def planned(world: World, route: str, lead_days: float) -> PickList:
    catalog = CatalogCache(world.catalog, "Etc/UTC")
    return await pick_list(route, Visit(world.now, lead_days, 4, most=2), world.machines, catalog)


async def test_a_route_from_its_sales_to_its_load() -> None:
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    await import_catalog(msgspec.convert(CATALOG, CatalogFile), world.catalog)
    start = ms("2026-11-16T06:00:00")
    batch = [restocked("m1", 1, start, 20), restocked("m2", 1, start, 9)]
    batch += [vend("m1", n, start + n * 7_200_000) for n in range(2, 10)]
    await world.arrive(batch)
    await world.tick()
    found = await planned(world, "r1", 3)
    assert [(stop.machine, stop.site) for stop in found.stops] == [("m2", "north"), ("m1", "south")]
    assert [len(stop.picks) for stop in found.stops] == [0, 1]
    pick = found.stops[1].picks[0]
    assert (pick.on_hand, pick.expected, pick.quantity) == (12, 6.0, 18)
    assert found.stops[1].unplanned == ["A2"]
    assert found.load == {"cola": 18}
    names = [("site", "south"), ("machine", "m1"), ("product", "cola"), ("product", "tea")]
    assert [found.called(kind, key) for kind, key in names] == ["South gate", "m1", "Cola 0.33 l", "tea"]


async def test_a_route_that_nobody_drives_is_refused() -> None:
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    with pytest.raises(Rejected, match="route 'r9'"):
        await planned(world, "r9", 1)
