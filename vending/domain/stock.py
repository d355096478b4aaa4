"""The stock document: what a machine holds, what it sold in all, and which ledger events it has counted.

``{"id": "stock", "machineId", "type", "schema", "rev", "applied": {"device/epoch": intervals},
"marks": {"generation/partition": highest applied sequence number}, "slots": {selection: slot},
"totals": {...}, "last": {kind: [epoch, sequence, milliseconds]}}``

The fold is order-free: any permutation, duplication and batching of the same events gives the same document,
``rev`` and ``marks`` (how it was delivered) excepted.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vending.domain import catalogue, intervals
from vending.domain.clock import Moment
from vending.domain.events import Event, HubEvent
from vending.domain.ledger import Line, line
from vending.domain.slots import Slot
from vending.errors import Rejected

SCHEMA = 1
MAX_INTERVALS = 1_000
MAX_SLOTS = 120
Document = dict[str, Any]


@dataclass
class Folded:
    """What became of some events of one machine."""

    stock: Document
    lines: list[tuple[str, int, Line]] = field(default_factory=list)
    """New ledger lines as (device, epoch, line)."""
    rejected: list[tuple[HubEvent, Rejected]] = field(default_factory=list)
    suspects: list[Event] = field(default_factory=list)
    """Duplicates that are no redelivery: their content must be compared with the stored line."""
    changed: bool = False


def empty(machine: str) -> Document:
    """The stock of a machine that nothing is known of."""
    return {
        "id": "stock",
        "machineId": machine,
        "type": "stock",
        "schema": SCHEMA,
        "rev": 0,
        "applied": {},
        "marks": {},
        "slots": {},
        "totals": {},
        "last": {},
    }


def book(event: Event) -> str:
    """The key of the numbering that a ledger event belongs to."""
    return f"{event.device}/{event.envelope.deviceepoch}"


def mark_of(hub: HubEvent) -> str:
    """The key of a hub partition's numbering."""
    return f"{hub.generation}/{hub.partition}"


def fold(stock: Document, events: Iterable[Event], moments: Mapping[str, Moment]) -> Folded:
    """Fold ledger events and levels into a copy of the stock, event by event in the order given.

    Unknown fields of the document are kept. An event is applied whole or not at all.
    """
    work = _Work(stock, moments)
    for event in events:
        try:
            work.take(event)
        except Rejected as fault:
            work.result.rejected.append((event.hub, fault))
    return work.finish()


def on_hand(stock: Document) -> dict[str, int | None]:
    """Units per selection; None where nobody ever counted."""
    return {selection: Slot(raw).on_hand for selection, raw in sorted(stock["slots"].items())}


def missing(stock: Document) -> dict[str, intervals.Intervals]:
    """The ledger numbers that devices skipped so far: vends that are still to come, or lost on the device."""
    return {key: holes for key, held in stock["applied"].items() if (holes := intervals.missing(held))}


class _Work:
    def __init__(self, stock: Document, moments: Mapping[str, Moment]) -> None:
        self.stock = copy.deepcopy(stock)
        self.moments = moments
        self.slots = {selection: Slot(raw) for selection, raw in stock["slots"].items()}
        self.result = Folded(self.stock)
        self.fresh: dict[tuple[str, int], str] = {}
        self.intervals = sum(len(held) for held in stock["applied"].values())

    def take(self, event: Event) -> None:
        if isinstance(event.data, catalogue.InventoryLevel):
            self._levels(event, event.data)
            return
        number = event.ledger
        if number is None:
            raise TypeError(f"{event.name} is a reading; the stock has no place for it")
        held = self.stock["applied"].get(book(event), [])
        if intervals.contains(held, number):
            self._duplicate(event, number)
            return
        if intervals.opens_hole(held, number) and self.intervals >= MAX_INTERVALS:
            raise Rejected("too-many-holes", f"{MAX_INTERVALS} open holes in the machine's ledger numbers")
        self._slots(event)
        self._count(event, number)

    def _duplicate(self, event: Event, number: int) -> None:
        known = self.fresh.get((book(event), number))
        if known is None:
            if event.hub.sequence > self.stock["marks"].get(mark_of(event.hub), -1):
                self.result.suspects.append(event)
        elif known != event.digest:
            raise conflict(event, known)

    def _levels(self, event: Event, data: catalogue.InventoryLevel) -> None:
        self._room([x.selection for x in data.selections])
        before = {x.selection: self._slot(x.selection).dump() for x in data.selections}
        stated = [
            (x.selection, x.level, x.capacity if isinstance(x.capacity, int) else None)
            for x in data.selections
        ]
        self._state(event, stated)
        if any(self.slots[selection].dump() != raw for selection, raw in before.items()):
            self.result.changed = True

    def _slots(self, event: Event) -> None:
        """What a new ledger event does to the slots. The absolute part first: only that can be refused."""
        data = event.data
        if isinstance(data, catalogue.VendCompleted):
            after = data.level_after
            self._state(event, [(data.selection, after if isinstance(after, int) else None, None)])
            self._slot(data.selection).vend(event.order, data.quantity)
        elif isinstance(data, catalogue.InventoryRestocked):
            self._state(event, [(x.selection, x.after, None) for x in data.lines])

    def _state(self, event: Event, stated: Sequence[tuple[str, int | None, int | None]]) -> None:
        """Put absolute levels and capacities (selection, level, capacity) in: all of them, or none."""
        self._room([selection for selection, _, _ in stated])
        before = {selection: self._slot(selection).dump() for selection, _, _ in stated}
        try:
            for selection, level, capacity in stated:
                if level is not None:
                    self._slot(selection).count(event.order, level)
                if capacity is not None:
                    self._slot(selection).holds(event.order, capacity)
        except Rejected:
            self.slots |= {selection: Slot(raw) for selection, raw in before.items()}
            raise

    def _count(self, event: Event, number: int) -> None:
        moment = self.moments[event.hub.place]
        held = self.stock["applied"].setdefault(book(event), [])
        self.intervals -= len(held)
        intervals.add(held, number)
        self.intervals += len(held)
        marks, mark = self.stock["marks"], mark_of(event.hub)
        marks[mark] = max(marks.get(mark, -1), event.hub.sequence)
        entry = line(event, moment)
        _total(self.stock["totals"], entry)
        latest = [*event.order, moment.ms]
        self.stock["last"][entry["kind"]] = max(self.stock["last"].get(entry["kind"], latest), latest)
        self.result.lines.append((event.device, event.envelope.deviceepoch, entry))
        self.fresh[book(event), number] = event.digest
        self.result.changed = True

    def _room(self, selections: list[str]) -> None:
        if len(set(selections)) < len(selections):
            raise Rejected("wrong-schema", "a selection is named twice in one event")
        if len(self.slots.keys() | set(selections)) > MAX_SLOTS:
            raise Rejected("wrong-schema", f"the machine would have more than {MAX_SLOTS} slots")

    def _slot(self, selection: str) -> Slot:
        return self.slots.setdefault(selection, Slot())

    def finish(self) -> Folded:
        if self.result.changed:
            # A slot that only a rejected event named holds nothing, and stays out of the document.
            dumped = {selection: slot.dump() for selection, slot in sorted(self.slots.items())}
            self.stock["slots"] = {
                selection: raw for selection, raw in dumped.items() if raw != [None, None, []]
            }
            self.stock["rev"] += 1
        return self.result


def conflict(event: Event, stored: str) -> Rejected:
    """The refusal of a second content under one id."""
    was = f"stored content {stored}, this one {event.digest}"
    return Rejected("conflict", f"{event.device} reported event {event.envelope.id} with two contents: {was}")


def _total(totals: dict[str, Any], entry: Line) -> None:
    if entry["kind"] != "vend":
        key = {"failure": "failures", "restock": "restocks", "collection": "collections"}[entry["kind"]]
        totals[key] = totals.get(key, 0) + 1
        return
    kind = entry["payment"] if entry["payment"] in ("free", "test") else "vends"
    totals[kind] = totals.get(kind, 0) + 1
    if kind == "test":
        return
    totals["units"] = totals.get("units", 0) + entry["quantity"]
    revenue = totals.setdefault("revenue", {})
    revenue[entry["currency"]] = revenue.get(entry["currency"], 0) + entry["paidMinor"]
