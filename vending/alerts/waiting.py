"""How long events have been waiting in the hub for a function.

The hub tells numbers, not times. So it is noted from time to time how far the hub was: a mark. The oldest
mark that a function has not reached tells since when, at least, something waits for it. Marks are a
hundredth of the hub's retention apart, and so exact is the answer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from vending.documents.blobs import Blob

SCHEMA = 1
MARKS = 100
"""Within the hub's retention; older ones are forgotten, as the hub forgets."""
Numbers = Mapping[str, int]
"""Partition → sequence number; -1 before the first event."""


class Mark(Struct, frozen=True):
    """The hub's last numbers at a moment."""

    at: datetime
    last: dict[str, int]


class Marks(Blob, frozen=True):
    """The marks of one life of the hub, oldest first."""

    what = "the document of the hub's marks"

    generation: str
    marks: tuple[Mark, ...] = ()
    schema: int = SCHEMA


def noted(held: Marks, generation: str, last: Numbers, now: datetime, retention: timedelta) -> Marks:
    """With a mark of now, where it is time for one. A recreated hub begins anew."""
    marks = held.marks if held.generation == generation else ()
    if marks and any(last.get(partition, -1) < number for partition, number in marks[-1].last.items()):
        marks = ()
    if marks and now - marks[-1].at < retention / MARKS:
        return held
    kept = [mark for mark in marks if mark.at > now - retention]
    return Marks(generation, (*kept, Mark(now, dict(last))))


def waiting_since(marks: Sequence[Mark], partition: str, done: int) -> datetime | None:
    """Since when, at least, the oldest event of a partition that is not done has been there; None where no
    mark tells of one."""
    return next((mark.at for mark in marks if done < mark.last.get(partition, -1)), None)


def waiting(marks: Sequence[Mark], done: Numbers, now: datetime) -> timedelta:
    """For how long, at least, the oldest event that is not done has been there."""
    for mark in marks:
        if any(done.get(partition, -1) < number for partition, number in mark.last.items()):
            return now - mark.at
    return timedelta()
