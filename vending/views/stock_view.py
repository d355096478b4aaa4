"""What a machine holds and sold, for people: its stock as JSON with names."""

from collections.abc import Iterable, Mapping
from typing import Any

from vending.business_day import instant
from vending.documents.pages import LedgerPage, Line
from vending.documents.stock import MachineStock
from vending.events.event_types import LEDGER
from vending.state.slots import Slot
from vending.state.stock import missing, missing_numbers

COUNTS = tuple(counter for shape in LEDGER.values() for counter in shape.counters)
SALES = {shape.line_kind: shape.sale for shape in LEDGER.values() if shape.sale}
"""Kind of a ledger line → the facts of it that are shown."""


def slots(stock: MachineStock) -> list[dict[str, Any]]:
    """Each selection with ``onHand`` and ``capacity`` in units; null where nobody ever stated it."""
    return [
        {"selection": selection, "onHand": slot.on_hand, "capacity": slot.capacity and slot.capacity[2]}
        for selection, raw in sorted(stock.slots.items())
        for slot in [Slot(raw)]
    ]


def totals(stock: MachineStock) -> dict[str, Any]:
    """Counts of all time, and the revenue in minor units of each currency."""
    return {name: stock.total(name) for name in COUNTS} | {"revenue": dict(stock.revenue)}


def last(stock: MachineStock) -> dict[str, str]:
    """When each kind of ledger event happened last, of those that the devices numbered last."""
    return {kind: instant(ms) for kind, (_, _, ms) in sorted(stock.last.items())}


def holes(stock: MachineStock) -> list[dict[str, Any]]:
    """Ledger numbers that a device skipped so far: vends still to come, or lost on the device."""
    return [
        {"device": book.rpartition("/")[0], "epoch": int(book.rpartition("/")[2]), "missing": intervals}
        for book, intervals in sorted(missing(stock).items())
    ]


def lost(stock: MachineStock) -> dict[str, Any]:
    """What was given up: holes, the numbers in them, epochs of devices; and when the last of them was."""
    told = stock.closed
    if not told:
        return {"holes": 0, "numbers": 0, "epochs": 0, "at": None}
    counts = {"holes": told["holes"], "numbers": told["numbers"], "epochs": told["epochs"]}
    return counts | {"at": instant(told["at"])}


def overview(stock: MachineStock) -> dict[str, Any]:
    """A machine's line in a table: sums over its slots, and what is sold out."""
    views = slots(stock)
    counted = [view for view in views if view["onHand"] is not None and view["capacity"]]
    return {
        # A slot with a stated capacity of 0 is switched off.
        "soldOut": [view["selection"] for view in views if view["onHand"] == 0 and view["capacity"] != 0],
        "onHand": sum(view["onHand"] for view in counted),
        "capacity": sum(view["capacity"] for view in counted),
        "totals": totals(stock),
        "lastVend": last(stock).get("vend"),
        "missingLedgerNumbers": missing_numbers(stock),
        "lostLedgerNumbers": lost(stock)["numbers"],
    }


def sales(pages: Iterable[LedgerPage], from_ms: int, to_ms: int) -> list[dict[str, Any]]:
    """Vends and failed vends of ledger pages with from ≤ time < to, newest first."""
    lines = [
        (line, page)
        for page in pages
        for line in page.lines
        if line["kind"] in SALES and from_ms <= line["at"] < to_ms
    ]
    lines.sort(key=lambda pair: (pair[0]["at"], pair[1].epoch, pair[0]["sequence"]), reverse=True)
    return [_sale(line, page) for line, page in lines]


def _sale(line: Line, page: LedgerPage) -> dict[str, Any]:
    view: dict[str, Any] = {"kind": line["kind"], "at": instant(line["at"]), "timeQuality": line["quality"]}
    view |= {"device": page.device_id, "epoch": page.epoch, "ledger": line["ledger"]}
    facts: Mapping[str, object] = line
    return view | {name: facts[name] for name in SALES[line["kind"]] if name in facts}
