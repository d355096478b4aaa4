"""The books of a machine: which numbers of each device and epoch its ledger has counted, within bounds.

A book is a numbering, ``"device/epoch"``: numbers from 1 without holes. ``applied`` holds its numbers as
intervals; a hole is numbers still to come, or lost on the device. Neither holes nor books may grow for ever,
and neither may keep out what a device says next. So a bound refuses nothing: it gives up what is oldest.

- Above :data:`MAX_HOLES` open holes of a machine the oldest one is *closed*: that of the lowest number in the
  book that has most, so that a device that skips numbers pays for itself.
- Above :data:`MAX_BOOKS` a book is *retired* for a new one: of the device that has most, its lowest epoch.

``closed`` says so: ``{"holes", "numbers", "epochs": how many of each were given up, "at": when last (the
hub's time, ms since 1970 UTC), "below": {book: number}}``, or nothing where nothing was. At or below that
number of a held book, and in a book that is not held any more, the intervals no longer tell what was counted;
the ledger pages do, for ever.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from vending.documents.stock import Applied, Losses
from vending.state import intervals
from vending.state.intervals import Intervals

MAX_HOLES = 1_000
MAX_BOOKS = 10
"""Devices and epochs at a time: a board a year would be many."""
MOST = 2**53 - 1
"""A sum of numbers beyond says no more than that: Cosmos DB keeps a number as a double."""


def issue_order(key: str) -> tuple[int, str]:
    """(epoch, device): epochs are issued one after the other."""
    device, _, epoch = key.rpartition("/")
    return int(epoch), device


def lacking(applied: Mapping[str, Intervals]) -> int:
    """Numbers that devices skipped so far."""
    return sum(intervals.lacking(held) for held in applied.values())


class Books:
    """The books while a fold works on them. What it changes is copied first."""

    def __init__(self, applied: Mapping[str, Intervals], closed: Losses, retired: Collection[str]) -> None:
        self.applied: Applied = dict(applied)
        self.closed: Losses = {**closed, "below": dict(closed["below"])} if closed else {}
        self.retired = set(retired)
        """Books that the machine held once."""
        self.closings = 0
        """Holes that were closed since."""
        self._own: set[str] = set()
        self._holes = sum(intervals.holes(held) for held in self.applied.values())

    def accounted_for(self, key: str, number: int) -> bool:
        """Whether the number was counted, or given up."""
        return key in self.retired or intervals.contains(self.applied.get(key, []), number)

    def skipped(self, key: str, number: int) -> tuple[int, int] | None:
        """The first and the last number between the greatest one of a book and a new one above it."""
        last = self.applied[key][-1][1] if key in self.applied else 0
        return (last + 1, number - 1) if number > last + 1 else None

    def count(self, key: str, number: int, at: int) -> None:
        """Put a number in that is not accounted for; ``at`` (ms) is when the hub took its event."""
        while key not in self.applied and len(self.applied) >= MAX_BOOKS:
            self._retire(at)
        held = self._mine(key)
        self._holes -= intervals.holes(held)
        intervals.add(held, number)
        self._holes += intervals.holes(held)
        while self._holes > MAX_HOLES:
            self._close(at)

    def _close(self, at: int) -> None:
        key = min(self.applied, key=lambda key: (-intervals.holes(self.applied[key]), *issue_order(key)))
        first, last = intervals.close_first(self._mine(key))
        self._give_up(1, last - first + 1, at)
        self.closed["below"][key] = last

    def _retire(self, at: int) -> None:
        devices = Counter(issue_order(key)[1] for key in self.applied)
        key = min(self.applied, key=lambda key: (-devices[issue_order(key)[1]], *issue_order(key)))
        held = self.applied.pop(key)
        self._own.discard(key)
        self.retired.add(key)
        self._give_up(intervals.holes(held), intervals.lacking(held), at)
        self.closed["epochs"] += 1
        self.closed["below"].pop(key, None)

    def _give_up(self, holes: int, numbers: int, at: int) -> None:
        if not self.closed:
            self.closed = {"holes": 0, "numbers": 0, "epochs": 0, "at": at, "below": {}}
        self.closed["holes"] += holes
        self.closed["numbers"] = min(MOST, self.closed["numbers"] + numbers)
        self.closed["at"] = max(self.closed["at"], at)
        self.closings += holes
        self._holes -= holes

    def _mine(self, key: str) -> Intervals:
        if key not in self._own:
            self.applied[key] = [list(pair) for pair in self.applied.get(key, [])]
            self._own.add(key)
        return self.applied[key]
