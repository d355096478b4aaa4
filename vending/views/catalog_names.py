"""What the catalog calls products and sites, of all of them at once: read again when it has a new version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from vending.catalog import catalog
from vending.catalog.cache import published
from vending.views.views import ViewStores


async def names(stores: ViewStores, kind: Literal["product", "site"], now: datetime) -> Mapping[str, str]:
    """Id → name, of those that have one."""

    async def load() -> dict[str, str]:
        rows = stores.catalog.select(kind, ("type", "=", kind), fields=("id", "name"))
        return {stored.body["id"]: name async for stored in rows if (name := stored.body.get("name"))}

    version = await stores.recent.get("catalog version", now, lambda: published(stores.catalog))
    found: Mapping[str, str] = await stores.recent.at(f"{kind} names", version, load)
    return found


def product_name(sku: str, known: Mapping[str, str]) -> str:
    """An unknown product is called what its device calls it."""
    kind, _, told = sku.partition(":")
    if kind == catalog.UNKNOWN:
        return told or "unknown product"
    return known.get(sku, sku)
