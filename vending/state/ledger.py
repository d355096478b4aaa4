"""Ledger lines and the pages that hold them.

A page is written once, in the batch that marks its lines applied, and never changed (except where an operator
forgets events): it is what rollups, rebuilds and people count. Times are milliseconds since 1970 UTC, money
minor units.
"""

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import Any

from msgspec import UNSET

from vending.events import event_types as catalogue
from vending.events.envelope import Event

PAGE_SCHEMA = 1
PAGE_LINES = 500
"""Of a page that is made anew: some 150 KB."""
Line = dict[str, Any]


def line(event: Event) -> Line:
    """What the ledger keeps of an event."""
    common: Line = {
        "ledger": event.ledger,
        "sequence": event.envelope.sequence,
        "kind": KINDS[event.name],
        "at": event.at.ms,
        "quality": event.at.quality,
        "digest": event.digest,
    }
    return common | _facts(event.data)


KINDS = {
    "vend.completed": "vend",
    "vend.failed": "failure",
    "inventory.restocked": "restock",
    "cash.collected": "collection",
}


def _facts(data: catalogue.Data) -> Line:
    match data:
        case catalogue.VendCompleted():
            facts = {
                "selection": data.selection,
                "quantity": data.quantity,
                "priceMinor": data.price_minor,
                "paidMinor": data.paid_minor,
                "currency": data.currency,
                "payment": data.payment_method,
                "sku": data.sku,
                "product": data.product,
                "taxMinor": data.tax_minor,
                "discountMinor": data.discount_minor,
            }
        case catalogue.VendFailed():
            facts = {"selection": data.selection, "reason": data.reason, "refunded": data.refunded}
        case catalogue.InventoryRestocked():
            lines = [[x.selection, x.before, x.added, x.removed, x.spoiled, x.after] for x in data.lines]
            facts = {"visit": data.visit_id, "slots": lines}
        case catalogue.CashCollected():
            facts = {
                "visit": data.visit_id,
                "bag": data.bag_id,
                "currency": data.currency,
                "boxMinor": data.box_minor,
                "billsMinor": data.bills_minor,
                "countedMinor": data.counted_minor,
            }
        case _:
            raise TypeError(f"{type(data).__name__} has no ledger line")
    return {key: value for key, value in facts.items() if value is not UNSET}


def pages(machine: str, lines: Iterable[tuple[str, int, Line]]) -> list[dict[str, Any]]:
    """One page per (device, epoch) of new lines ``(device, epoch, line)``, named by its first number.

    A number is applied once, so no two pages ever claim the same name.
    """
    books: dict[tuple[str, int], list[Line]] = {}
    for device, epoch, entry in lines:
        books.setdefault((device, epoch), []).append(entry)
    return [_page(machine, device, epoch, entries) for (device, epoch), entries in sorted(books.items())]


def portions(machine: str, lines: Mapping[tuple[str, int, int], Line]) -> list[dict[str, Any]]:
    """Pages of :data:`PAGE_LINES` at most for lines by (device, epoch, number)."""
    ordered = sorted(lines)
    return [
        page
        for portion in batched(ordered, PAGE_LINES, strict=False)
        for page in pages(machine, [(device, epoch, lines[device, epoch, n]) for device, epoch, n in portion])
    ]


def _page(machine: str, device: str, epoch: int, lines: list[Line]) -> dict[str, Any]:
    lines.sort(key=lambda entry: int(entry["ledger"]))
    times = [entry["at"] for entry in lines]
    first, last = lines[0]["ledger"], lines[-1]["ledger"]
    return {
        "id": f"page:{device}:{epoch}:{first}",
        "machineId": machine,
        "type": "page",
        "schema": PAGE_SCHEMA,
        "deviceId": device,
        "epoch": epoch,
        "first": first,
        "last": last,
        "from": min(times),
        "to": max(times),
        "lines": lines,
    }
