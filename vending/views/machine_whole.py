"""What a machine is by the catalog, and what it holds: names, planogram, money, missing numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from vending.business_day import instant
from vending.catalog.catalog import Assignment
from vending.documents.stock import MachineStock
from vending.state import gaps, stock, till
from vending.state.slots import Slot
from vending.time import millis
from vending.views.places import product_names, site_on
from vending.views.views import ViewStores


class SlotView(Struct, frozen=True, rename="camel", kw_only=True):
    """A selection of the machine, of its planogram, or of both."""

    selection: str
    on_hand: Annotated[int | None, Meta(description="Units; null where nobody ever counted them.")]
    capacity: Annotated[int | None, Meta(description="As the machine states it, else as the planogram does.")]
    sku: str | None
    product: str | None
    price_minor: int | None
    currency: str | None
    par: int | None


class Owed(Struct, frozen=True, rename="camel"):
    """A vend that was paid for and gave nothing out. ``minor`` is 0 where nobody said how much was paid."""

    at: str
    selection: str
    minor: int
    currency: str


class Cash(Struct, frozen=True):
    """The money in the machine, as far as its events tell."""

    since: Annotated[str | None, Meta(description="The last collection; null: since it is known.")]
    taken: Annotated[dict[str, int], Meta(description="What buyers paid in cash since, by currency.")]
    owed: list[Owed]


class Gap(Struct, frozen=True):
    """Ledger numbers that are missing, and since when one knows it (the hub's clock)."""

    device: str
    epoch: int
    first: int
    last: int
    since: str


class MachineWhole(Struct, frozen=True, rename="camel", kw_only=True):
    """What an answer about one machine says beside its sales, condition and alerts."""

    name: str
    site: str | None
    site_name: str | None
    route: str | None
    time_zone: str
    slots: list[SlotView]
    cash: Cash
    gaps: list[Gap]
    missing_ledger_numbers: int


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
) -> list[SlotView]:
    found = []
    for selection in sorted(held.slots.keys() | planogram.keys()):
        slot, planned = Slot(held.slots.get(selection)), planogram.get(selection, {})
        sku = planned.get("sku")
        found.append(
            SlotView(
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
