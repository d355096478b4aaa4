"""What late sales cost the rollups, in a small fleet and in a large one: requests, request units, CPU.

``python -m benchmarks.rollups [--machines N] [--json]``. Each fleet has 50 dirty machine days, all closed:
late sales go through the tree (what is sold on an open day does not, see :mod:`benchmarks.whole`). The others
were rolled up before and lie in the same containers of the local Cosmos DB server, beside summaries of their
full size. Requests are counted as responses arrive. Request units are the server's estimate of Azure's. The
baseline of each figure is the fleet of 100 machines in the same run. Requests must not grow with the fleet;
units do a little, since the summaries above the sites are larger.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from benchmarks.cosmos import serving
from benchmarks.meter import Meter
from devstack.cosmos.auth import WELL_KNOWN_KEY
from tests.support.fakes import FakeQueue
from vendctl.provision import CONTAINERS, indexing_policy
from vending.adapters.clients import cosmos_client
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.packing import PackedDocuments
from vending.catalog.cache import CatalogCache
from vending.documents.days import Summary
from vending.documents.pages import Line
from vending.ports import Put
from vending.rollups import tree
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.rollups.tree import Contribution
from vending.state.ledger import pages

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "2026-11-19"
NOON = 1_795_089_600_000
DIRTY, SMALL, LARGE, PER_SITE = 50, 100, 10_000, 3
IN_FLIGHT = 48
KEYS = {"machines": "machineId", "fleet": "scope", "catalog": "kind"}


def figures_of(count: int) -> dict[str, Any]:
    """About what a machine sells in a day: 30 products, 12 hours."""
    one = {"vends": count, "units": count, "revenue": {"EUR": 150 * count}}
    parts = {"hours": [f"{n:02d}" for n in range(8, 20)], "skus": [f"SKU-{n:03d}" for n in range(30)]}
    return one | {part: {name: dict(one) for name in names} for part, names in parts.items()}


def site_of(number: int) -> str:
    """The site of a machine by its number."""
    return f"site-{number // PER_SITE:06d}"


def page(machine: str, number: int) -> dict[str, Any]:
    """A ledger page with one vend."""
    line: Line = {
        "ledger": number, "sequence": number, "kind": "vend", "at": NOON + number, "quality": "device",
        "digest": "0", "selection": "A1", "quantity": 1, "paidMinor": 150, "currency": "EUR",
        "payment": "cash", "sku": "SKU-001",
    }  # fmt: skip
    return pages(machine, [(f"dev-{machine}", 1, line)])[0].dump()


def day(machine: str, number: int) -> dict[str, Any]:
    """A machine day that was rolled up before."""
    return {
        "id": tree.day_id(DAY), "machineId": machine, "type": "day", "schema": 1, "date": DAY, "rev": 1,
        "version": 1, "figures": figures_of(1), "pages": 0, "catalogVersion": 1, "sites": [site_of(number)],
        "window": [NOON - 43_200_000, NOON + 43_200_000],
    }  # fmt: skip


def summaries(machines: int) -> Iterable[dict[str, Any]]:
    """Every level of a fleet; of the sites only those that the tick will meet."""
    near = min(machines, 102)
    given = [
        Contribution(f"site:{site_of(n)}", DAY, f"vm-{n:06d}", 1, figures_of(1), "r1", 1) for n in range(near)
    ]
    far = [
        Contribution(f"area:{tree.area(site_of(n))}", DAY, site_of(n), 1, figures_of(PER_SITE))
        for n in range(near, machines, PER_SITE)
    ]
    while given:
        documents: dict[tree.Key, Summary] = {}
        for share in given:
            tree.merge(documents.setdefault(share.key, tree.empty(share.scope, DAY)), [share])
        yield from (summary.dump() for summary in documents.values())
        given = [share for summary in documents.values() for share in tree.upwards(summary)] + far
        far = []


def catalog(number: int) -> list[dict[str, Any]]:
    """A machine and its site."""
    common = {"schema": 1, "version": 1, "affects": []}
    machine = {"id": f"vm-{number:06d}", "kind": "machine", "placements": [["", site_of(number)]]}
    site = {"id": site_of(number), "kind": "site", "timeZone": "Etc/UTC", "route": "r1"}
    return [machine | common | {"type": "machine"}, site | common | {"type": "site"}]


async def at_once(work: Iterable[Awaitable[object]]) -> None:
    """All of it, some in flight."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(step: Awaitable[object]) -> None:
        async with gate:
            await step

    await asyncio.gather(*(one(step) for step in work))


class Fleet:
    """A fleet in a database of its own."""

    def __init__(self, containers: dict[str, CosmosDocuments], meter: Meter) -> None:
        self.containers = containers
        self.meter = meter
        self.queue = FakeQueue()

    @classmethod
    async def make(cls, client: CosmosClient, machines: int) -> "Fleet":
        """Fill the containers."""
        database = await client.create_database(f"fleet-{machines}")
        meter, found = Meter(), {}
        for name, key in KEYS.items():
            container = await database.create_container(
                name, PartitionKey(CONTAINERS[name]), indexing_policy=indexing_policy(name)
            )
            found[name] = CosmosDocuments(container, key, meter.charge)
        fleet = cls(found, meter)
        store = found["machines"]
        names = [f"vm-{n:06d}" for n in range(machines)]
        await at_once(store.write(name, [Put(day(name, n))]) for n, name in enumerate(names))
        await at_once(found["fleet"].write(body["scope"], [Put(body)]) for body in summaries(machines))
        known = {(x["kind"], x["id"]): x for n in range(DIRTY) for x in catalog(n)}
        await at_once(found["catalog"].write(kind, [Put(body)]) for (kind, _), body in known.items())
        version = {"id": "version", "kind": "version", "type": "version", "schema": 1, "number": 1}
        await found["catalog"].write("version", [Put(version)])
        state = {"id": "catalog", "scope": "rollup", "type": "catalog", "schema": 1, "processed": 1}
        await found["fleet"].write("rollup", [Put(state)])
        await fleet.tick()  # over the feed of everything that was filled in
        return fleet

    async def tick(self) -> None:
        """A whole tick by processes that know nothing yet."""
        await roll_up(NOW, self.stores())
        while self.queue.messages:
            await roll_up_shard(self.queue.messages.pop(0), NOW, self.stores())

    def stores(self) -> RollUpStores:
        """As a new process has them."""
        machines = self.containers["machines"]
        known = CatalogCache(self.containers["catalog"], "Etc/UTC")
        fleet = PackedDocuments(self.containers["fleet"], "early")
        return RollUpStores(machines, machines, fleet, known, self.queue)

    async def measured(self, dirty: int) -> dict[str, float]:
        """Requests, request units and CPU seconds of a tick with so many dirty days."""
        names = [f"vm-{n:06d}" for n in range(dirty)]
        await at_once(self.containers["machines"].write(name, [Put(page(name, 1))]) for name in names)
        self.meter.requests, self.meter.units, began = 0, 0, cpu()
        await self.tick()
        return {"requests": self.meter.requests, "ru": self.meter.units, "cpu_ms": 1000 * (cpu() - began)}


def cpu() -> float:
    """Seconds of CPU of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def run(port: int, large: int) -> list[dict[str, Any]]:
    """All figures."""
    account = f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey={WELL_KNOWN_KEY}"
    found: dict[int, dict[str, dict[str, float]]] = {}
    async with cosmos_client({"COSMOS": account}, "COSMOS") as client:
        for machines in (SMALL, large):
            fleet = await Fleet.make(client, machines)
            found[machines] = {"tick": await fleet.measured(DIRTY), "idle": await fleet.measured(0)}
    units = {"requests": "requests", "ru": "RU (estimated)", "cpu_ms": "ms CPU"}
    figures = []
    for what, unit in units.items():
        few, many = found[SMALL]["tick"][what] / DIRTY, found[large]["tick"][what] / DIRTY
        figure = {"name": f"rollups.per_dirty_day.{what}", "value": many, "unit": unit}
        figure |= {"baseline": f"{SMALL} machines", "baseline_value": few, "ratio": many / few}
        figures.append(figure | ({"target": 1.0, "met": many == few} if what == "requests" else {}))
    figures.append(
        {"name": "rollups.idle_tick.requests", "value": found[large]["idle"]["requests"], "unit": "requests"}
    )
    return figures


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=LARGE, help=f"of the large fleet; default {LARGE}")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (port, _):
        figures = asyncio.run(run(port, asked.machines))
    if asked.json:
        print(json.dumps({"figures": figures}))
    else:
        for figure in figures:
            print(
                f"{figure['name']:<36} {figure['value']:>10.2f} {figure['unit']}  {figure.get('ratio', '')}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
