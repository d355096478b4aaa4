"""What a sales file says of the world, as the operator's catalog: sites, machines and products."""

from collections.abc import Sequence
from datetime import date

from msgspec import UNSET

from vendctl.replay.device_events import device_id, skus
from vendctl.replay.mapping import Mapping
from vendctl.replay.names import identifiers
from vendctl.replay.sale import Sale
from vending.writes.catalog_entries import CatalogFile, MachineEntry, ProductEntry, SiteEntry

LONGEST = 120
"""Characters of a name in the catalog."""


def catalog_of(sales: Sequence[Sale], mapping: Mapping) -> CatalogFile:
    """A site for each location (of a machine without one: its own), all in the file's time zone."""
    sites = identifiers(dict.fromkeys(_place(sale) for sale in sales), "site")
    categories = {sale.product: sale.category[:LONGEST] for sale in sales if sale.category}
    return CatalogFile(
        sites=[SiteEntry(site, mapping.timezone, name=name[:LONGEST]) for name, site in sites.items()],
        machines=_machines(sales, sites),
        products=[
            ProductEntry(sku, name=name, category=categories.get(name, UNSET))
            for name, sku in skus(sales).items()
        ],
    )


def _machines(sales: Sequence[Sale], sites: dict[str, str]) -> list[MachineEntry]:
    """One entry per machine, and one more for each day from which on it stood somewhere else.

    All of them are dated, and carry the newest name, so that importing the same file again says nothing new.
    """
    ordered = sorted(sales, key=lambda sale: (sale.machine, sale.day, sale.line))
    names = {sale.machine: sale.name for sale in ordered}
    stood: dict[tuple[str, date], str] = {(sale.machine, sale.day): sites[_place(sale)] for sale in ordered}
    found: list[MachineEntry] = []
    for (machine, day), site in stood.items():
        if found and (found[-1].id, found[-1].site) == (machine, site):
            continue
        name, since = names[machine][:LONGEST], day.isoformat()
        found.append(MachineEntry(machine, site, name=name, device=device_id(machine), since=since))
    return found


def _place(sale: Sale) -> str:
    return sale.location or sale.name
