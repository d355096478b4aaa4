"""Visits of a machine on Cosmos DB: the same answers as on the fakes, for as little as the documents say."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import batched

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient
from msgspec import Struct

from tests.contract.conftest import DATABASE, NAMES
from tests.support.rollup_world import World, vend, view_stores
from tests.support.visited import NOW, uploaded, visited
from vendctl.provision import indexing_policy
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.metering import metered
from vending.documents.catalog import CatalogMachine, CatalogSite
from vending.ports import Put
from vending.time import millis
from vending.views import visits
from vending.views.route_visits import route_visits
from vending.views.stores import ViewStores
from vending.views.visits import VisitQuery

VISITS = 120
"""Most of a year's."""
SALES_A_VISIT = 8
"""Pages of the ledger that tell of no visit, for each that does: some of those that there would be."""
MOST = {"visits": 75, "panel": 40, "visit": 15, "collections": 50, "route": 15}
"""Request units, as docs/visits.md says."""


@pytest.fixture
async def world() -> World:
    """A machine that was visited for most of a year, and another one."""
    world = World(NOW)
    first = NOW - timedelta(days=VISITS + 1)
    await visited(world, "m1", VISITS, first)
    await visited(world, "m2", 3, first)
    for number in range(VISITS * SALES_A_VISIT):
        at = millis(first + timedelta(hours=3 * number))
        await world.arrive([vend("m1", 10 * (VISITS + 1) + number, at)])
    for number in range(1, VISITS + 1):
        uploaded(world, "m1", number, f"visit-{number:03d}", first + timedelta(days=number - 1))
    world.catalog.put(CatalogSite(id="s", time_zone="Etc/UTC", route="r1").dump())
    for machine in ("m1", "m2"):
        world.catalog.put(CatalogMachine(id=machine, site="s", placements=[("", "s")]).dump())
    return world


async def on_cosmos(client: CosmosClient, world: World) -> ViewStores:
    """The same documents of machines in a container with the deployed indexes."""
    name = f"visits-{next(NAMES)}"
    database = client.get_database_client(DATABASE)
    policy = indexing_policy("machines")
    container = await database.create_container(name, PartitionKey(path="/machineId"), indexing_policy=policy)
    documents = CosmosDocuments(container, "machineId")
    bodies: Sequence[dict[str, object]] = [body for _, body in world.machines.items.values()]
    for machine in ("m1", "m2"):
        own = [Put(body) for body in bodies if body["machineId"] == machine]
        for some in batched(own, 100, strict=False):
            await documents.write(machine, some)
    return replace(view_stores(world), machines=documents)


Ask = Callable[[ViewStores], Awaitable[Struct | None]]
DAY = (NOW - timedelta(days=VISITS)).date().isoformat()
ASKED: dict[str, Ask] = {
    "visits": lambda of: visits.visits(of, "m1", VisitQuery(20), NOW),
    "panel": lambda of: visits.visits(of, "m1", VisitQuery(5), NOW),
    "visit": lambda of: visits.visit(of, "m1", "visit-060"),
    "collections": lambda of: visits.collections(of, "m1", VisitQuery(20), NOW),
    "route": lambda of: route_visits(of, "r1", DAY, "Etc/UTC", NOW),
}


async def test_answers_and_what_they_cost(client: CosmosClient, world: World) -> None:
    stores, fakes = await on_cosmos(client, world), view_stores(world)
    costs = {}
    for name, ask in ASKED.items():
        with metered() as cost:
            found = await ask(stores)
        assert found is not None
        assert found == await ask(fakes), name
        costs[name] = cost.units
    assert all(units <= MOST[name] for name, units in costs.items()), costs
