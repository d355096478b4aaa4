"""The stock-out board: every selection of the fleet that is sold out, the longest first, and what it costs.

A selection is sold out while its alert of the rule ``sold-out`` is open. What it sold in the week before that
says what is lost: those days do not change any more, so each is read once by an instance that remembers it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from vending.alerts.rules.sold_out import SoldOut
from vending.answer import Answer, Instant
from vending.business_day import day_of, instant
from vending.catalog.assignments import Assignment
from vending.catalog.cache import CatalogCache
from vending.documents.base import Malformed
from vending.readable import pass_over
from vending.time import millis
from vending.views import paging
from vending.views.open_alerts import OpenAlert
from vending.views.paging import Order, Place
from vending.views.places import product_names
from vending.views.roster import Member, roster
from vending.views.stores import ViewStores

MACHINES_AT_ONCE = 8


class StockOut(Answer, frozen=True, kw_only=True):
    """A selection that is sold out."""

    machine_id: str
    name: str
    site: str | None
    site_name: str | None
    route: str | None
    selection: str
    since: Instant
    sku: Annotated[str | None, Meta(description="By the planogram of today.")]
    product: str | None
    price_minor: int | None
    currency: str | None
    units_per_day: Annotated[
        float | None, Meta(description="In the seven days before; null where nothing is known of them.")
    ]
    lost_minor_per_day: Annotated[int | None, Meta(description="Units per day × price.")]


class StockOuts(Answer, frozen=True):
    """A page of the board."""

    stockouts: list[StockOut]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    total: Annotated[int, Meta(description="How many selections match.")]


@dataclass(frozen=True)
class StockOutQuery:
    """Which selections: of one site or route, if given."""

    limit: int = 50
    after: Place | None = None
    site: str | None = None
    route: str | None = None


@dataclass(frozen=True)
class _Empty:
    """A selection that is sold out, and its machine."""

    machine: Member
    alert: OpenAlert


ORDER = Order[_Empty](
    "since",
    int,
    lambda one: one.alert.since,
    lambda one: f"{one.machine.id} {one.alert.component}",
)


async def stockouts(stores: ViewStores, query: StockOutQuery, zone: str, now: datetime) -> StockOuts:
    """A page of the board. ``zone`` is that of machines without a site."""
    matching = [
        _Empty(machine, alert)
        for machine in await roster(stores, now)
        if query.site in (None, machine.site) and query.route in (None, machine.route)
        for alert in machine.alerts
        if alert.rule == SoldOut.name
    ]
    matching.sort(key=ORDER.id)
    page = paging.page(matching, ORDER, query.after, query.limit)
    sold = await _sold(stores, page.rows, zone, now)
    names = await product_names(stores, [slot["sku"] for slot, _ in sold if slot], now)
    rows = [_row(one, slot, rate, names) for one, (slot, rate) in zip(page.rows, sold, strict=True)]
    return StockOuts(rows, ORDER.cursor(page.rows[-1]) if page.more else None, len(matching))


async def _sold(
    stores: ViewStores, rows: Iterable[_Empty], zone: str, now: datetime
) -> list[tuple[Mapping[str, Any], float | None]]:
    """Of each row what the planogram says of its slot, and how many units a day it sold before."""
    catalog, gate = CatalogCache(stores.catalog, zone), asyncio.Semaphore(MACHINES_AT_ONCE)

    async def one(row: _Empty) -> tuple[Mapping[str, Any], float | None]:
        machine, selection = row.alert.machine_id, row.alert.component
        async with gate:
            assigned = await _assignment(catalog, machine)
            day = assigned.day_of(row.alert.since) if assigned else day_of(row.alert.since, zone)
            rates = await stores.sold.before(stores.machines, machine, day)
        slot = assigned.slots_at(millis(now)).get(selection, {}) if assigned else {}
        return slot, None if rates is None else rates.get(selection, 0.0)

    return await asyncio.gather(*map(one, rows))


async def _assignment(catalog: CatalogCache, machine: str) -> Assignment | None:
    """None where an entry of the catalog is malformed: it costs its own row what it says."""
    try:
        return await catalog.assignment(machine)
    except Malformed as fault:
        pass_over(fault)
        return None


def _row(one: _Empty, slot: Mapping[str, Any], rate: float | None, names: Mapping[str, str]) -> StockOut:
    machine, sku, price = one.machine, slot.get("sku"), slot.get("priceMinor")
    return StockOut(
        machine_id=machine.id,
        name=machine.name,
        site=machine.site or None,
        site_name=machine.site_name or None,
        route=machine.route or None,
        selection=one.alert.component,
        since=instant(one.alert.since),
        sku=sku,
        product=names.get(sku) if sku else None,
        price_minor=price,
        currency=slot.get("currency"),
        units_per_day=None if rate is None else round(rate, 2),
        lost_minor_per_day=None if rate is None or price is None else round(rate * price),
    )
