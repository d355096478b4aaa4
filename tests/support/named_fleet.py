"""A small fleet with a catalog, sales and alerts, for what lists say of it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.support.alerts import find
from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import World, event, vend
from vending.alerts.transitions import Finding
from vending.time import millis
from vending.views.stores import ViewStores
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
AT = millis(NOW)
HOUR = 3_600_000
ZONE = "Etc/UTC"
SLOTS = {
    "A1": {"sku": "cola", "par": 10, "capacity": 12, "priceMinor": 220, "currency": "EUR"},
    "A2": {"sku": "tea", "capacity": 9},
}
CATALOG: dict[str, Any] = {
    "sites": [
        {"id": "s1", "name": "Town Hall", "timeZone": "Europe/Berlin", "route": "north"},
        {"id": "s2", "name": "Älter Markt", "timeZone": "Europe/Berlin", "route": "north"},
        {"id": "s3", "name": "Depot", "timeZone": "Etc/UTC"},
        {"id": "s4", "timeZone": "Etc/UTC", "route": "south"},
    ],
    "machines": [
        {"id": "m1", "site": "s1", "name": "Lobby, left"},
        {"id": "m2", "site": "s2"},
        {"id": "m3", "site": "s3", "name": "=HYPERLINK(1)"},
    ],
    "products": [{"sku": "cola", "name": "Cola 0.33 l", "category": "cold drinks", "caseSize": 6}],
    "planograms": [{"machine": "m1", "slots": SLOTS}, {"machine": "m2", "slots": SLOTS}],
}
"""``m3`` never reports, ``m4`` does and nobody placed it."""


class NamedFleet:
    """Machines m1 to m4; m1 sold out of A1 two hours ago, after two sales a day for a week."""

    def __init__(self) -> None:
        self.world = World(NOW)
        self.alerts = FakeDocuments("machineId")

    async def begin(self) -> "NamedFleet":
        await self.add(CATALOG)
        day = 24 * HOUR
        sold = [vend("m1", 2 + 2 * n + k, AT - (7 - n) * day + k * HOUR) for n in range(7) for k in (0, 1)]
        level = {"selection": "A1", "level": 14, "capacity": 14}
        before = event("m1", 1, AT - 8 * day, "inventory.level", {"selections": [level]})
        await self.world.arrive([before, *sold])
        await self.world.arrive([vend("m2", 1, AT), vend("m4", 1, AT - 2 * HOUR)])
        await self.world.tick()
        await self.alert("m1", "sold-out", "A1", AT - 2 * HOUR)
        await self.alert("m2", "sold-out", "A2", AT - HOUR)
        await self.alert("m4", "silent", "machine", AT - HOUR)
        return self

    async def add(self, file: dict[str, Any]) -> None:
        """An import of the catalog."""
        await import_catalog(msgspec.convert(file, CatalogFile), self.world.catalog)

    async def alert(self, machine: str, rule: str, component: str, at: int) -> None:
        """An alert opens."""
        await find(self.alerts, Finding(machine, rule, component, (1,), True, at, {"onHand": 0}), at)

    def stores(self) -> ViewStores:
        """As an instance that has just started reads them."""
        world = self.world
        return ViewStores(world.machines, world.conditions, self.alerts, world.fleet, world.catalog)
