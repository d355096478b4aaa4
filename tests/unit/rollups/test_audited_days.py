"""Uploads, ingest and rollups together: whose sales a machine's days are, when that changes, and what comes
again."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.rollup_world import World, ms, stored_leaves, vend
from tests.unit.uploads.test_place_audit import read
from tests.unit.uploads.world import NOW
from tests.unit.uploads.world import World as Uploads
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOON = ms("2026-03-01T12:00")
FIRST = NOW.replace(day=1, hour=18)


async def imported(world: World, **machine: Any) -> None:
    file = {
        "sites": [{"id": "north", "timeZone": "Etc/UTC"}],
        "machines": [{"id": "m-1", "site": "north"} | machine],
        "planograms": [{"machine": "m-1", "slots": {"A1": {"sku": "cola"}}}],
    }
    await import_catalog(msgspec.convert(file, CatalogFile), world.catalog)


async def uploaded(world: World, *audits: bytes) -> list[dict[str, Any]]:
    """The events of these uploads, which are not ingested yet."""
    uploads = Uploads(machines=world.machines, catalog=world.catalog)
    uploads.uploads.clock = lambda: NOW
    for data in audits:
        await uploads.process(await uploads.upload(data))
    return [json.loads(body) for body, _ in uploads.hub.sent]


@pytest.fixture
async def world() -> World:
    """A machine with two vends of its device, and two audits that say ten."""
    held = World(NOW)
    await imported(held)
    await held.arrive([vend("m-1", 1, NOON), vend("m-1", 2, NOON + 1)])
    events = await uploaded(held, read(1, 10, FIRST - timedelta(hours=20)), read(2, 20, FIRST))
    await held.arrive(events)
    await held.settle()
    return held


def sold(world: World) -> int:
    """Vends of the machine's day, and the same at every level above."""
    found = stored_leaves(world)
    of_levels = {
        leaves.get(("vends",), 0)
        for (scope, day), leaves in found.items()
        if day == "2026-03-01" and scope != "products"
    }
    assert len(of_levels) == 1
    return of_levels.pop()


async def test_a_machine_of_device_events_sells_nothing_by_its_audits(world: World) -> None:
    assert sold(world) == 2
    await imported(world, sales="audit", salesSince="2026-03-05")
    await world.settle()
    assert sold(world) == 2


async def test_the_days_are_counted_again_when_the_catalog_says_otherwise(world: World) -> None:
    await imported(world, sales="audit", salesSince="always")
    await world.settle()
    assert sold(world) == 10
    await world.arrive([vend("m-1", 3, NOON + 2)])  # it was offline
    await world.settle()
    assert sold(world) == 10
    await imported(world, sales="device", salesSince="always")
    await world.settle()
    assert sold(world) == 3


async def test_a_span_in_which_it_changes_is_nobodys(world: World) -> None:
    """The vends at noon are the devices': the audits' span began the day before."""
    await imported(world, sales="audit", salesSince="2026-03-01T14:00")
    await world.settle()
    assert sold(world) == 2


@pytest.mark.parametrize("seed", range(5))
async def test_events_in_any_order_and_again_end_in_the_same_days(seed: int) -> None:
    one, other, random = World(NOW), World(NOW), Random(seed)
    audits = [read(n, 5 * n, FIRST + timedelta(hours=7 * n)) for n in range(1, 4)]
    for held in (one, other):
        await imported(held, sales="audit")
    events = await uploaded(one, *audits)
    await one.arrive(events)
    shuffled = random.sample(events * 3, 9)
    for cut in range(0, 9, 2):
        await other.arrive(shuffled[cut : cut + 2])
        await other.tick()
    for held in (one, other):
        await held.settle()
    assert stored_leaves(one) == stored_leaves(other)
    vends = {
        day: leaves[("vends",)] for (scope, day), leaves in stored_leaves(one).items() if scope == "fleet"
    }
    assert vends == {"2026-03-02": 10}
