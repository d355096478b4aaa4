"""The money in a machine: what buyers paid in cash since the last collection, and what is owed to buyers.

Stored are, where there are any,

- ``cash``: ``[epoch, span, currency, minor units]``, what was paid in each :data:`SPAN` of sequence numbers
  (span 3 are the numbers from 768 on) after the one of the newest collection, the newest :data:`SPANS`. What
  was paid in the collection's own span is left out, whichever of them came first: so the sum is short by the
  cash of a span at most, and the same in any order of arrival, also where a collection comes late.
- ``owed``: ``[epoch, sequence, milliseconds, minor units, currency, selection]`` of the newest :data:`OWED`
  vends that were paid for, failed and were not refunded.
"""

from typing import Any

from vending.documents.stock import StoredTill
from vending.events.base import TillEffect
from vending.events.event import Order

SPAN = 256
"""Sequence numbers: most of a day."""
SPANS = 64
OWED = 4


class Till:
    """The money while a fold works on it; ``emptied`` is the order of the newest collection, if there was
    one. What it changes is copied first, and most folds change nothing."""

    def __init__(self, stored: StoredTill | None, emptied: Order | None) -> None:
        self._stored = stored
        self._cash: dict[tuple[int, int, str], int] | None = None
        self._owed: list[list[Any]] = owed(stored)
        self._emptied = _span(emptied) if emptied else (-1, -1)

    def apply(self, order: Order, effect: TillEffect, at: int, selection: str) -> None:
        """The effect of one event at that time, which is about that selection or ``""``."""
        if self._cash is None:
            told = (self._stored or StoredTill()).get("cash", ())
            self._cash = {(epoch, span, currency): minor for epoch, span, currency, minor in told}
        if effect.emptied:
            self._emptied = max(self._emptied, _span(order))
            self._cash = {key: minor for key, minor in self._cash.items() if key[:2] > self._emptied}
        if effect.cash and _span(order) > self._emptied:
            key = (*_span(order), effect.currency)
            self._cash[key] = self._cash.get(key, 0) + effect.cash
            if len(self._cash) > SPANS:
                del self._cash[min(self._cash)]
        if effect.owed is not None:
            entry = [*order, at, effect.owed, effect.currency, selection]
            self._owed = sorted([*self._owed, entry])[-OWED:]

    def dump(self) -> StoredTill | None:
        """The document form; None where there is nothing to tell."""
        if self._cash is None:
            return self._stored
        told = StoredTill()
        if self._cash:
            told["cash"] = [[*key, minor] for key, minor in sorted(self._cash.items())]
        if self._owed:
            told["owed"] = self._owed
        return told or None


def taken(stored: StoredTill | None) -> dict[str, int]:
    """Cash since the last collection: currency → minor units."""
    found: dict[str, int] = {}
    for _, _, currency, minor in (stored or StoredTill()).get("cash", ()):
        found[currency] = found.get(currency, 0) + minor
    return found


def owed(stored: StoredTill | None) -> list[list[Any]]:
    """The newest vends that were paid for nothing, oldest first."""
    return (stored or StoredTill()).get("owed", [])


def _span(order: Order) -> tuple[int, int]:
    return order[0], order[1] // SPAN
