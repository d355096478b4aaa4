"""What a machine is by the catalog, and what it holds: names, planogram, money, missing numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vending.business_day import instant
from vending.catalog.assignments import Assignment
from vending.documents.stock import MachineStock
from vending.state import gaps, stock, till
from vending.state import slots as shelf
from vending.time import millis
from vending.views.answers.machines import Cash, Gap, MachineWhole, Owed, Slot
from vending.views.places import product_names, site_on
from vending.views.stores import ViewStores


async def machine_whole(
    stores: ViewStores, name: str, held: MachineStock, assigned: Assignment, now: datetime
) -> MachineWhole:
    """Of the machine that is called so, holds this and stands there."""
    day = assigned.day_of(millis(now))
    site, planogram = site_on(assigned, day), assigned.slots_at(millis(now))
    products = await product_names(stores, {slot["sku"] for slot in planogram.values()}, now)
    return MachineWhole(
        name=name,
        site=site.id if site else None,
        site_name=site.name if site else None,
        route=(site.route if site else "") or None,
        time_zone=assigned.site_on(day).time_zone,
        slots=_slots(held, planogram, products),
        cash=_cash(held),
        gaps=[_gap(*gap) for gap in gaps.still_open(held.gaps or (), held.applied)],
        missing_ledger_numbers=stock.missing_numbers(held),
    )


def _slots(
    held: MachineStock, planogram: Mapping[str, Mapping[str, Any]], products: Mapping[str, str]
) -> list[Slot]:
    found = []
    for selection in sorted(held.slots.keys() | planogram.keys()):
        slot, planned = shelf.Slot(held.slots.get(selection)), planogram.get(selection, {})
        sku = planned.get("sku")
        found.append(
            Slot(
                selection=selection,
                on_hand=slot.on_hand,
                capacity=slot.capacity[2] if slot.capacity else planned.get("capacity"),
                sku=sku,
                product=products.get(sku) if sku else None,
                price_minor=planned.get("priceMinor"),
                currency=planned.get("currency"),
                par=planned.get("par"),
            )
        )
    return found


def _cash(held: MachineStock) -> Cash:
    """The sum is short by the cash of 256 sequence numbers at most (:mod:`vending.state.till`)."""
    collected = held.last.get("collection")
    owed = [
        Owed(instant(at), selection, minor, currency)
        for _, _, at, minor, currency, selection in till.owed(held.till)
    ]
    return Cash(instant(collected[2]) if collected else None, till.taken(held.till), owed)


def _gap(book: str, first: int, last: int, at: int) -> Gap:
    device, _, epoch = book.rpartition("/")
    return Gap(device, int(epoch), first, last, instant(at))
