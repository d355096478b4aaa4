"""The read model of the whole fleet: a dozen documents, whatever the number of machines.

The conditions documents, the open alerts, the fleet days of a week and one products day; no machine's own.
Beside the figures stands how far they can be believed: when each day was computed, and ``defective``: how
many machines have a day that is not counted because something fails for good, how many shards of the rollups
are stuck (``shardsBehind``, as the sweep found them), and how many documents behind the answer are malformed.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from msgspec import structs

from vending import business_day
from vending.alerts.rules import rollups_behind
from vending.alerts.watch_rollups import uncounted
from vending.documents.conditions import Entry
from vending.documents.days import Figures, Summary
from vending.readable import readable
from vending.rollups import tree
from vending.rollups.tree import OTHER
from vending.time import millis
from vending.views import condition_view
from vending.views.alerts import counted, open_alerts
from vending.views.answers.alerts import Alert
from vending.views.answers.conditions import State
from vending.views.answers.fleet import (
    CategorySold,
    FleetDay,
    FleetSales,
    FleetStates,
    FleetSummary,
    Hour,
    ProductSold,
    ShardBehind,
    Sold,
)
from vending.views.places import categories, fleet, product_names
from vending.views.stores import ViewStores, heard

DAYS = 8
"""The day asked for and the week before it."""
TOP = 10
Sales = tuple[int, int, int, int, int, dict[str, int]]
"""The counts, and the revenue."""
Ranked = tuple[str, int, dict[str, int]]
"""What sold, how many units, for what."""
COUNTS = ("vends", "units", "free", "test", "failures")


async def summary(stores: ViewStores, zone: str, day: str | None, now: datetime) -> FleetSummary:
    """The fleet now, its sales on a business day, and the days before. Without a day: today in ``zone``.

    Money is in minor units by currency, which are never summed.
    """
    shown = day or business_day.day_of(millis(now), zone)
    known = await fleet(stores, now)
    alerts, unread = await open_alerts(stores, now)
    figures = await _figures(stores, shown, zone, now)
    shards = _shards(alerts)
    uncounted = figures.defective + len(shards) + unread + (await heard(stores, now)).defective
    return FleetSummary(
        date=shown,
        time_zone=zone,
        machines=_machines(known, stores.silent_before(now)),
        alerts=counted(alerts),
        shards_behind=shards,
        **structs.asdict(figures) | {"defective": uncounted},
    )


def _shards(alerts: Sequence[Alert]) -> list[ShardBehind]:
    """The shards of the rollups that stand, and since when the oldest sale or reading waits for them."""
    return [
        ShardBehind(alert.detail["shard"], alert.since)
        for alert in alerts
        if alert.rule == rollups_behind.RollupsBehind.name and "shard" in alert.detail
    ]


async def _figures(stores: ViewStores, day: str, zone: str, now: datetime) -> FleetSales:
    """What the rollups say. Only today's are kept in memory: that is the day everybody looks at."""
    if day == business_day.day_of(millis(now), zone):
        held: FleetSales = await stores.recent.get("figures", now, lambda: _read(stores, day, zone, now))
        if held.day.date == day:
            return held
    return await _read(stores, day, zone, now)


async def _read(stores: ViewStores, day: str, zone: str, now: datetime) -> FleetSales:
    dates = [business_day.shift(day, -back) for back in range(DAYS)]
    keys = [tree.fleet_day_key(date) for date in dates] + [tree.products_day_key(day)]
    found = await asyncio.gather(*(stores.fleet.read(*key) for key in keys))
    *days, products = read = [readable(stored.body, Summary) if stored else None for stored in found]
    hours, sold = tree.total(days[0]).get("hours", {}), tree.total(products)
    skus = dict(sold.get("skus", {}))
    rest = skus.pop(OTHER, None)
    clock = [*business_day.hours_of(day, zone), *([OTHER] if OTHER in hours else [])]
    shown = [_day(date, document) for date, document in zip(dates, days, strict=True)]
    by_category = tree.by_category(sold, await categories(stores, now))
    return FleetSales(
        day=shown[0],
        hours=[Hour(hour, *_sales(hours.get(hour, {}))) for hour in clock],
        days=shown[::-1],
        top_products=await _top(stores, skus, now),
        other_products=Sold(*_sales(rest)) if rest else None,
        categories=[CategorySold(*ranked) for ranked in _ranked(by_category)],
        defective=len(await uncounted(stores.fleet)) + read.count(None) - found.count(None),
    )


def _day(date: str, day: Summary | None) -> FleetDay:
    return FleetDay(date, *_sales(tree.total(day)), (day and day.computed_at) or None)


def _sales(figures: Figures) -> Sales:
    counts = (figures.get(name, 0) for name in COUNTS)
    return *counts, figures.get("revenue", {})


def _ranked(figures: Mapping[str, Figures]) -> list[Ranked]:
    """What sold, most units first."""
    ranked = sorted(figures, key=lambda name: (-figures[name].get("units", 0), name))
    return [
        (name, figures[name]["units"], figures[name].get("revenue", {}))
        for name in ranked
        if figures[name].get("units", 0) > 0
    ]


async def _top(stores: ViewStores, skus: Mapping[str, Figures], now: datetime) -> list[ProductSold]:
    """The products with the most units sold."""
    best = _ranked(skus)[:TOP]
    names = await product_names(stores, [sku for sku, *_ in best], now)
    return [ProductSold(*ranked, names[ranked[0]]) for ranked in best]


def _machines(known: Mapping[str, Entry], silent_before: int) -> FleetStates:
    """How many machines there are and how they are; ``newestEvent`` says how fresh all this is."""
    said = [entry["seen"] for entry in known.values() if "seen" in entry]
    heard = [register[2] for register in said if register[3] != "import"]
    states = Counter(condition_view.state(entry, silent_before) for entry in known.values())
    return FleetStates(
        total=len(known),
        **{state: states[state] for state in get_args(State)},
        faulty=sum(bool(condition_view.faults(entry)) for entry in known.values()),
        newest_event=business_day.instant(max(heard)) if heard else None,
    )
