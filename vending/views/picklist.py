"""The pick list of a route: every machine's slots at the time of the visit, in units and cases."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from vending.catalog.assignments import Assignment
from vending.catalog.cache import CatalogCache
from vending.documents.stock import MachineStock
from vending.errors import Rejected
from vending.ports import Documents
from vending.readable import readable
from vending.state import stock
from vending.time import millis
from vending.views import picks
from vending.views.picks import Pick
from vending.views.sold_days import full_days, units_per_day

MACHINES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Visit:
    """``lead_days`` from ``now``; sales are expected as in the last ``window`` full days. At most ``most``
    machines."""

    now: datetime
    lead_days: float = 1.0
    window: int = 14
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """One machine of the route."""

    machine: str
    site: str
    picks: list[Pick]
    unplanned: list[str]
    """Selections without par and capacity, or that were never counted."""


@dataclass
class PickList:
    """A route's stops by site, and what to load for all of them."""

    route: str
    stops: list[Stop] = field(default_factory=list)
    names: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"site": {}, "machine": {}, "product": {}}
    )
    """Kind → id or SKU → what people call it. What the catalog does not name goes by its id."""

    def called(self, kind: str, key: str) -> str:
        """The name of a site, a machine or a product."""
        return self.names[kind].get(key) or key

    @property
    def load(self) -> dict[str, int]:
        """Units by SKU."""
        return picks.by_sku(pick for stop in self.stops for pick in stop.picks)


async def pick_list(route: str, visit: Visit, machines: Documents, catalog: CatalogCache) -> PickList:
    """Plan a visit. Raises Rejected for a route that no site is on (``unknown-route``), or that has more
    machines than the visit takes (``long-route``)."""
    await catalog.refresh()
    sites = await _sites(route, catalog)
    names = {
        stored.body["id"]: stored.body["name"]
        for site in sorted(sites)
        async for stored in catalog.documents.select("machine", ("site", "=", site))
    }
    if visit.most is not None and len(names) > visit.most:
        what = f"route {route!r} has {len(names)} machines; a pick list takes at most {visit.most}"
        raise Rejected("long-route", what)
    gate = asyncio.Semaphore(MACHINES_AT_ONCE)

    async def stop(machine: str) -> Stop:
        async with gate:
            return await _stop(await catalog.assignment(machine), visit, machines, catalog)

    stops = await asyncio.gather(*(stop(machine) for machine in names))
    found = PickList(route, sorted(stops, key=lambda stop: (stop.site, stop.machine)))
    found.names |= {"site": sites, "machine": names, "product": await _products(found.load, catalog)}
    return found


async def _sites(route: str, catalog: CatalogCache) -> dict[str, str]:
    """The sites of the route, and what they are called."""
    on_route = catalog.documents.select("site", ("route", "=", route), fields=("id", "name"))
    sites = {stored.body["id"]: stored.body["name"] async for stored in on_route}
    if not sites:
        every = catalog.documents.select("site", ("type", "=", "site"), fields=("route",))
        there = ", ".join(sorted({x.body.get("route") or "" async for x in every} - {""})) or "none"
        raise Rejected("unknown-route", f"no site of the catalog is on route {route!r}; routes are: {there}")
    return sites


async def _stop(assignment: Assignment, visit: Visit, machines: Documents, catalog: CatalogCache) -> Stop:
    machine, today = assignment.machine, assignment.day_of(millis(visit.now))
    slots = assignment.slots_at(millis(visit.now))
    stored = await machines.read(machine, "stock")
    held = readable(stored.body, MachineStock) if stored else None
    rate = await units_per_day(machines, machine, full_days(today, visit.window))
    cases = {slot["sku"]: await _case(slot["sku"], catalog) for slot in slots.values()}
    on_hand = stock.on_hand(held) if held else {}
    found, unplanned = picks.picks(machine, slots, on_hand, rate or {}, visit.lead_days, cases)
    return Stop(machine, assignment.site_on(today).id, found, unplanned)


async def _products(skus: Iterable[str], catalog: CatalogCache) -> dict[str, str]:
    entries = [(sku, await catalog.product(sku)) for sku in skus]
    return {sku: entry.name for sku, entry in entries if entry}


async def _case(sku: str, catalog: CatalogCache) -> int:
    product = await catalog.product(sku)
    return (product.case_size if product else None) or 1
