"""What a machine holds and sold, for people: its stock with names."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET

from vending.business_day import instant
from vending.documents.pages import LedgerPage, Line
from vending.documents.stock import MachineStock
from vending.events.event_types import LEDGER
from vending.state import slots as shelf
from vending.state.stock import missing, missing_numbers
from vending.views.answers.machines import COUNTERS, Hole, Lost, Sale, SaleLine, Slot, Totals

SALES = {shape.line_kind: shape.sale for shape in LEDGER.values() if shape.sale}
"""Kind of a ledger line → the facts of it that are shown."""


def slots(stock: MachineStock) -> list[Slot]:
    """Each selection with what it holds and takes, in units."""
    return [
        Slot(selection, slot.on_hand, slot.capacity and slot.capacity[2])
        for selection, raw in sorted(stock.slots.items())
        for slot in [shelf.Slot(raw)]
    ]


def totals(stock: MachineStock) -> Totals:
    """Counts of all time, and the revenue in minor units of each currency."""
    return Totals(*map(stock.total, COUNTERS), dict(stock.revenue))


def last(stock: MachineStock) -> dict[str, str]:
    """When each kind of ledger event happened last, of those that the devices numbered last."""
    return {kind: instant(ms) for kind, (_, _, ms) in sorted(stock.last.items())}


def holes(stock: MachineStock) -> list[Hole]:
    """Ledger numbers that a device skipped so far: vends still to come, or lost on the device."""
    return [
        Hole(book.rpartition("/")[0], int(book.rpartition("/")[2]), intervals)
        for book, intervals in sorted(missing(stock).items())
    ]


def lost(stock: MachineStock) -> Lost:
    """What was given up: holes, the numbers in them, epochs of devices; and when the last of them was."""
    told = stock.closed
    if not told:
        return Lost(0, 0, 0, None)
    return Lost(told["holes"], told["numbers"], told["epochs"], instant(told["at"]))


def overview(stock: MachineStock) -> dict[str, Any]:
    """Of a machine's row in a table, what its stock says: sums over its slots, and what is sold out."""
    views = slots(stock)
    counted = [slot for slot in views if slot.on_hand is not None and slot.capacity]
    return {
        # A slot with a stated capacity of 0 is switched off.
        "sold_out": [slot.selection for slot in views if slot.on_hand == 0 and slot.capacity != 0],
        "on_hand": sum(slot.on_hand or 0 for slot in counted),
        "capacity": sum(slot.capacity or 0 for slot in counted),
        "totals": totals(stock),
        "last_vend": last(stock).get("vend"),
        "missing_ledger_numbers": missing_numbers(stock),
        "lost_ledger_numbers": lost(stock).numbers,
    }


def sales(pages: Iterable[LedgerPage], from_ms: int, to_ms: int) -> list[SaleLine]:
    """Vends and failed vends of ledger pages with from ≤ time < to, newest first."""
    lines = [
        (line, page)
        for page in pages
        for line in page.lines
        if line["kind"] in SALES and from_ms <= line["at"] < to_ms
    ]
    lines.sort(key=lambda pair: (pair[0]["at"], pair[1].epoch, pair[0]["sequence"]), reverse=True)
    return [_sale(line, page) for line, page in lines]


def _sale(line: Line, page: LedgerPage) -> SaleLine:
    facts: Mapping[str, object] = line
    sale: SaleLine = Sale(
        line["kind"],
        instant(line["at"]),
        line["quality"],
        page.device_id,
        page.epoch,
        line["ledger"],
        **{name: facts.get(name, UNSET) for name in SALES[line["kind"]]},
    )
    return sale
