"""Where machines stand and what products are called, as the operator's catalog says today."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from vending.domain import catalog
from vending.domain.clock import millis
from vending.usecases.catalog_cache import CatalogCache
from vending.usecases.views import ViewStores


async def sites(stores: ViewStores, now: datetime) -> Mapping[str, str]:
    """Machine → site, of the machines that have one. Read again only when the catalog has a new version."""
    return await _of_all(stores, now, "machine", "site")


async def categories(stores: ViewStores, now: datetime) -> Mapping[str, str]:
    """SKU → category, of the products that have one; kept as sites are."""
    return await _of_all(stores, now, "product", "category")


async def _of_all(stores: ViewStores, now: datetime, kind: str, field: str) -> Mapping[str, str]:
    async def version() -> int:
        stored = await stores.catalog.read("version", catalog.VERSION_ID)
        return int(stored.body["number"]) if stored else 0

    async def load() -> dict[str, str]:
        rows = stores.catalog.select(kind, ("type", "=", kind), fields=("id", field))
        return {stored.body["id"]: stored.body[field] async for stored in rows if stored.body.get(field)}

    number = await stores.recent.get("catalog version", now, version)
    found: Mapping[str, str] = await stores.recent.at(field, number, load)
    return found


async def today(stores: ViewStores, machine: str, default_zone: str, now: datetime) -> tuple[str | None, str]:
    """The machine's site (None where it has none) and its business day now."""
    home = await CatalogCache(stores.catalog, default_zone).home(machine)
    day = home.day_of(millis(now))
    site = home.site_on(day)
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
