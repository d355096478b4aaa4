"""Where machines stand and what things are called, as the operator's catalog says today."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from vending.catalog import assignments
from vending.catalog.assignments import Assignment, Site
from vending.catalog.cache import published
from vending.documents.conditions import Entry
from vending.views.names import MachineName, SiteName
from vending.views.stores import ViewStores, fleet_conditions

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


async def machine_names(stores: ViewStores, now: datetime) -> Mapping[str, MachineName]:
    """Every machine of the catalog."""
    return await stores.names.machines.at(stores.catalog, await _version(stores, now))


async def site_names(stores: ViewStores, now: datetime) -> Mapping[str, SiteName]:
    """Every site of the catalog."""
    return await stores.names.sites.at(stores.catalog, await _version(stores, now))


async def sites(stores: ViewStores, now: datetime) -> Mapping[str, str | None]:
    """Every machine of the catalog → its site."""
    return {machine: row.site or None for machine, row in (await machine_names(stores, now)).items()}


async def routes(stores: ViewStores, now: datetime) -> Mapping[str, str | None]:
    """Every site of the catalog → its route."""
    return {site: row.route or None for site, row in (await site_names(stores, now)).items()}


async def time_zones(stores: ViewStores, now: datetime) -> Mapping[str, str | None]:
    """Every site of the catalog → its time zone."""
    return {site: row.time_zone or None for site, row in (await site_names(stores, now)).items()}


async def categories(stores: ViewStores, now: datetime) -> Mapping[str, str]:
    """SKU → category, of the products that have one."""
    found = await stores.names.products.at(stores.catalog, await _version(stores, now))
    return {sku: row.category for sku, row in found.items() if row.category}


async def _version(stores: ViewStores, now: datetime) -> int:
    found: int = await stores.recent.get("catalog version", now, lambda: published(stores.catalog))
    return found


def site_on(assigned: Assignment, day: str) -> Site | None:
    """The machine's site on a day; None where it has none."""
    site = assigned.site_on(day)
    return None if site.name == assignments.UNASSIGNED else site


async def product_names(stores: ViewStores, skus: Iterable[str], now: datetime) -> dict[str, str]:
    """SKU → name; an unknown product is called what its device calls it."""
    known = await stores.names.products.at(stores.catalog, await _version(stores, now))

    def name(sku: str) -> str:
        kind, _, told = sku.partition(":")
        if kind == assignments.UNKNOWN:
            return told or "unknown product"
        return known[sku].name if sku in known else sku

    return {sku: name(sku) for sku in skus}
