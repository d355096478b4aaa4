"""A tick costs what its dirty days cost, however large the fleet is: counted in requests."""

from datetime import UTC, datetime
from typing import Any

from tests.support.fakes import FakeDocuments, FakeQueue, range_of
from tests.support.rollup_world import ms
from vending.catalog.cache import CatalogCache
from vending.documents.base import load
from vending.documents.catalog import CatalogVersion
from vending.documents.days import Day, Summary
from vending.documents.pages import Line
from vending.ports import Put
from vending.rollups import tree
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.rollups.tree import Contribution
from vending.state import ledger

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "2026-11-19"
NOON = ms(f"{DAY}T12:00:00")
DIRTY = 50
PER_SITE = 3
FIGURES = {"vends": 1, "units": 1, "revenue": {"EUR": 150}, "skus": {"cola": {"vends": 1}}}


def one_key(operation: str, key: str) -> None:
    assert (operation, key) != ("select", "*"), "a question to all partitions grows with the fleet"


class Fleet:
    """A fleet whose days were all rolled up."""

    def __init__(self, machines: int) -> None:
        self.machines = FakeDocuments("machineId", one_key)
        self.fleet = FakeDocuments("scope", one_key)
        self.catalog = FakeDocuments("kind", one_key)
        self.queue = FakeQueue()
        site = {
            "kind": "site",
            "type": "site",
            "schema": 1,
            "version": 1,
            "timeZone": "Etc/UTC",
            "affects": [],
        }
        facts = {"kind": "machine", "type": "machine", "schema": 1, "version": 1, "affects": []}
        day = {
            "type": "day", "schema": 1, "date": DAY, "rev": 1, "version": 1, "figures": FIGURES, "pages": 0,
            "window": [NOON - 43_200_000, NOON + 43_200_000], "catalogVersion": 1,
        }  # fmt: skip
        self.catalog.put(CatalogVersion(number=1).dump())
        for n in range(machines):
            name = f"vm-{n:06d}"
            placed = facts | {"id": name, "placements": [["", site_of(n)]]}
            self.catalog.put(placed)
            self.machines.put(day | {"id": f"day:{DAY}", "machineId": name, "sites": [site_of(n)]})
        for n in range(0, machines, PER_SITE):
            self.catalog.put(site | {"id": site_of(n), "route": f"r{n // 60}"})
        self._summaries(machines)

    def _summaries(self, machines: int) -> None:
        """All levels; the sites that the test leaves alone have no document, their areas know them."""
        near = min(machines, 102)
        given = [
            Contribution(f"site:{site_of(n)}", DAY, f"vm-{n:06d}", 1, FIGURES, f"r{n // 60}", 1)
            for n in range(near)
        ]
        far = [
            Contribution(f"area:{tree.area(site_of(n))}", DAY, site_of(n), 1, FIGURES)
            for n in range(near, machines, PER_SITE)
        ]
        while given:
            documents: dict[tree.Key, Summary] = {}
            for share in given:
                home = documents.setdefault(share.key, tree.empty(share.scope, DAY))
                tree.merge(home, [share])
            for summary in documents.values():
                self.fleet.put(summary.dump())
            given = [share for one in documents.values() for share in tree.upwards(one)] + far
            far = []
        last = str(max(version for version, _ in self.machines.items.values()))
        state = {"scope": "rollup", "schema": 1, "processed": 1, "continuation": last}
        for name in ("shard:0", "shard:1", "catalog"):
            self.fleet.put(state | {"id": name, "type": name.partition(":")[0]})

    @property
    def requests(self) -> int:
        return self.machines.requests + self.fleet.requests + self.catalog.requests + len(self.queue.messages)

    async def tick(self) -> int:
        """Requests and messages of one whole tick, by processes that know nothing yet."""
        before = self.requests
        await roll_up(NOW, self.stores())
        for message in list(self.queue.messages):
            await roll_up_shard(message, NOW, self.stores())
        return self.requests - before

    def stores(self) -> RollUpStores:
        cache = CatalogCache(self.catalog, "Etc/UTC")
        return RollUpStores(self.machines, self.machines, self.fleet, cache, self.queue)


def site_of(n: int) -> str:
    return f"site-{n // PER_SITE:06d}"


def page(machine: str, number: int) -> dict[str, Any]:
    line: Line = {
        "ledger": number, "sequence": number, "kind": "vend", "at": NOON + number, "quality": "device",
        "digest": "0", "selection": "A1", "quantity": 1, "paidMinor": 150, "currency": "EUR",
        "payment": "cash",
    }  # fmt: skip
    return ledger.pages(machine, [(f"dev-{machine}", 1, line)])[0].dump()


async def tick_of(machines: int, dirty: int) -> tuple[int, dict[str, Any]]:
    fleet = Fleet(machines)
    names = [f"vm-{n:06d}" for n in range(dirty)]
    assert {range_of(name) for name in names[:20]} <= {"low", "high"}
    for name in names:
        await fleet.machines.write(name, [Put(page(name, number)) for number in (1, 2)])
    fleet.machines.requests = 0
    requests = await fleet.tick()
    day = fleet.fleet.items[tree.fleet_day_key(DAY)][1]
    return requests, tree.total(load(day, Day))


async def test_a_tick_asks_as_often_in_a_fleet_of_a_thousand_times_the_size() -> None:
    small, few = await tick_of(100, DIRTY)
    large, many = await tick_of(100_000, DIRTY)
    assert large == small
    # Each dirty day counts two vends now; a far site counts as one.
    assert few["units"] == 100 + DIRTY
    assert many["units"] == 102 + len(range(102, 100_000, PER_SITE)) + DIRTY


async def test_a_tick_costs_what_its_dirty_days_cost() -> None:
    idle, _ = await tick_of(100, 0)
    one, _ = await tick_of(100, 1)
    many, _ = await tick_of(100, DIRTY)
    assert idle < 20
    assert many - idle < DIRTY * (one - idle)
