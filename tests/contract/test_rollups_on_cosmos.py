"""Rollups on the real containers: their indexes, their change feed, and a range that splits between ticks."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from devstack.tests.cosmos.serving import Serving
from tests.support.backends import RUN
from tests.support.events import hub_event
from tests.support.fakes import FakeBlobs, FakeQueue
from tests.support.rollup_world import ms, vend
from vendctl.provision import CONTAINERS, indexing_policy
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.packing import PackedDocuments
from vending.alerts.watch_rollups import uncounted
from vending.catalog.assignments import unassigned
from vending.catalog.cache import CatalogCache
from vending.documents.base import load
from vending.documents.days import Day
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Put
from vending.rollups import breakdowns, buckets, tree
from vending.rollups.current_days import CurrentDays
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHOLE = tree.FLEET, tree.PRODUCTS
KEYS = {"machines": "machineId", "conditions": "id", "fleet": "scope", "catalog": "kind"}


class Real:
    """The containers as they are provisioned, in a database of their own."""

    def __init__(self, containers: dict[str, CosmosDocuments]) -> None:
        self.containers = containers
        self.queue = FakeQueue()
        self.sequence = 0
        machines = containers["machines"]
        self.fleet = PackedDocuments(containers["fleet"], "early")
        cache = CatalogCache(containers["catalog"], "Europe/Berlin")
        self.stores = RollUpStores(machines, machines, self.fleet, cache, self.queue)

    async def arrive(self, events: list[dict[str, Any]]) -> None:
        first, self.sequence = self.sequence + 1, self.sequence + len(events)
        batch = [
            hub_event(number, msgspec.json.encode(body), enqueued=NOW)
            for number, body in enumerate(events, first)
        ]
        stores = IngestStores(self.containers["machines"], self.containers["conditions"], FakeBlobs())
        outcome = await ingest(batch, stores, "test")
        assert not outcome.refusals

    async def settle(self, later: timedelta = timedelta()) -> None:
        for tick in range(1, 5):
            await self.tick(NOW + later + tick * timedelta(minutes=40))

    async def tick(self, now: datetime) -> None:
        await roll_up(now, self.stores)
        while self.queue.messages:
            await roll_up_shard(self.queue.messages.pop(0), now, self.stores)

    async def figures(self, key: tree.Key) -> dict[str, Any]:
        """As readers find them."""
        container = self.fleet if ":" in key[0] or key[0] in WHOLE else self.containers["machines"]
        current = CurrentDays(container, self.fleet, self.containers["catalog"], fresh_for=timedelta())
        stored = await current.read(*key)
        return tree.total(load(stored.body, Day) if stored else None)


@pytest.fixture
async def real(client: CosmosClient, request: pytest.FixtureRequest) -> AsyncIterator[Real]:
    database = await client.create_database(re.sub(r"\W", "-", f"{request.node.name}{RUN}"))
    found = {}
    for name, field in KEYS.items():
        container = await database.create_container(
            name, PartitionKey(CONTAINERS[name]), indexing_policy=indexing_policy(name)
        )
        found[name] = CosmosDocuments(container, field)
    yield Real(found)
    await client.delete_database(database)


def sold(machine: str, first: int, count: int) -> list[dict[str, Any]]:
    noon = ms("2026-11-16T12:00:00")
    return [vend(machine, n, noon + n * 3_600_000) for n in range(first, first + count)]


async def test_a_fleet_over_a_split_and_a_late_mapping(real: Real, account: Serving) -> None:
    machines = [f"m{n}" for n in range(12)]
    for machine in machines:
        await real.arrive(sold(machine, 1, 30))
    await real.settle()
    assert (await real.figures(tree.fleet_day_key("2026-11-16")))["units"] == 12 * 10
    container = real.containers["machines"].container
    database = "test_a_fleet_over_a_split_and_a_late_mapping"
    for name in ("0", "1"):
        account.control(split={"database": database, "container": container.id, "range": name})
    for machine in machines:
        await real.arrive(sold(machine, 31, 3))
    await real.settle()
    days = ("2026-11-16", "2026-11-17")
    totals = [await real.figures(tree.fleet_day_key(day)) for day in days]
    assert [total["units"] for total in totals] == [120, 276]
    assert totals[1]["revenue"] == {"EUR": 276 * 150}
    file = {
        "sites": [{"id": "north", "timeZone": "America/New_York", "route": "r1"}],
        "machines": [{"id": machine, "site": "north"} for machine in machines[:6]],
        "planograms": [{"machine": "m0", "slots": {"A1": {"sku": "cola"}}}],
    }
    await import_catalog(msgspec.convert(file, CatalogFile), real.containers["catalog"])
    await real.settle()
    products = (await real.figures(tree.products_day_key("2026-11-17")))["skus"]
    assert {sku: value["units"] for sku, value in products.items()} == {
        "cola": 17,
        "unknown": 5 * 17 + 6 * 23,
    }
    assert (await real.figures(tree.site_day_key("north", "2026-11-17")))["units"] == 6 * 17
    assert (await real.figures(tree.route_day_key("r1", "2026-11-16")))["units"] == 6 * 16


async def test_an_open_day_is_in_packed_buckets_until_it_closes(real: Real) -> None:
    day, at = "2026-11-20", ms("2026-11-20T08:00:00")
    file = {
        "sites": [{"id": name, "timeZone": "Europe/Berlin", "route": "r1"} for name in ("north", "south")],
        "machines": [{"id": f"m{n}", "site": ("north", "south")[n % 2]} for n in range(6)],
    }
    await import_catalog(msgspec.convert(file, CatalogFile), real.containers["catalog"])
    await real.tick(NOW)
    for number in range(1, 4):
        await real.arrive([vend(f"m{n}", number, at) for n in range(8)])
        await real.tick(NOW)
    keys = {
        tree.machine_day_key("m1", day): 3, tree.site_day_key("north", day): 9,
        tree.route_day_key("r1", day): 18, tree.fleet_day_key(day): 24,
    }  # fmt: skip
    for key, units in keys.items():
        assert (await real.figures(key))["units"] == units, key
    assert (await real.figures(tree.products_day_key(day)))["skus"]["unknown"]["units"] == 24
    bucket = buckets.bucket_key(buckets.bucket_of("north", "r1"), day)
    stored = await real.containers["fleet"].read(*bucket)
    assert stored is not None
    assert isinstance(stored.body["early"], str), "packed"
    assert await real.containers["fleet"].read(*tree.site_day_key("north", day)) is None
    await real.settle(timedelta(days=2))
    stored = await real.fleet.read(*bucket)
    assert stored is not None
    assert (stored.body["sealed"], stored.body["early"]) == (True, {})
    for key, units in keys.items():
        assert (await real.figures(key))["units"] == units, key
    site = await real.containers["fleet"].read(*tree.site_day_key("north", day))
    assert site is not None
    assert tree.total(load(site.body, Day))["units"] == 9


async def test_a_second_tick_finds_nothing_to_do(real: Real) -> None:
    await real.arrive(sold("m1", 1, 5))
    await real.settle()
    day = await real.containers["machines"].read(*tree.machine_day_key("m1", "2026-11-16"))
    assert day is not None
    await real.settle()
    again = await real.containers["machines"].read(*tree.machine_day_key("m1", "2026-11-16"))
    assert again == day


# aiohttp warns of every body over 1 MiB; a summary may be that large.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("found", ["before it is sent", "by the store"])
async def test_a_document_that_is_too_large_costs_its_own_entries(
    real: Real, found: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A site's day without room, whoever says so: all else is counted, and itself when it has room again."""
    if found == "by the store":
        monkeypatch.setattr(breakdowns, "LIMIT", 10**9)
    machines, fleet = real.containers["machines"], real.fleet
    site = unassigned("m1", "Europe/Berlin").id
    full = tree.empty(f"site:{site}", "2026-11-16").dump()
    full["filling"] = "x" * (2 * 1024 * 1024 - breakdowns.size(full) - 400)
    (etag,) = await fleet.write(f"site:{site}", [Put(full)])
    await real.arrive(sold("m1", 1, 5) + sold("m2", 1, 5))
    await roll_up(NOW, real.stores)
    while real.queue.messages:
        await roll_up_shard(real.queue.messages.pop(0), NOW, real.stores)
    said = "a document has" if found == "before it is sent" else "Request size is too large"
    assert said in caplog.text
    assert [noted.machine for noted in await uncounted(fleet)] == ["m1"]
    for machine in ("m1", "m2"):
        day = await machines.read(*tree.machine_day_key(machine, "2026-11-16"))
        assert day is not None
        assert tree.total(load(day.body, Day))["units"] == 5
    assert (await real.figures(tree.fleet_day_key("2026-11-16")))["units"] == 5
    await fleet.write(f"site:{site}", [Put(tree.empty(f"site:{site}", "2026-11-16").dump(), etag)])
    await real.settle()
    assert (await real.figures(tree.fleet_day_key("2026-11-16")))["units"] == 10
    assert await uncounted(fleet) == []
