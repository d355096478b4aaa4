"""How long events have been waiting in the hub for a function.

The hub tells numbers, not times. So it is noted from time to time how far the hub was: a sample. The oldest
sample that a function has not reached tells since when, at least, something waits for it. Samples are a
hundredth of the hub's retention apart, and so exact is the answer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from vending.documents.blobs import Blob

SCHEMA = 1
SAMPLES = 100
"""Within the hub's retention; older ones are forgotten, as the hub forgets."""
Numbers = Mapping[str, int]
"""Partition → sequence number; -1 before the first event."""


class Sample(Struct, frozen=True):
    """The hub's last numbers at a moment."""

    at: datetime
    last: dict[str, int]


class Samples(Blob, frozen=True, rename={"samples": "marks"}):
    """The samples of one life of the hub, oldest first."""

    what = "the document of the hub's samples"

    generation: str
    samples: tuple[Sample, ...] = ()
    schema: int = SCHEMA


def noted(held: Samples, generation: str, last: Numbers, now: datetime, retention: timedelta) -> Samples:
    """With a sample of now, where it is time for one. A recreated hub begins anew."""
    samples = held.samples if held.generation == generation else ()
    if samples and any(last.get(partition, -1) < number for partition, number in samples[-1].last.items()):
        samples = ()
    if samples and now - samples[-1].at < retention / SAMPLES:
        return held
    kept = [sample for sample in samples if sample.at > now - retention]
    return Samples(generation, (*kept, Sample(now, dict(last))))


def waiting_since(samples: Sequence[Sample], partition: str, done: int) -> datetime | None:
    """Since when, at least, the oldest event of a partition that is not done has been there; None where no
    sample tells of one."""
    return next((sample.at for sample in samples if done < sample.last.get(partition, -1)), None)


def waiting(samples: Sequence[Sample], done: Numbers, now: datetime) -> timedelta:
    """For how long, at least, the oldest event that is not done has been there."""
    for sample in samples:
        if any(done.get(partition, -1) < number for partition, number in sample.last.items()):
            return now - sample.at
    return timedelta()
