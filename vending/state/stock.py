"""The stock document: what a machine holds, what it sold in all, and which ledger events it has counted.

``{"id": "stock", "machineId", "type", "schema", "rev", "applied": {"device/epoch": intervals},
"closed": {...}, "delivered": {"generation/partition": [first, last]}, "slots": {selection: slot},
"totals": {...}, "last": {kind: [epoch, sequence, milliseconds]}}``

``applied`` and ``closed``: :mod:`vending.state.books`.

``delivered``: the machine's events with hub sequence numbers first..last are all counted, so that one of
them that comes again is a redelivery. Only the newest such run is remembered: a duplicate outside of it is
compared with its ledger line, for at a stop the platform delivers later batches before the one it gave up.

The fold is order-free within the bounds on books and on open holes: any permutation, duplication and
batching of the same events gives the same document, ``rev`` and ``delivered`` (how it came) excepted. Beyond
them what is given up depends on the order of arrival, never on how it was cut into batches.

Schema 1 had ``marks``, the highest counted number of each partition; schema 2 had no ``closed``.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vending.errors import Rejected
from vending.events import event_types as catalogue
from vending.events.envelope import Event, HubEvent
from vending.state import intervals
from vending.state.books import Books, lacking
from vending.state.ledger import Line, line
from vending.state.slots import Slot
from vending.time import millis

SCHEMA = 3
MAX_SLOTS = 120
MAX_CURRENCIES = 16
CLOSED, RETIRED = GIVEN_UP = "hole-closed", "epoch-retired"
"""Why an event comes too late: what it is missing in was given up."""
Document = dict[str, Any]


@dataclass
class Folded:
    """What became of some events of one machine."""

    stock: Document
    lines: list[tuple[str, int, Line]] = field(default_factory=list)
    """New ledger lines as (device, epoch, line)."""
    rejected: list[tuple[HubEvent, Rejected]] = field(default_factory=list)
    possible_conflicts: list[Event] = field(default_factory=list)
    """Events whose number is settled, and that are no redelivery: their content must be compared with the
    stored line. Where there is none, :func:`given_up` says why."""
    closings: int = 0
    """Holes that were closed as lost."""
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
        "closed": {},
        "delivered": {},
        "slots": {},
        "totals": {},
        "last": {},
    }


def book(event: Event) -> str:
    """The key of the numbering that a ledger event belongs to."""
    return f"{event.device}/{event.envelope.deviceepoch}"


def fold(
    stock: Document,
    events: Iterable[Event],
    retired: Collection[str] = (),
) -> Folded:
    """Fold ledger events and levels into a new stock, event by event in the order given.

    Unknown fields of the document are kept. An event is applied whole or not at all. ``retired``: of the
    events' books, those of :func:`unknown` that the machine held once.
    """
    work = _Work(stock, retired)
    for event in events:
        try:
            work.take(event)
        except Rejected as fault:
            work.refuse(event, fault)
    return work.finish()


def known(stock: Document) -> bool:
    """Whether anything is known of the machine. What was forgotten leaves an empty stock, for its ``rev``."""
    return bool(stock.get("applied") or stock.get("slots"))


def on_hand(stock: Document) -> dict[str, int | None]:
    """Units per selection; None where nobody ever counted."""
    return {selection: Slot(raw).on_hand for selection, raw in sorted(stock["slots"].items())}


def missing(stock: Document) -> dict[str, intervals.Intervals]:
    """The ledger numbers that devices skipped so far: vends that are still to come, or lost on the device.

    Of each book the first hundred holes; :func:`missing_numbers` counts all.
    """
    return {key: holes for key, held in stock["applied"].items() if (holes := intervals.missing(held))}


def missing_numbers(stock: Document) -> int:
    """How many ledger numbers devices skipped so far, without those that were given up."""
    return lacking(stock["applied"])


def closed(stock: Document) -> dict[str, Any]:
    """What was given up as lost, see :mod:`vending.state.books`; nothing where nothing was."""
    found: dict[str, Any] = stock.get("closed", {})
    return found


def unknown(stock: Document, events: Iterable[Event]) -> dict[str, Event]:
    """An event of each book that may have been retired: the stock does not hold it, and has retired some."""
    if not closed(stock).get("epochs"):
        return {}
    ledger = [event for event in events if event.ledger is not None]
    return {book(event): event for event in ledger if book(event) not in stock["applied"]}


def given_up(stock: Document, event: Event) -> Rejected | None:
    """Why a ledger number that is settled has no line; None where it must have one."""
    key, number = book(event), event.ledger or 0
    if key not in stock["applied"]:
        detail = f"{key} was retired for a newer device or epoch: provision the device again"
        return Rejected(RETIRED, detail)
    below = closed(stock).get("below", {}).get(key, 0)
    if number > below:
        return None
    detail = f"{key} number {number} was given up as lost, with all that were missing up to {below}"
    return Rejected(CLOSED, detail)


class _Work:
    """One fold. What it changes is copied first, the rest is shared with the document that was read."""

    def __init__(self, stock: Document, retired: Collection[str]) -> None:
        parts = ("delivered", "slots", "totals", "last")
        self.stock = stock | {part: dict(stock.get(part, {})) for part in parts} | {"schema": SCHEMA}
        self.stock.pop("marks", None)
        self.slots: dict[str, Slot] = {}
        self.result = Folded(self.stock)
        self.fresh: dict[tuple[str, int], str] = {}
        self.counted: dict[str, list[int]] = {}
        self.open: dict[str, list[int]] = {}
        self.books = Books(stock["applied"], closed(stock), retired)

    def take(self, event: Event) -> None:
        if isinstance(event.data, catalogue.InventoryLevel):
            self._levels(event, event.data)
            return
        number = event.ledger
        if number is None:
            raise TypeError(f"{event.name} is a reading; the stock has no place for it")
        if self.books.settled(book(event), number):
            self._settled(event, number)
            return
        self._check_currency(event)
        self._slots(event)
        self._count(event, number)

    def refuse(self, event: Event, fault: Rejected) -> None:
        self.result.rejected.append((event.hub, fault))
        _noted(self.open, event.hub)

    def finish(self) -> Folded:
        if self.result.changed:
            self._delivered()
            self.stock |= {"applied": self.books.applied, "closed": self.books.closed}
            self.result.closings = self.books.closings
            for selection, slot in self.slots.items():
                if slot.known:
                    self.stock["slots"][selection] = slot.dump()
            self.stock["slots"] = dict(sorted(self.stock["slots"].items()))
            self.stock["rev"] += 1
        return self.result

    def _delivered(self) -> None:
        """Remember the newest run without a refused event or a possible conflict: such a one must be judged
        again when it is redelivered, for its dead letter may not be written yet."""
        runs = self.stock["delivered"]
        for partition, numbers in self.counted.items():
            last = max(numbers)
            barrier = max((number for number in self.open.get(partition, ()) if number < last), default=-1)
            first = min(number for number in numbers if number > barrier)
            held = runs.get(partition)
            if held and held[0] <= last + 1 and first <= held[1] + 1:
                first, last = min(first, held[0]), max(last, held[1])
            runs[partition] = [first, last]

    def _redelivered(self, hub: HubEvent) -> bool:
        held = self.stock["delivered"].get(_partition(hub))
        return held is not None and held[0] <= hub.sequence <= held[1]

    def _settled(self, event: Event, number: int) -> None:
        known = self.fresh.get((book(event), number))
        if known is None:
            if not self._redelivered(event.hub):
                self.result.possible_conflicts.append(event)
                _noted(self.open, event.hub)
        elif known != event.digest:
            raise conflict(event, known)

    def _check_currency(self, event: Event) -> None:
        if isinstance(event.data, catalogue.VendCompleted):
            revenue = self.stock["totals"].get("revenue", {})
            if event.data.currency not in revenue and len(revenue) >= MAX_CURRENCIES:
                raise Rejected("wrong-schema", f"the machine has taken {MAX_CURRENCIES} currencies already")

    def _levels(self, event: Event, data: catalogue.InventoryLevel) -> None:
        stated = [
            (x.selection, x.level, x.capacity if isinstance(x.capacity, int) else None)
            for x in data.selections
        ]
        before = [self._slot(x.selection).dump() for x in data.selections]
        self._state(event, stated)
        if any(self.slots[x.selection].dump() != raw for x, raw in zip(data.selections, before, strict=True)):
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
        key = book(event)
        self.books.count(key, number, millis(event.hub.enqueued))
        entry = line(event)
        _total(self.stock["totals"], entry)
        latest = [*event.order, event.at.ms]
        self.stock["last"][entry["kind"]] = max(self.stock["last"].get(entry["kind"], latest), latest)
        self.result.lines.append((event.device, event.envelope.deviceepoch, entry))
        _noted(self.counted, event.hub)
        self.fresh[key, number] = event.digest
        self.result.changed = True

    def _room(self, selections: list[str]) -> None:
        if len(set(selections)) < len(selections):
            raise Rejected("wrong-schema", "a selection is named twice in one event")
        known = self.stock["slots"].keys() | {name for name, slot in self.slots.items() if slot.known}
        if len(known | set(selections)) > MAX_SLOTS:
            raise Rejected("wrong-schema", f"the machine would have more than {MAX_SLOTS} slots")

    def _slot(self, selection: str) -> Slot:
        if selection not in self.slots:
            self.slots[selection] = Slot(self.stock["slots"].get(selection))
        return self.slots[selection]


def conflict(event: Event, stored: str) -> Rejected:
    """The refusal of a second content under one id."""
    was = f"stored content {stored}, this one {event.digest}"
    return Rejected("conflict", f"{event.device} reported event {event.envelope.id} with two contents: {was}")


def _partition(hub: HubEvent) -> str:
    return f"{hub.generation}/{hub.partition}"


def _noted(numbers: dict[str, list[int]], hub: HubEvent) -> None:
    numbers.setdefault(_partition(hub), []).append(hub.sequence)


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
    revenue = totals.get("revenue", {})
    sum_of_all = revenue.get(entry["currency"], 0) + entry["paidMinor"]
    totals["revenue"] = revenue | {entry["currency"]: sum_of_all}
