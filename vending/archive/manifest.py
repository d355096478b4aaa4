"""The manifest of an hour of the archive: what was held, what was missing, and which Parquet file counts.

Numbers are hub sequence numbers, which begin at 0 in each partition of each life of a hub. That they have no
holes is observed, not promised; so every number that was never seen stays an open gap, in this manifest and
in all later ones, until an event fills it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from vending.documents.blobs import Blob
from vending.state import intervals
from vending.state.intervals import Intervals

SCHEMA = 1


class RawBlob(Struct, frozen=True, array_like=True):
    """A raw blob as it was when it was compacted."""

    name: str
    etag: str
    size: int


class Table(Struct, frozen=True):
    """The Parquet file. ``sha256`` is over its bytes."""

    name: str
    size: int
    sha256: str


class DeviceHoles(Struct, frozen=True):
    """Numbers that devices skipped within the hour: [device, epoch, first, last], some of them."""

    devices: int = 0
    missing: int = 0
    examples: list[tuple[str, int, int, int]] = []


class Entry(Struct, frozen=True):
    """One hub partition in one hour.

    ``through`` is the highest number up to the end of the hour and ``gaps`` are all numbers below it that
    no hour so far held; both are carried forward. ``sha256`` is over the raw lines, in their order.
    """

    through: int
    gaps: Intervals
    count: int = 0
    numbers: Intervals = []
    sha256: str = ""
    raw: list[RawBlob] = []
    table: Table | None = None
    devices: DeviceHoles = DeviceHoles()

    @property
    def first(self) -> int | None:
        """The lowest number of the hour."""
        return self.numbers[0][0] if self.numbers else None

    @property
    def last(self) -> int | None:
        """The highest number of the hour."""
        return self.numbers[-1][1] if self.numbers else None


class Manifest(Blob, frozen=True):
    """An hour, by ``generation/partition``; a partition that is not closed yet is not in it."""

    what = "the manifest"
    indented = True

    hour: datetime
    partitions: dict[str, Entry]
    schema: int = SCHEMA

    def shown(self) -> Any:
        """With the first and last number of each partition."""
        fields = msgspec.to_builtins(self)
        for key, entry in self.partitions.items():
            fields["partitions"][key] |= {"first": entry.first, "last": entry.last}
        return fields


NOTHING_BEFORE = Entry(through=-1, gaps=[])


def carried(entry: Entry, before: Entry) -> Entry:
    """The entry, as it stands after the hour before it."""
    through = max(before.through, entry.last if entry.last is not None else -1)
    ahead = [[before.through + 1, through]] if through > before.through else []
    return msgspec.structs.replace(
        entry, through=through, gaps=subtract([*before.gaps, *ahead], entry.numbers)
    )


def subtract(numbers: Intervals, held: Intervals) -> Intervals:
    """The numbers that are not held. Both sorted and disjoint; so is the result."""
    left: Intervals = []
    for first, last in numbers:
        for start, end in held:
            if end < first or start > last:
                continue
            if start > first:
                left.append([first, start - 1])
            first = end + 1
        if first <= last:
            left.append([first, last])
    return left


def device_holes(seen: Mapping[tuple[str, int], Intervals], examples: int = 20) -> DeviceHoles:
    """What devices skipped between their lowest and their highest number."""
    holes = [
        (device, epoch, start, end)
        for (device, epoch), numbers in sorted(seen.items())
        for start, end in _between(numbers)
    ]
    missing = sum(end - start + 1 for _, _, start, end in holes)
    return DeviceHoles(len({hole[:2] for hole in holes}), missing, holes[:examples])


def _between(numbers: Intervals) -> Iterable[tuple[int, int]]:
    for (_, left), (right, _) in pairwise(numbers):
        yield left + 1, right - 1


def count(numbers: Intervals) -> int:
    """How many numbers there are."""
    return intervals.size(numbers)
