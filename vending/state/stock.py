"""What a machine holds, what it sold in all, and which ledger events it has counted: the fold of its stock.

The document is :class:`vending.documents.stock.MachineStock`. ``applied`` and ``closed``:
:mod:`vending.state.books`. ``delivered``: :mod:`vending.state.deliveries`. ``slots``:
:mod:`vending.state.slots`. ``till``: :mod:`vending.state.till`. ``gaps``: :mod:`vending.state.gaps`.

The fold is order-free within the bounds on books and on open holes: any permutation, duplication and
batching of the same events gives the same document, ``rev``, ``delivered`` and ``gaps`` (how it came)
excepted. Beyond them what is given up depends on the order of arrival, never on how it was cut into batches.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from vending.documents.pages import Line
from vending.documents.stock import MachineStock, Totals
from vending.errors import Rejected
from vending.events.base import LedgerEvent, LevelEvent, Tally
from vending.events.event import Event
from vending.events.hub_event import HubEvent
from vending.state import gaps, intervals
from vending.state.books import Books, lacking
from vending.state.deliveries import Deliveries
from vending.state.ledger import line
from vending.state.shelf import MAX_SLOTS as MAX_SLOTS
from vending.state.shelf import Shelf
from vending.state.slots import Slot
from vending.state.till import Till
from vending.time import millis

MAX_CURRENCIES = 16
CLOSED, RETIRED = GIVEN_UP = "hole-closed", "epoch-retired"
"""Why an event comes too late: what it is missing in was given up."""


@dataclass
class Folded:
    """What became of some events of one machine."""

    stock: MachineStock
    lines: list[tuple[str, int, Line]] = field(default_factory=list)
    """New ledger lines as (device, epoch, line)."""
    rejected: list[tuple[HubEvent, Rejected]] = field(default_factory=list)
    possible_conflicts: list[Event] = field(default_factory=list)
    """Events whose number is accounted for, and that are no redelivery: their content must be compared with
    the stored line. Where there is none, :func:`given_up` says why."""
    closings: int = 0
    """Holes that were closed as lost."""
    changed: bool = False


def empty(machine: str) -> MachineStock:
    """The stock of a machine that nothing is known of."""
    return MachineStock(machine_id=machine, rev=0)


def book(event: Event) -> str:
    """The key of the numbering that a ledger event belongs to."""
    return f"{event.device}/{event.envelope.deviceepoch}"


def fold(
    stock: MachineStock,
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


def known(stock: MachineStock) -> bool:
    """Whether anything is known of the machine. What was forgotten leaves an empty stock, for its ``rev``."""
    return bool(stock.applied or stock.slots)


def on_hand(stock: MachineStock) -> dict[str, int | None]:
    """Units per selection; None where nobody ever counted."""
    return {selection: Slot(raw).on_hand for selection, raw in sorted(stock.slots.items())}


def missing(stock: MachineStock) -> dict[str, intervals.Intervals]:
    """The ledger numbers that devices skipped so far: vends that are still to come, or lost on the device.

    Of each book the first hundred holes; :func:`missing_numbers` counts all.
    """
    return {key: holes for key, held in stock.applied.items() if (holes := intervals.missing(held))}


def missing_numbers(stock: MachineStock) -> int:
    """How many ledger numbers devices skipped so far, without those that were given up."""
    return lacking(stock.applied)


def unknown(stock: MachineStock, events: Iterable[Event]) -> dict[str, Event]:
    """An event of each book that may have been retired: the stock does not hold it, and has retired some."""
    if not stock.closed.get("epochs"):
        return {}
    ledger = [event for event in events if event.ledger is not None]
    return {book(event): event for event in ledger if book(event) not in stock.applied}


def given_up(stock: MachineStock, event: Event) -> Rejected | None:
    """Why a ledger number that is accounted for has no line; None where it must have one."""
    key, number = book(event), event.ledger or 0
    if key not in stock.applied:
        detail = f"{key} was retired for a newer device or epoch: provision the device again"
        return Rejected(RETIRED, detail)
    below = stock.closed.get("below", {}).get(key, 0)
    if number > below:
        return None
    detail = f"{key} number {number} was given up as lost, with all that were missing up to {below}"
    return Rejected(CLOSED, detail)


class _Work:
    """One fold. What it changes is copied first, the rest is shared with the document that was read."""

    def __init__(self, stock: MachineStock, retired: Collection[str]) -> None:
        self.stock = replace(stock, totals=dict(stock.totals), last=dict(stock.last))
        self.result = Folded(self.stock)
        self.fresh: dict[tuple[str, int], str] = {}
        self.books = Books(stock.applied, stock.closed, retired)
        self.shelf = Shelf(stock.slots)
        self.deliveries = Deliveries(stock.delivered)
        emptied = stock.last.get("collection")
        self.till = Till(stock.till, (emptied[0], emptied[1]) if emptied else None)
        self.gaps = stock.gaps or []

    def take(self, event: Event) -> None:
        data, number = event.data, event.ledger
        if isinstance(data, LevelEvent):
            before = self.shelf.apply(event.order, data.slots())
            self.result.changed = self.result.changed or self.shelf.changed(before)
        elif not isinstance(data, LedgerEvent) or number is None:
            raise TypeError(f"{event.name} is a reading; the stock has no place for it")
        elif self.books.accounted_for(book(event), number):
            self._duplicate(event, number)
        else:
            self._new(event, data, number)

    def refuse(self, event: Event, fault: Rejected) -> None:
        self.result.rejected.append((event.hub, fault))
        self.deliveries.left_open(event.hub)

    def finish(self) -> Folded:
        if self.result.changed:
            self.stock.applied, self.stock.closed = self.books.applied, self.books.closed
            self.stock.delivered, self.stock.slots = self.deliveries.dump(), self.shelf.dump()
            self.stock.till = self.till.dump()
            self.stock.gaps = gaps.still_open(self.gaps, self.books.applied) or None
            self.stock.rev += 1
            self.result.closings = self.books.closings
        return self.result

    def _duplicate(self, event: Event, number: int) -> None:
        known = self.fresh.get((book(event), number))
        if known is None:
            if not self.deliveries.redelivered(event.hub):
                self.result.possible_conflicts.append(event)
                self.deliveries.left_open(event.hub)
        elif known != event.digest:
            raise conflict(event, known)

    def _new(self, event: Event, data: LedgerEvent, number: int) -> None:
        """What may be refused comes first, so that a refused event changes nothing."""
        tally = data.tally()
        self._check_currency(tally)
        if effects := data.slots():
            self.shelf.apply(event.order, effects)
        self._count(book(event), number, millis(event.hub.enqueued))
        entry = line(event)
        if (effect := data.till()) is not None:
            self.till.apply(event.order, effect, event.at.ms, entry.get("selection", ""))
        _add(self.stock.totals, tally)
        latest = [*event.order, event.at.ms]
        self.stock.last[entry["kind"]] = max(self.stock.last.get(entry["kind"], latest), latest)
        self.result.lines.append((event.device, event.envelope.deviceepoch, entry))
        self.deliveries.counted(event.hub)
        self.fresh[book(event), number] = event.digest
        self.result.changed = True

    def _count(self, key: str, number: int, at: int) -> None:
        if (skipped := self.books.skipped(key, number)) is not None:
            self.gaps = gaps.with_gap(self.gaps, [key, *skipped, at])
        self.books.count(key, number, at)

    def _check_currency(self, tally: Tally) -> None:
        if tally.currency is not None:
            revenue = self.stock.revenue
            if tally.currency not in revenue and len(revenue) >= MAX_CURRENCIES:
                raise Rejected("wrong-schema", f"the machine has taken {MAX_CURRENCIES} currencies already")


def conflict(event: Event, stored: str) -> Rejected:
    """The refusal of a second content under one id."""
    was = f"stored content {stored}, this one {event.digest}"
    return Rejected("conflict", f"{event.device} reported event {event.envelope.id} with two contents: {was}")


def _add(totals: Totals, tally: Tally) -> None:
    for counter, count in tally.counts.items():
        totals[counter] = totals.get(counter, 0) + count
    if tally.revenue is not None:
        revenue = totals.get("revenue", {})
        totals["revenue"] = revenue | {tally.currency: revenue.get(tally.currency, 0) + tally.revenue}
