"""What a machine holds, what it sold in all, and which ledger events it has counted: container ``machines``.

Schema 1 had ``marks``, the highest counted number of each partition, and no ``delivered``; schema 2 had no
``closed``; schema 3 had neither ``till`` nor ``gaps``, nor failed vends in its slots.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

from msgspec import field

from vending.documents.base import AsStored, Document, unchanged

Applied = dict[str, list[list[int]]]
"""Book ``"device/epoch"`` → the numbers that it has counted, as :mod:`vending.state.intervals`."""
StoredSlot = list[Any]
"""``[base, capacity, kept]``, or ``[base, capacity, kept, failed]``: see :mod:`vending.state.slots`."""
Totals = dict[str, Any]
"""Counter → its count of all time; ``revenue``: currency → minor units."""


class Losses(TypedDict, total=False):
    """What was given up as lost: see :mod:`vending.state.books`. All of it is there, or nothing."""

    holes: int
    numbers: int
    epochs: int
    at: int
    below: dict[str, int]


class StoredTill(TypedDict, total=False):
    """The money in a machine: see :mod:`vending.state.till`."""

    cash: list[list[Any]]
    owed: list[list[Any]]


class MachineStock(Document, kw_only=True):
    """A machine's stock; ``rev`` grows with every replace."""

    type = "stock"
    schema = 4
    key = "machineId"
    upcasts = {  # noqa: RUF012 - a ClassVar of the base
        1: lambda body: {name: value for name, value in body.items() if name != "marks"},
        2: unchanged,
        3: lambda body: {**body, "since": 4} if body.get("applied") else body,
    }

    id: str = "stock"
    machine_id: str
    rev: int
    applied: AsStored[Applied] = field(default_factory=dict)
    closed: AsStored[Losses] = field(default_factory=lambda: Losses())
    delivered: dict[str, list[int]] = field(default_factory=dict)
    """``generation/partition`` → the newest run of counted sequence numbers, [first, last]."""
    slots: AsStored[dict[str, StoredSlot]] = field(default_factory=dict)
    totals: Totals = field(default_factory=dict)
    last: dict[str, list[int]] = field(default_factory=dict)
    """Kind of a ledger line → ``[epoch, sequence, milliseconds]`` of the last one."""
    till: AsStored[StoredTill] | None = None
    gaps: list[list[Any]] | None = None
    """The newest holes and since when they are open: see :mod:`vending.state.gaps`."""
    since: int | None = None
    """The schema in which it counts what older ones did not, where it is older itself: of the time before it
    has no failed vends and no ``till``."""
    exclusions: int | None = None
    """Version of the list of exclusions that an operator's command brought it in line with."""

    def total(self, counter: str) -> int:
        """A count of all time."""
        return int(self.totals.get(counter, 0))

    @property
    def revenue(self) -> Mapping[str, int]:
        """What was taken in all: currency → minor units."""
        taken: Mapping[str, int] = self.totals.get("revenue", {})
        return taken


def has_retired(body: Mapping[str, Any]) -> bool:
    """Whether a stored stock has given up a book. Asked at every read and write, so that it is not loaded."""
    return bool(body.get("closed", {}).get("epochs"))
