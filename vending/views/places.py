"""Where machines stand and what products are called, as the operator's catalog says today."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from vending.catalog import catalog
from vending.catalog.cache import CatalogCache, published
from vending.documents.conditions import Entry
from vending.time import millis
from vending.views.views import ViewStores, fleet_conditions

SMOKE_MACHINE = "smoke-test"
"""The machine of the deployment's own test (``vendctl smoke``): one can ask for it, no list holds it."""


async def fleet(stores: ViewStores, now: datetime) -> dict[str, Entry]:
    """Every machine that the catalog names or that ever sent an event, with its registers, by machine id."""
    heard, named = await fleet_conditions(stores, now), await sites(stores, now)
    return {
        machine: heard.get(machine, {})
        for machine in sorted(heard.keys() | named.keys())
        if machine != SMOKE_MACHINE
    }


async def sites(stores: ViewStores, now: datetime) -> Mapping[str, str | None]:
    """Every machine of the catalog → its site. Read again only when the catalog has a new version."""
    return await _of_all(stores, now, "machine", "site")


async def routes(stores: ViewStores, now: datetime) -> Mapping[str, str | None]:
    """Every site of the catalog → its route; kept as sites are."""
    return await _of_all(stores, now, "site", "route")


async def time_zones(stores: ViewStores, now: datetime) -> Mapping[str, str | None]:
    """Every site of the catalog → its time zone; kept as sites are."""
    return await _of_all(stores, now, "site", "timeZone")


async def categories(stores: ViewStores, now: datetime) -> Mapping[str, str]:
    """SKU → category, of the products that have one; kept as sites are."""
    found = await _of_all(stores, now, "product", "category")
    return {sku: category for sku, category in found.items() if category}


async def _of_all(stores: ViewStores, now: datetime, kind: str, field: str) -> Mapping[str, str | None]:
    async def load() -> dict[str, str | None]:
        rows = stores.catalog.select(kind, ("type", "=", kind), fields=("id", field))
        return {stored.body["id"]: stored.body.get(field) or None async for stored in rows}

    number = await stores.recent.get("catalog version", now, lambda: published(stores.catalog))
    found: Mapping[str, str | None] = await stores.recent.at(field, number, load)
    return found


async def today(stores: ViewStores, machine: str, default_zone: str, now: datetime) -> tuple[str | None, str]:
    """The machine's site (None where it has none) and its business day now."""
    assignment = await CatalogCache(stores.catalog, default_zone).assignment(machine)
    day = assignment.day_of(millis(now))
    site = assignment.site_on(day)
    return (None if site.name == catalog.UNASSIGNED else site.id), day


async def product_names(stores: ViewStores, skus: Iterable[str]) -> dict[str, str]:
    """SKU → name; an unknown product is called what its device calls it."""

    async def name(sku: str) -> str:
        kind, _, told = sku.partition(":")
        if kind == catalog.UNKNOWN:
            return told or "unknown product"
        stored = await stores.catalog.read("product", sku)
        return str(stored.body.get("name") or sku) if stored else sku

    asked = list(skus)
    return dict(zip(asked, await asyncio.gather(*map(name, asked)), strict=True))
