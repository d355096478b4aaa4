"""An open day has a bound too: nothing that devices say makes a bucket or the day of the fleet too large, and
sums stay exact. What is stored is packed, as in the app, and the container refuses what Cosmos DB refuses."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import World, current, ms, vend
from tests.support.watched import watched
from tests.unit.rollups.test_roll_up_bounds import DAY, limited, sells, tick
from vending.adapters.packing import PackedDocuments
from vending.documents.base import load
from vending.documents.days import Day
from vending.rollups import shard, tree
from vending.rollups.tree import OTHER
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An open day; shards take all of it at once."""
    monkeypatch.setattr(shard, "LINES", 1_000_000)
    fleet: Any = PackedDocuments(watched(FakeDocuments("scope"), limited), "early")
    machines = watched(FakeDocuments("machineId"), limited)
    return World(datetime(2026, 11, 16, 20, tzinfo=UTC), machines=machines, fleet=fleet)


async def figures(world: World, scope: str) -> dict[str, Any]:
    machine = scope.removeprefix("machine:")
    container = world.fleet if machine == scope else world.machines
    stored = await current(world, container).read(machine, tree.day_id(DAY))
    assert stored is not None, scope
    return tree.total(load(stored.body, Day))


async def uncounted(world: World) -> list[str]:
    return [stored.body["id"] async for stored in world.fleet.select("rework")]


async def test_a_bucket_of_many_machines_and_long_names_keeps_its_sums(world: World) -> None:
    random, machines, skus = Random(3), 700, 60
    names = [f"{random.getrandbits(256):064x}" for _ in range(4_000)]
    placed = [{"id": f"m{number}", "site": "mall"} for number in range(machines)]
    facts = {"sites": [{"id": "mall", "timeZone": "America/New_York", "route": "r1"}], "machines": placed}
    await import_catalog(msgspec.convert(facts, CatalogFile), world.catalog)
    for number in range(machines):
        await sells(world, f"m{number}", random.sample(names, skus))
    await tick(world)
    assert [(await figures(world, scope))["units"] for scope in ("site:mall", "route:r1", "fleet")] == [
        machines * skus
    ] * 3
    products = (await figures(world, "products"))["skus"]
    assert sum(of["units"] for of in products.values()) == machines * skus
    assert OTHER in products, "it was never too large: the test is too small"
    noon = ms(f"{DAY}T13:00:00", "America/New_York")
    await world.arrive([vend("m7", skus + 1, noon, quantity=5)])
    await tick(world)
    assert (await figures(world, "machine:m7"))["units"] == skus + 5
    assert (await figures(world, "fleet"))["units"] == machines * skus + 5
    assert not await uncounted(world)


async def test_twenty_thousand_products_of_a_few_machines_are_counted(world: World) -> None:
    for number in range(100):
        await sells(world, f"m{number}", [f"sku-{number}-{n}" for n in range(200)])
    await tick(world)
    assert (await figures(world, "fleet"))["units"] == 20_000
    products = (await figures(world, "products"))["skus"]
    assert sum(of["units"] for of in products.values()) == 20_000
    assert not await uncounted(world)
