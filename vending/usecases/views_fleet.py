"""The read model of the whole fleet: a dozen documents, whatever the number of machines.

The conditions documents, the open alerts, the fleet days of a week and one products day; no machine's own.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from vending.domain import business_day, condition_view, rollups
from vending.domain.clock import millis
from vending.domain.condition_view import State
from vending.domain.conditions import Entry
from vending.domain.rollups import Document, Figures, Key
from vending.usecases.commit_stock import readable
from vending.usecases.views import ViewStores, fleet_conditions
from vending.usecases.views_alerts import counted, open_alerts
from vending.usecases.views_places import product_names

DAYS = 8
"""The day asked for and the week before it."""
TOP = 10
COUNTS = ("vends", "units", "free", "test", "failures")


async def summary(stores: ViewStores, zone: str, day: str | None, now: datetime) -> dict[str, Any]:
    """The fleet now, its sales on a business day, and the days before. Without a day: today in ``zone``.

    Money is in minor units by currency, which are never summed.
    """
    shown = day or business_day.day_of(millis(now), zone)
    fleet = await fleet_conditions(stores, now)
    alerts = await open_alerts(stores, now)
    figures = await _figures(stores, shown, zone, now)
    return {
        "date": shown,
        "timeZone": zone,
        "machines": _machines(fleet, stores.silent_before(now)),
        "alerts": counted(alerts),
        **figures,
    }


async def _figures(stores: ViewStores, day: str, zone: str, now: datetime) -> dict[str, Any]:
    """What the rollups say. Only today's are kept in memory: that is the day everybody looks at."""
    if day == business_day.day_of(millis(now), zone):
        held: dict[str, Any] = await stores.recent.get("figures", now, lambda: _read(stores, day, zone))
        if held["day"]["date"] == day:
            return held
    return await _read(stores, day, zone)


async def _read(stores: ViewStores, day: str, zone: str) -> dict[str, Any]:
    dates = [business_day.shift(day, -back) for back in range(DAYS)]
    keys = [rollups.fleet_day_key(date) for date in dates] + [rollups.products_day_key(day)]
    *days, products = await asyncio.gather(*(_total(stores, key) for key in keys))
    return {
        "day": {"date": day} | _sales(days[0]),
        "hours": [
            {"hour": hour} | _sales(days[0].get("hours", {}).get(hour, {}))
            for hour in business_day.hours_of(day, zone)
        ],
        "days": [{"date": date} | _sales(total) for date, total in zip(dates, days, strict=True)][::-1],
        "topProducts": await _top(stores, products.get("skus", {})),
    }


async def _total(stores: ViewStores, key: Key) -> Figures:
    stored = await stores.fleet.read(*key)
    document: Document | None = readable(stored, rollups.SCHEMA).body if stored else None
    return rollups.total(document)


def _sales(figures: Figures) -> dict[str, Any]:
    return {name: figures.get(name, 0) for name in COUNTS} | {"revenue": figures.get("revenue", {})}


async def _top(stores: ViewStores, skus: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """The products with the most units sold."""
    ranked = sorted(skus, key=lambda sku: (-skus[sku].get("units", 0), sku))
    best = [sku for sku in ranked if skus[sku].get("units", 0) > 0][:TOP]
    names = await product_names(stores, best)
    return [
        {
            "sku": sku,
            "name": names[sku],
            "units": skus[sku]["units"],
            "revenue": skus[sku].get("revenue", {}),
        }
        for sku in best
    ]


def _machines(fleet: Mapping[str, Entry], silent_before: int) -> dict[str, Any]:
    """How many machines there are and how they are; ``newestEvent`` says how fresh all this is."""
    said = [entry["seen"] for entry in fleet.values() if "seen" in entry]
    heard = [register[2] for register in said if register[3] != "import"]
    states = Counter(condition_view.state(entry, silent_before) for entry in fleet.values())
    return {
        "total": len(fleet),
        **{state: states[state] for state in get_args(State)},
        "faulty": sum(bool(condition_view.faults(entry)) for entry in fleet.values()),
        "newestEvent": business_day.instant(max(heard)) if heard else None,
    }
