"""One slot of a machine: an absolute level, and the units vended since.

A slot is ``[base, capacity, kept]``: ``base`` the newest absolute level ``[epoch, sequence, level]``,
``capacity`` the newest stated one in the same form, ``kept`` the orders of the newest vended units above
the base, as ``[epoch, first sequence, step, step, ...]`` per epoch (a step of 0 is a further unit of the
same vend).

Any order of arrival ends in the same slot: levels join by their order, units form a sorted multiset cut
to the newest :data:`KEPT`. A level is at most 250 (the catalogue's bound) and as many units are kept, so
a level that arrives after more units than are kept leaves nothing on hand either way: a late level and a
late vend both land right.
"""

from bisect import bisect_right, insort
from typing import Any

from vending.domain.events import Order
from vending.errors import Rejected

KEPT = 250
Stated = tuple[int, int, int]


class Slot:
    """A slot while a fold works on it; :meth:`dump` gives its document form."""

    __slots__ = ("base", "capacity", "kept")

    def __init__(self, raw: list[Any] | None = None) -> None:
        base, capacity, kept = raw or (None, None, ())
        self.base: Stated | None = tuple(base) if base else None
        self.capacity: Stated | None = tuple(capacity) if capacity else None
        self.kept: list[Order] = []
        for epoch, sequence, *steps in kept:
            self.kept.append((epoch, sequence))
            for step in steps:
                sequence += step
                self.kept.append((epoch, sequence))

    @property
    def on_hand(self) -> int | None:
        """Units in the slot; None until somebody counted. Clamped here only, never in the state."""
        return None if self.base is None else max(0, self.base[2] - len(self.kept))

    def vend(self, order: Order, units: int) -> None:
        """Units left the slot."""
        if self.base is not None and order <= self.base[:2]:
            return
        for _ in range(units):
            insort(self.kept, order)
        del self.kept[:-KEPT]

    def count(self, order: Order, level: int) -> None:
        """Somebody or something counted ``level`` units."""
        self.base = newest(self.base, (*order, level), "level")
        del self.kept[: bisect_right(self.kept, self.base[:2])]

    def holds(self, order: Order, capacity: int) -> None:
        """The machine states the slot's capacity."""
        self.capacity = newest(self.capacity, (*order, capacity), "capacity")

    def dump(self) -> list[Any]:
        """The document form."""
        kept: list[list[int]] = []
        last = -1
        for epoch, sequence in self.kept:
            if kept and kept[-1][0] == epoch:
                kept[-1].append(sequence - last)
            else:
                kept.append([epoch, sequence])
            last = sequence
        return [list(self.base) if self.base else None, list(self.capacity) if self.capacity else None, kept]


def newest(held: Stated | None, said: Stated, what: str) -> Stated:
    """The later of two statements. Raises :class:`Rejected` when one event said two things."""
    if held is None or held[:2] < said[:2]:
        return said
    if held[:2] == said[:2] and held != said:
        raise Rejected(
            "conflict", f"event {said[0]}-{said[1]:012d} was stored with {what} {held[2]}, now says {said[2]}"
        )
    return held
