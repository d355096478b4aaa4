"""The tree of the rollups: what was sold, per machine day, and summed over sites, routes and the fleet.

**Figures** are nested maps with integer leaves, so that any two add up; a zero is absent:
``{"vends", "units", "revenue": {currency: minor}, "tax": {...}, "discounts": {...}, "failures", "free",
"test", "hours": {hour: figures}, "payments": {method: figures}, "skus": {sku: figures}}``, in a machine day
also ``"selections"``. Vends, units and money are of paid vends; free and test vends and failures are counted
apart. Currencies are never summed. Tax and discounts are what the devices reported. Categories are no level
of their own: :func:`by_category` sums products by the catalog of today. Of a breakdown with too many names
the rest is summed under :data:`OTHER` (:mod:`vending.rollups.breakdowns`).

**Summaries** are maps ``children: {child: [rev, figures]}``; an entry is replaced only by a higher rev, so
that stale writes and redeliveries change nothing. There are no deltas anywhere:

    machine day → site day ─┬→ area day (256) → region day (16) ─┬→ fleet day (without products)
                            └→ route day                         └→ products day

A day of the whole fleet is one read, and a document that grows too large keeps fewer products of each child:
``allowance`` is then how many bytes a child may take.

While a day is open its figures are **early** ones: those of its machines are packed in a few documents
(:mod:`vending.rollups.buckets`), and the fleet's are sums of these, ``early: {bucket: [rev, figures]}``. The
tree is written when the day closes, and the fleet's ``early`` goes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vending.documents.days import (
    AreaDay,
    Day,
    Figures,
    FleetDay,
    MachineDay,
    ProductsDay,
    RegionDay,
    RouteDay,
    SiteDay,
    Summary,
    WholeDay,
)

Key = tuple[str, str]
"""(partition key, id) of a document."""

FLEET, PRODUCTS = "fleet", "products"
OTHER = "$other"
"""In a breakdown, all that has no name of its own there. No product, hour or method is called so."""
LEVELS: Mapping[str, type[Summary]] = {
    "site": SiteDay, "route": RouteDay, "area": AreaDay, "region": RegionDay, FLEET: FleetDay,
    PRODUCTS: ProductsDay,
}  # fmt: skip
"""The first part of a scope → its documents."""


def day_id(day: str) -> str:
    """The id of every day document, also of machine days in ``machines``; ids sort as days do."""
    return f"day:{day}"


def machine_day_key(machine: str, day: str) -> Key:
    """A machine day, in the container ``machines``."""
    return machine, day_id(day)


def site_day_key(site: str, day: str) -> Key:
    """A site day, in the container ``fleet`` (as all that follow); its children are machines."""
    return f"site:{site}", day_id(day)


def route_day_key(route: str, day: str) -> Key:
    """A route day; its children are sites."""
    return f"route:{route}", day_id(day)


def fleet_day_key(day: str) -> Key:
    """The day of the whole fleet, products excepted; its children are regions."""
    return FLEET, day_id(day)


def products_day_key(day: str) -> Key:
    """The day's products over the whole fleet: ``total(doc)["skus"]``; its children are regions."""
    return PRODUCTS, day_id(day)


def add(into: Figures, more: Mapping[str, Any]) -> Figures:
    """Add figures in place. What comes in is never shared with what it came from."""
    for name, value in more.items():
        if isinstance(value, dict):
            add(into.setdefault(name, {}), value)
        else:
            into[name] = into.get(name, 0) + value
    return into


def total(day: Day | None) -> Figures:
    """The figures of any day: of a machine day its own, of a summary the sum of its children, or of the
    buckets while the day is open.

    None, where the document does not exist, is a day on which nothing happened.
    """
    if isinstance(day, MachineDay):
        return day.figures
    result: Figures = {}
    if isinstance(day, Summary):
        for _, value in counting(day).values():
            add(result, value)
    return result


def counting(summary: Summary) -> dict[str, list[Any]]:
    """What the day of a summary is the sum of: child, or bucket, → ``[rev, figures]``."""
    early = summary.early if isinstance(summary, WholeDay) else None
    return summary.children if early is None else early


def by_category(figures: Mapping[str, Any], categories: Mapping[str, str]) -> dict[str, Figures]:
    """Figures of products summed by category; ``categories`` is SKU → category, others are "unknown".

    What is summed under OTHER stays there: nobody knows its categories.
    """
    result: dict[str, Figures] = {}
    for sku, value in figures.get("skus", {}).items():
        category = OTHER if sku == OTHER else categories.get(sku) or "unknown"
        add(result.setdefault(category, {}), value)
    return result


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one child gives to one summary: its figures at a rev, all of them, never a difference.

    Machines also say where their site's route leads, by which version of the catalog. A bucket's are
    ``early``, and nothing to a day that is closed.
    """

    scope: str
    day: str
    child: str
    rev: int
    figures: Figures
    route: str | None = None
    catalog_version: int = 0
    early: bool = False

    @property
    def key(self) -> Key:
        """The summary that it belongs to."""
        return self.scope, day_id(self.day)


def empty(scope: str, day: str) -> Summary:
    """A summary that nobody contributed to yet."""
    kind = LEVELS[scope.partition(":")[0]]
    return kind(id=day_id(day), scope=scope, date=day, rev=0, children={})


def merge(summary: Summary, contributions: Iterable[Contribution]) -> bool:
    """Put contributions into a summary in place; whether anything changed (then ``rev`` grew by one)."""
    changed = False
    for given in contributions:
        entries = _entries(summary, early=given.early)
        if entries is None:
            continue
        held = entries.get(given.child)
        if held is None or held[0] < given.rev:
            entries[given.child] = [given.rev, given.figures]
            changed = True
        if given.route is not None and isinstance(summary, SiteDay):
            changed |= _reroute(summary, given.route, given.catalog_version)
    summary.rev += changed
    return changed


def _entries(summary: Summary, *, early: bool) -> dict[str, list[Any]] | None:
    if not early:
        return summary.children
    return summary.early if isinstance(summary, WholeDay) else None


def _reroute(site: SiteDay, route: str, version: int) -> bool:
    """A site's route by the newest catalog; former routes are remembered, they must be set to zero."""
    if version < site.catalog_version or (version == site.catalog_version and route in site.routes):
        return False
    site.catalog_version, site.route = version, route
    if route not in site.routes:
        site.routes.append(route)
    return True


def upwards(summary: Summary) -> list[Contribution]:
    """What a summary gives to the next level: always all of it, changed or not."""
    day, rev, figures = summary.date, summary.rev, total(summary)
    name = summary.scope.partition(":")[2]
    match summary:
        case SiteDay():
            given = [Contribution(f"area:{area(name)}", day, name, rev, figures)]
            for route in filter(None, summary.routes):
                share = figures if route == summary.route else {}
                given.append(Contribution(f"route:{route}", day, name, rev, share))
            return given
        case AreaDay():
            return [Contribution(f"region:{name[0]}", day, name, rev, figures)]
        case RegionDay():
            products = {"skus": figures.pop("skus", {})}
            return [
                Contribution(FLEET, day, name, rev, figures),
                Contribution(PRODUCTS, day, name, rev, products),
            ]
    return []


def area(site: str) -> str:
    """The area of a site, ``00`` to ``ff``: a hash, for nothing but even documents."""
    return hashlib.blake2b(site.encode(), digest_size=1).hexdigest()
