"""The pick list of a route: every machine's slots at the time of the visit, in units and cases."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vendctl.operations import kpis, picklist
from vendctl.operations.picklist import Pick
from vending.business_day import shift
from vending.catalog.cache import CatalogCache
from vending.catalog.catalog import Assignment
from vending.documents.base import load
from vending.documents.days import MachineDay
from vending.documents.stock import MachineStock
from vending.errors import Rejected
from vending.ports import Documents
from vending.rollups.rollups import day_id, total
from vending.state import stock
from vending.time import millis

MACHINES_AT_ONCE = 16


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
        return picklist.by_sku(pick for stop in self.stops for pick in stop.picks)


async def pick_list(
    route: str, now: datetime, lead_days: float, window: int, machines: Documents, catalog: CatalogCache
) -> PickList:
    """Plan a visit ``lead_days`` from now; sales are expected as in the last ``window`` full days.

    Raises Rejected for a route that no site is on.
    """
    await catalog.refresh()
    sites = {
        stored.body["id"]: stored.body["name"]
        async for stored in catalog.documents.select("site", ("route", "=", route))
    }
    if not sites:
        known = {x.body.get("route") async for x in catalog.documents.select("site", ("type", "=", "site"))}
        there = ", ".join(sorted(filter(None, known))) or "none"
        raise Rejected("unknown-route", f"no site of the catalog is on route {route!r}; routes are: {there}")
    names = {
        stored.body["id"]: stored.body["name"]
        for site in sorted(sites)
        async for stored in catalog.documents.select("machine", ("site", "=", site))
    }
    gate = asyncio.Semaphore(MACHINES_AT_ONCE)

    async def stop(machine: str) -> Stop:
        async with gate:
            return await _stop(await catalog.assignment(machine), now, lead_days, window, machines, catalog)

    stops = await asyncio.gather(*(stop(machine) for machine in names))
    found = PickList(route, sorted(stops, key=lambda stop: (stop.site, stop.machine)))
    found.names |= {"site": sites, "machine": names, "product": await _products(found.load, catalog)}
    return found


async def _stop(
    assignment: Assignment,
    now: datetime,
    lead_days: float,
    window: int,
    machines: Documents,
    catalog: CatalogCache,
) -> Stop:
    today = assignment.day_of(millis(now))
    slots = assignment.slots_at(millis(now))
    dates = [shift(today, -back) for back in range(1, window + 1)]
    stored = await machines.read(assignment.machine, "stock")
    on_hand = stock.on_hand(load(stored.body, MachineStock)) if stored else {}
    rate = kpis.units_per_day(await _days(assignment.machine, dates, machines), dates)
    cases = {slot["sku"]: await _case(slot["sku"], catalog) for slot in slots.values()}
    picks, unplanned = picklist.picks(assignment.machine, slots, on_hand, rate, lead_days, cases)
    return Stop(assignment.machine, assignment.site_on(today).id, picks, unplanned)


async def _days(machine: str, dates: Sequence[str], machines: Documents) -> dict[str, dict[str, Any]]:
    held = machines.select(machine, ("id", ">=", day_id(min(dates))), ("id", "<=", day_id(max(dates))))
    return {stored.body["date"]: total(load(stored.body, MachineDay)) async for stored in held}


async def _products(skus: Iterable[str], catalog: CatalogCache) -> dict[str, str]:
    entries = [(sku, await catalog.product(sku)) for sku in skus]
    return {sku: entry.name for sku, entry in entries if entry}


async def _case(sku: str, catalog: CatalogCache) -> int:
    product = await catalog.product(sku)
    return (product.case_size if product else None) or 1
