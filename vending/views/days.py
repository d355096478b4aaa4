"""The read model of days: what the fleet, a site, a route or a machine sold in a range of business days,
broken down, beside the range before it. With the sums stands how far they can be believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct
from msgspec.structs import replace

from vending import business_day
from vending.alerts.rules import rollups_behind
from vending.alerts.watch_rollups import uncounted
from vending.answer import Answer
from vending.rollups.tree import OTHER
from vending.time import millis
from vending.views import day_ranges, sums
from vending.views.alerts import open_alerts
from vending.views.answers.fleet import ShardBehind
from vending.views.day_figures import FLEET, DayFigures, Kind, Scope
from vending.views.day_ranges import TwoRanges
from vending.views.names import SiteName
from vending.views.places import categories, machine_names, product_names, routes, site_names
from vending.views.stores import ViewStores, fleet_conditions
from vending.views.sums import Both, By, Span, SumRow, Total

DAYS = 7
"""Where the length of the range is not said."""
BELOW: Mapping[str, tuple[Kind, ...]] = {"site": ("fleet", "route"), "route": ("fleet",)}
"""Breakdown by scopes → the scopes that have one."""


@dataclass(frozen=True)
class SumQuery:
    """Which sums. Without an end: up to today, or seven days; without a beginning: seven days."""

    by: By = "day"
    scope: Scope = FLEET
    first: str | None = None
    last: str | None = None
    limit: int = 100
    """Rows of a breakdown by names, at most; all others are one row."""

    def span(self, today: str) -> Span:
        """The range."""
        if self.first is None:
            last = self.last or today
            return Span(business_day.shift(last, 1 - DAYS), last)
        return Span(self.first, self.last or business_day.shift(self.first, DAYS - 1))


class SumScope(Answer, frozen=True):
    """Whose sales."""

    kind: Kind
    id: Annotated[str | None, Meta(description="Null of the fleet.")]
    name: Annotated[str | None, Meta(description="Of a site or a machine.")]


class DaySums(
    Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to", "time_zone": "timeZone",
    "before_first": "beforeFrom", "before_last": "beforeTo", "shards_behind": "shardsBehind"},
):  # fmt: skip
    """Sales of a range of business days, and of as many days before it."""

    scope: SumScope
    first: str
    last: Annotated[str, Meta(description="Included.")]
    before_first: str
    before_last: str
    time_zone: Annotated[str, Meta(description="In which today and the hours of the clock are meant.")]
    by: By
    total: Total
    rows: list[SumRow]
    defective: Annotated[
        int, Meta(description="Machines with an uncounted day, shards that stand, malformed documents.")
    ]
    shards_behind: list[ShardBehind]


class Place(NamedTuple):
    """What the catalog says of a scope."""

    known: bool
    name: str | None
    zone: str


async def days(
    stores: ViewStores, figures: DayFigures, query: SumQuery, default_zone: str, now: datetime
) -> DaySums | None:
    """The sums; None for a scope that nobody knows. Raises TooMuch, and Transient."""
    place = await _place(stores, query.scope, default_zone, now)
    span = query.span(business_day.day_of(millis(now), place.zone))
    below = await _below(stores, query, now)
    products = sums.PARTS.get(query.by) == "skus"
    read = await day_ranges.read(figures, [query.scope, *below], span, products=products)
    if read.empty and not place.known:
        return None
    rows = await _rows(stores, query, read, place.zone, now)
    shards = await _shards(stores, now)
    return DaySums(
        scope=SumScope(query.scope.kind, query.scope.name or None, place.name),
        first=span.first,
        last=span.last,
        before_first=span.before.first,
        before_last=span.before.last,
        time_zone=place.zone,
        by=query.by,
        total=sums.total(read.both(query.scope)),
        rows=await _named(stores, query.by, rows, now),
        defective=await _uncounted(stores, now) + len(shards) + read.defective,
        shards_behind=shards,
    )


async def _place(stores: ViewStores, scope: Scope, default_zone: str, now: datetime) -> Place:
    if scope.kind == "fleet":
        return Place(True, None, default_zone)
    known = await site_names(stores, now)
    if scope.kind == "route":
        return Place(any(site.route == scope.name for site in known.values()), None, default_zone)
    if scope.kind == "site":
        site = known.get(scope.name)
        return Place(site is not None, site.name if site else None, _zone(site, default_zone))
    named = (await machine_names(stores, now)).get(scope.name)
    heard = named is not None or scope.name in await fleet_conditions(stores, now)
    site = known.get(named.site) if named else None
    return Place(heard, named.name if named else None, _zone(site, default_zone))


def _zone(site: SiteName | None, default_zone: str) -> str:
    return (site.time_zone if site else "") or default_zone


async def _below(stores: ViewStores, query: SumQuery, now: datetime) -> list[Scope]:
    """The scopes that the rows are of, where they are scopes: those of today's catalog."""
    if query.by not in BELOW:
        return []
    known = await routes(stores, now)
    if query.by == "route":
        return [Scope("route", name) for name in sorted({route for route in known.values() if route})]
    return [Scope("site", site) for site, route in sorted(known.items()) if query.scope.name in ("", route)]


async def _rows(
    stores: ViewStores, query: SumQuery, read: TwoRanges, zone: str, now: datetime
) -> list[SumRow]:
    both, span = read.both(query.scope), read.span
    if query.by == "day":
        return [_day(query.scope, *days, read) for days in zip(span.days, span.before.days, strict=True)]
    if query.by in BELOW:
        found = {scope.name: read.both(scope) for scope, _ in read.found if scope != query.scope}
        return sums.scope_rows(found, both, query.limit)
    parts = sums.broken_down(both, query.by, await categories(stores, now))
    if query.by == "hour":
        return sums.hour_rows(*parts, sums.clock_of([*span.before.days, *span.days], zone))
    return sums.ranked_rows(*parts, query.limit)


def _day(scope: Scope, day: str, before: str, read: TwoRanges) -> SumRow:
    sold = read.found[scope, day]
    row = sums.row(day, Both(sold.figures, read.found[scope, before].figures))
    return replace(row, computed_at=sold.computed_at, late_units=sold.late_units)


async def _named(stores: ViewStores, by: By, rows: list[SumRow], now: datetime) -> list[SumRow]:
    """With what the catalog of today calls them."""
    keys = [row.key for row in rows if row.key != OTHER]
    if by == "product":
        called: Mapping[str, str] = await product_names(stores, keys, now)
    elif by == "site":
        known = await site_names(stores, now)
        called = {key: known[key].name for key in keys if key in known}
    else:
        return rows
    return [replace(row, name=called.get(row.key)) for row in rows]


async def _uncounted(stores: ViewStores, now: datetime) -> int:
    """How many machines of the whole fleet have a day that fails for good."""
    return len(await stores.recent.get("uncounted", now, lambda: uncounted(stores.fleet)))


async def _shards(stores: ViewStores, now: datetime) -> list[ShardBehind]:
    """The shards of the rollups that stand, and since when the oldest sale or reading waits for them."""
    rule = rollups_behind.RollupsBehind.name
    return [
        ShardBehind(alert.detail["shard"], alert.since)
        for alert in (await open_alerts(stores, now)).views
        if alert.rule == rule and "shard" in alert.detail
    ]
