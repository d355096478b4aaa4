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
from typing import Any, get_args

from vending import business_day
from vending.alerts.rules import rollups_behind
from vending.alerts.watch_rollups import uncounted
from vending.documents.conditions import Entry
from vending.documents.days import Figures, Summary
from vending.readable import readable
from vending.rollups import rollups
from vending.rollups.rollups import OTHER
from vending.time import millis
from vending.views import condition_view
from vending.views.alerts import counted, open_alerts
from vending.views.condition_view import State
from vending.views.places import categories, fleet, product_names
from vending.views.views import ViewStores, heard

DAYS = 8
"""The day asked for and the week before it."""
TOP = 10
COUNTS = ("vends", "units", "free", "test", "failures")


async def summary(stores: ViewStores, zone: str, day: str | None, now: datetime) -> dict[str, Any]:
    """The fleet now, its sales on a business day, and the days before. Without a day: today in ``zone``.

    Money is in minor units by currency, which are never summed.
    """
    shown = day or business_day.day_of(millis(now), zone)
    known = await fleet(stores, now)
    alerts, unread = await open_alerts(stores, now)
    figures = await _figures(stores, shown, zone, now)
    shards = _shards(alerts)
    return {
        "date": shown,
        "timeZone": zone,
        "machines": _machines(known, stores.silent_before(now)),
        "alerts": counted(alerts),
        **figures,
        "defective": figures["defective"] + len(shards) + unread + (await heard(stores, now)).defective,
        "shardsBehind": shards,
    }


def _shards(alerts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The shards of the rollups that stand, and since when the oldest sale or reading waits for them."""
    return [
        {"shard": alert["detail"]["shard"], "since": alert["since"]}
        for alert in alerts
        if alert["rule"] == rollups_behind.RollupsBehind.name and alert["component"] != rollups_behind.DAYS
    ]


async def _figures(stores: ViewStores, day: str, zone: str, now: datetime) -> dict[str, Any]:
    """What the rollups say. Only today's are kept in memory: that is the day everybody looks at."""
    if day == business_day.day_of(millis(now), zone):
        held: dict[str, Any] = await stores.recent.get("figures", now, lambda: _read(stores, day, zone, now))
        if held["day"]["date"] == day:
            return held
    return await _read(stores, day, zone, now)


async def _read(stores: ViewStores, day: str, zone: str, now: datetime) -> dict[str, Any]:
    dates = [business_day.shift(day, -back) for back in range(DAYS)]
    keys = [rollups.fleet_day_key(date) for date in dates] + [rollups.products_day_key(day)]
    found = await asyncio.gather(*(stores.fleet.read(*key) for key in keys))
    *days, products = read = [readable(stored.body, Summary) if stored else None for stored in found]
    hours, sold = rollups.total(days[0]).get("hours", {}), rollups.total(products)
    skus = dict(sold.get("skus", {}))
    rest = skus.pop(OTHER, None)
    clock = [*business_day.hours_of(day, zone), *([OTHER] if OTHER in hours else [])]
    shown = [_day(date, document) for date, document in zip(dates, days, strict=True)]
    return {
        "day": shown[0],
        "hours": [{"hour": hour} | _sales(hours.get(hour, {})) for hour in clock],
        "days": shown[::-1],
        "topProducts": await _top(stores, skus, now),
        "otherProducts": _sales(rest) if rest else None,
        "categories": _ranked("category", rollups.by_category(sold, await categories(stores, now))),
        "defective": len(await uncounted(stores.fleet)) + read.count(None) - found.count(None),
    }


def _day(date: str, day: Summary | None) -> dict[str, Any]:
    return {"date": date} | _sales(rollups.total(day)) | {"computedAt": day.computed_at if day else None}


def _sales(figures: Figures) -> dict[str, Any]:
    return {name: figures.get(name, 0) for name in COUNTS} | {"revenue": figures.get("revenue", {})}


def _ranked(part: str, figures: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """What sold, most units first."""
    ranked = sorted(figures, key=lambda name: (-figures[name].get("units", 0), name))
    return [
        {part: name, "units": figures[name]["units"], "revenue": figures[name].get("revenue", {})}
        for name in ranked
        if figures[name].get("units", 0) > 0
    ]


async def _top(stores: ViewStores, skus: Mapping[str, Figures], now: datetime) -> list[dict[str, Any]]:
    """The products with the most units sold."""
    best = _ranked("sku", skus)[:TOP]
    names = await product_names(stores, [sold["sku"] for sold in best], now)
    return [sold | {"name": names[sold["sku"]]} for sold in best]


def _machines(known: Mapping[str, Entry], silent_before: int) -> dict[str, Any]:
    """How many machines there are and how they are; ``newestEvent`` says how fresh all this is."""
    said = [entry["seen"] for entry in known.values() if "seen" in entry]
    heard = [register[2] for register in said if register[3] != "import"]
    states = Counter(condition_view.state(entry, silent_before) for entry in known.values())
    return {
        "total": len(known),
        **{state: states[state] for state in get_args(State)},
        "faulty": sum(bool(condition_view.faults(entry)) for entry in known.values()),
        "newestEvent": business_day.instant(max(heard)) if heard else None,
    }
