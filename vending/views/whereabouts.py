"""Where machines stand by today's catalog, for rows that name it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from vending.views.names import MachineName, SiteName
from vending.views.places import machine_names, site_names
from vending.views.stores import ViewStores


class Whereabouts(NamedTuple):
    """Of one machine; nothing of one without a site."""

    site: str | None = None
    name: str | None = None
    route: str | None = None


class Places(NamedTuple):
    """The machines and sites of the catalog."""

    machines: Mapping[str, MachineName]
    sites: Mapping[str, SiteName]

    def of(self, machine: str) -> Whereabouts:
        """Of one machine."""
        held = self.machines.get(machine)
        if held is None or not held.site:
            return Whereabouts()
        site = self.sites.get(held.site)
        return Whereabouts(held.site, site.name if site else None, site.route or None if site else None)


async def places(stores: ViewStores, now: datetime) -> Places:
    """Of every machine."""
    return Places(await machine_names(stores, now), await site_names(stores, now))
