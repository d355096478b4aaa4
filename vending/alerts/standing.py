"""Which hub partitions stand still: a function's checkpoint that does not move though events wait behind it.

A checkpoint is only a number, so a sweep remembers at which one it found events waiting, and since when. That
it is still the same later means that the very event which waited then waits yet; a hub without new events, or
a backlog that moves however slowly, never stands. What is remembered is one small blob.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from vending.alerts.waiting import Numbers
from vending.documents.blobs import Blob

SCHEMA = 1


class Halt(Struct, frozen=True):
    """A checkpoint that events waited behind; -1 for a partition of which nothing is done."""

    at: int
    since: datetime


class Halts(Blob, frozen=True):
    """Function → partition → where it was found, in one life of the hub."""

    what = "the document of the hub's halts"

    generation: str
    halts: dict[str, dict[str, Halt]] = field(default_factory=dict)
    schema: int = SCHEMA


def noted(held: Halts, generation: str, done: Mapping[str, Numbers], last: Numbers, now: datetime) -> Halts:
    """What to remember of this sweep: an entry for each partition in which events wait, and no other."""
    before = held.halts if held.generation == generation else {}
    halts: dict[str, dict[str, Halt]] = {}
    for function, numbers in done.items():
        for partition, end in last.items():
            at = numbers.get(partition, -1)
            if at < end:
                known = before.get(function, {}).get(partition)
                same = known is not None and known.at == at
                halts.setdefault(function, {})[partition] = known if known and same else Halt(at, now)
    return Halts(generation, halts)
