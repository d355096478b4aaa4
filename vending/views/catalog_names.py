"""What the catalog calls products and sites, of all of them at once: read again when it has a new version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from vending.catalog import catalog
from vending.catalog.cache import published
from vending.views.places import routes, sites
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


class Whereabouts(NamedTuple):
    """Where a machine stands by today's catalog; nothing of a machine without a site."""

    site: str | None = None
    name: str | None = None
    route: str | None = None


class Places(NamedTuple):
    """Machine → site, site → route and site → name, of the whole catalog."""

    sites: Mapping[str, str | None]
    routes: Mapping[str, str | None]
    names: Mapping[str, str]

    def of(self, machine: str) -> Whereabouts:
        """Of one machine."""
        site = self.sites.get(machine)
        if site is None:
            return Whereabouts()
        return Whereabouts(site, self.names.get(site), self.routes.get(site))


async def places(stores: ViewStores, now: datetime) -> Places:
    """Read again only when the catalog has a new version."""
    return Places(await sites(stores, now), await routes(stores, now), await names(stores, "site", now))
