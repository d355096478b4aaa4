"""One slot of a machine: an absolute level, and the units vended since.

A slot is ``[base, capacity, kept]``: ``base`` the newest absolute level ``[epoch, sequence, level]``,
``capacity`` the newest stated one in the same form, ``kept`` the orders of the newest vended units above
the base, as ``[epoch, first sequence, step, step, ...]`` per epoch (a step of 0 is a further unit of the
same vend). Where vends failed since it was counted or sold last, a fourth place holds the orders of the
newest :data:`FAILURES` of them; what pushes one out is newer, so any order of arrival leaves the same ones.

Any order of arrival ends in the same slot: levels join by their order; units form a sorted multiset, cut
to its newest :data:`KEPT` and to :data:`BUDGET` bytes of text. (Putting a unit between two others never
makes the text shorter, so what was cut once would be cut in any order of arrival.) A level is at most 250
(:data:`vending.events.fields.Level`), so a late level and a late vend both land right; where the bytes were
too few for that many units, the slot says that it does not know rather than too much.
"""

from bisect import bisect_right, insort
from itertools import pairwise

from vending.documents.stock import StoredSlot
from vending.errors import Rejected
from vending.events.event import Order

KEPT = 250
BUDGET = 530
"""Bytes: some 125 units of a slot that sells once in 300 events, 165 of one that sells thrice as often."""
GROUP = 27
"""Bytes at most of an epoch with its first sequence: ``[2147483647,999999999999],``."""
CERTAIN = BUDGET // GROUP
"""So many units always fit."""
FAILURES = 4
"""Failed vends in a row that a slot remembers."""
Stated = tuple[int, int, int]


class Slot:
    """A slot while a fold works on it; :meth:`dump` gives its document form."""

    __slots__ = ("base", "capacity", "failed", "kept")

    def __init__(self, raw: StoredSlot | None = None) -> None:
        base, capacity, kept, *failed = raw or (None, None, ())
        self.base: Stated | None = tuple(base) if base else None
        self.capacity: Stated | None = tuple(capacity) if capacity else None
        self.kept: list[Order] = []
        for epoch, sequence, *steps in kept:
            self.kept.append((epoch, sequence))
            for step in steps:
                sequence += step
                self.kept.append((epoch, sequence))
        self.failed: list[Order] = [(epoch, sequence) for epoch, sequence in failed[0]] if failed else []

    @property
    def stated(self) -> bool:
        """Whether anything was ever said of what is in the slot."""
        return bool(self.base or self.capacity or self.kept)

    @property
    def known(self) -> bool:
        """Whether anything was ever said of the slot, also that it failed."""
        return self.stated or bool(self.failed)

    @property
    def on_hand(self) -> int | None:
        """Units in the slot, None where that is not known. Clamped here only, never in the state."""
        if self.base is None:
            return None
        left = max(0, self.base[2] - len(self.kept))
        return None if left and self._full else left

    def vend(self, order: Order, units: int) -> None:
        """Units left the slot."""
        if self.base is not None and order <= self.base[:2]:
            return
        for _ in range(units):
            insort(self.kept, order)
        if len(self.kept) > CERTAIN:
            del self.kept[: -_fitting(self.kept)]
        self._works(order)

    def fail(self, order: Order) -> None:
        """A vend from the slot gave nothing out. Of what it sold the newest is known, whatever was cut."""
        if (self.base and order <= self.base[:2]) or (self.kept and order <= self.kept[-1]):
            return
        insort(self.failed, order)
        del self.failed[:-FAILURES]

    def count(self, order: Order, level: int) -> None:
        """Somebody or something counted ``level`` units."""
        self.base = newest(self.base, (*order, level), "level")
        del self.kept[: bisect_right(self.kept, self.base[:2])]
        self._works(order)

    def holds(self, order: Order, capacity: int) -> None:
        """The machine states the slot's capacity."""
        self.capacity = newest(self.capacity, (*order, capacity), "capacity")

    def _works(self, order: Order) -> None:
        """It sold, or somebody was at it: failures up to then are over."""
        if self.failed:
            del self.failed[: bisect_right(self.failed, order)]

    @property
    def _full(self) -> bool:
        """Whether units may have been cut."""
        return len(self.kept) > CERTAIN and _text(self.kept) + GROUP > BUDGET

    def dump(self) -> StoredSlot:
        """The document form."""
        kept: list[list[int]] = []
        last = -1
        for epoch, sequence in self.kept:
            if kept and kept[-1][0] == epoch:
                kept[-1].append(sequence - last)
            else:
                kept.append([epoch, sequence])
            last = sequence
        stated = [list(said) if said else None for said in (self.base, self.capacity)]
        return [*stated, kept, *([[list(order) for order in self.failed]] if self.failed else [])]


def newest(held: Stated | None, said: Stated, what: str) -> Stated:
    """The later of two statements. Raises :class:`Rejected` when one event said two things."""
    if held is None or held[:2] < said[:2]:
        return said
    if held[:2] == said[:2] and held != said:
        raise Rejected(
            "conflict", f"event {said[0]}-{said[1]:012d} was stored with {what} {held[2]}, now says {said[2]}"
        )
    return held


def _cost(older: Order, newer: Order) -> int:
    """Bytes that the older of two neighbours adds in front of the newer one."""
    return GROUP if older[0] != newer[0] else len(str(newer[1] - older[1])) + 1


def _text(kept: list[Order]) -> int:
    return GROUP + sum(_cost(older, newer) for older, newer in pairwise(kept))


def _fitting(kept: list[Order]) -> int:
    """How many of the newest units fit."""
    size, count = GROUP, 1
    for older, newer in pairwise(reversed(kept)):
        size += _cost(newer, older)
        if size > BUDGET or count == KEPT:
            break
        count += 1
    return count
