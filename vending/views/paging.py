"""Pages of lists: which rows come after a place, and the place as text (a cursor).

A row's place is its key and its id, so a page begins after the last row of the page before wherever that row
is by now, and rows that come or go meanwhile move no other. By a key that does not change, a walk over all
pages gives each row once. By one that does (when a machine was heard of last) that holds for the rows whose
key stood still; another may come twice, or be passed over.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any, NamedTuple

from vending.views import cursors

LONGEST = 1_024
"""Characters of a cursor: those of the longest name and id, with room."""


class Place(NamedTuple):
    """Where a row stands in an order; those of equal keys stand by their ids. The keys of an order are texts,
    or they are whole numbers."""

    key: Any
    id: str


@dataclass(frozen=True)
class Order[Row]:
    """A way to sort: by a key, up or down; equal keys by their ids, always up."""

    name: str
    kind: type[str] | type[int]
    """Of the keys."""
    key: Callable[[Row], Any]
    id: Callable[[Row], str]
    down: bool = False

    def place(self, row: Row) -> Place:
        """Of a row."""
        return Place(self.key(row), self.id(row))

    def precedes(self, after: Place, row: Row) -> bool:
        """Whether the row comes after a place."""
        key = self.key(row)
        if key == after.key:
            return self.id(row) > after.id
        return bool(key < after.key if self.down else key > after.key)

    def cursor(self, row: Row) -> str:
        """The row's place as text of letters, digits, ``-`` and ``_``."""
        return cursors.cursor(self.name, *self.place(row))

    def placed(self, cursor: str) -> Place:
        """The place that a cursor names. Raises ValueError for any other text."""
        name, key, at = cursors.placed(cursor, tuple[str, str | int, str])
        if name != self.name or not isinstance(key, self.kind):
            raise ValueError(f"'after' is no cursor of the order {self.name!r}")
        return Place(key, at)


class Page[Row](NamedTuple):
    """Some rows, and whether there are more."""

    rows: list[Row]
    more: bool


def page[Row](rows: Sequence[Row], order: Order[Row], after: Place | None, limit: int) -> Page[Row]:
    """The rows that come next after a place. ``rows`` stand in the order of their ids."""
    if order.key is order.id and not order.down:
        start = 0 if after is None else bisect_right(rows, after.id, key=order.id)
        found = list(rows[start : start + limit + 1])
    else:
        rest = rows if after is None else [row for row in rows if order.precedes(after, row)]
        # Both are as sorted(), and so stable: rows of equal keys stay in the order of their ids.
        found = (nlargest if order.down else nsmallest)(limit + 1, rest, key=order.key)
    return Page(found[:limit], len(found) > limit)
