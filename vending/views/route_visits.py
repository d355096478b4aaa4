"""Read model of a route's visits on a day, over all its machines.

The machines are known from the catalog, and the index on ``visited`` finds what tells of visits in the day's
window: so the query returns the day's documents of these machines and no others. It goes to every physical
partition, which is what it costs at the least.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import batched

from vending.business_day import day_of, window
from vending.documents.pages import LedgerPage
from vending.documents.visits import VisitRecord
from vending.ports import Filter, Stored
from vending.readable import readable
from vending.views.places import routes, sites, time_zones
from vending.views.stores import ViewStores
from vending.views.visit_answers import RouteVisits
from vending.views.visit_facts import VisitFacts
from vending.views.visits import note_files, note_told

MOST = 500
"""Visits of an answer."""
MACHINES_AT_ONCE = 200
"""Machines that one query names."""
Visited = tuple[str, str]
"""(machine, visit)."""


async def route_visits(
    stores: ViewStores, route: str, day: str, default_zone: str, now: datetime
) -> RouteVisits | None:
    """The visits of a route's machines on a business day of their sites, the newest first; None for a route
    that no site has."""
    driven = await routes(stores, now)
    if route not in driven.values():
        return None
    zones, homes = await time_zones(stores, now), await sites(stores, now)
    zone = {
        machine: (site and zones.get(site)) or default_zone
        for machine, site in homes.items()
        if site is not None and driven.get(site) == route
    }
    found: list[VisitFacts] = []
    for some in batched(sorted(zone), MACHINES_AT_ONCE, strict=False):
        found += await _of_machines(stores, {machine: zone[machine] for machine in some}, day)
    rows = sorted((one.row for one in found), key=lambda row: (row.first, row.machine_id), reverse=True)
    return RouteVisits(route, day, rows[:MOST], len(rows) > MOST)


async def _of_machines(stores: ViewStores, zone: Mapping[str, str], day: str) -> list[VisitFacts]:
    windows = [window(day, name) for name in sorted(set(zone.values()))]
    begins, ends = min(start for start, _ in windows), max(end for _, end in windows)
    named: Filter = ("machineId", "in", sorted(zone))
    where: list[Filter] = [named, ("visited", ">=", begins), ("from", "<", ends)]
    told = [stored async for stored in stores.machines.select(None, *where)]
    facts = {whose: VisitFacts(*whose) for stored in told for whose in _on(stored, zone, day)}
    if not facts:
        return []
    note_told(facts, told)
    await note_files(facts, stores, None, named)
    return list(facts.values())


def _on(stored: Stored, zone: Mapping[str, str], day: str) -> list[Visited]:
    """The visits of which the document tells something that was on the day."""
    machine = stored.body["machineId"]
    if stored.body["type"] == LedgerPage.type:
        page = readable(stored.body, LedgerPage)
        told = [(line.get("visit"), line["at"]) for line in page.lines] if page else []
    else:
        record = readable(stored.body, VisitRecord)
        told = [(record.visit, at) for at in (record.first, record.visited)] if record else []
    return [(machine, visit) for visit, at in told if visit and day_of(at, zone[machine]) == day]
