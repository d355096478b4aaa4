"""The read model of the archive's gaps: numbers of the hub that the archive does not hold, by the manifests
of the newest closed hours. Each manifest carries forward what was missing before it, so one says it all.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from vending.answer import Answer
from vending.archive.closing import Closing
from vending.archive.layout import CLOSING, HOUR, manifest_name
from vending.archive.manifest import Entry, Manifest, count
from vending.business_day import instant
from vending.ports import ArchiveBlobs
from vending.time import millis

HOURS = 48
"""Manifests that are looked at, from the newest back: a partition that is not closed yet is in one before."""
GAPS = 100
"""That are named of a partition, the oldest; all are counted."""


@dataclass(frozen=True)
class ArchiveStores:
    """The archive, and what compaction remembers of it."""

    archive: ArchiveBlobs
    remembered: ArchiveBlobs
    generation: str


class PartitionGaps(Answer, frozen=True, kw_only=True):
    """What the archive lacks of a hub partition."""

    generation: str
    partition: str
    hour: Annotated[str, Meta(description="The newest hour that is compacted, to its end.")]
    through: Annotated[int, Meta(description="The highest number up to then; -1: none.")]
    missing: Annotated[int, Meta(description="Numbers below it that the archive does not hold.")]
    gaps: Annotated[list[list[int]], Meta(description="[first, last] of the first hundred.")]


class ArchiveGaps(Answer, frozen=True):
    """What the archive lacks."""

    missing: int
    closed_until: Annotated[
        str | None, Meta(description="Everything that was enqueued before is archived; null: not known yet.")
    ]
    partitions: list[PartitionGaps]


@dataclass(frozen=True)
class Holding:
    """A partition as of the end of an hour."""

    hour: datetime
    entry: Entry


async def archive_gaps(stores: ArchiveStores) -> ArchiveGaps:
    """By every partition that was ever compacted. Raises Transient."""
    closing = await read_closing(stores)
    rows = [_row(key, one) for key, one in sorted((await holdings(stores, closing)).items(), key=_order)]
    return ArchiveGaps(sum(row.missing for row in rows), _closed_until(closing, stores.generation), rows)


async def read_closing(stores: ArchiveStores) -> Closing:
    """What compaction knows; nothing before its first run."""
    found = await stores.remembered.find(CLOSING)
    return Closing.decode(found[0]) if found else Closing()


async def holdings(stores: ArchiveStores, closing: Closing) -> dict[str, Holding]:
    """``generation/partition`` → what the newest manifest that has it says."""
    found: dict[str, Holding] = {}
    if not closing.hours:
        return found
    hour, wanted = datetime.fromisoformat(max(closing.hours)), set(closing.partitions)
    for _ in range(HOURS):
        read = await stores.archive.find(manifest_name(hour))
        entries = Manifest.decode(read[0]).partitions if read else {}
        found = {key: Holding(hour, entry) for key, entry in entries.items()} | found
        if wanted <= found.keys():
            break
        hour -= HOUR
    return found


def _closed_until(closing: Closing, generation: str) -> str | None:
    """Of the present life of the hub: nothing can come of an earlier one."""
    own = [one.closed for key, one in closing.partitions.items() if key.startswith(f"{generation}/")]
    closed = [at for at in own if at is not None]
    return instant(millis(min(closed))) if closed and len(closed) == len(own) else None


def _row(key: str, held: Holding) -> PartitionGaps:
    generation, _, partition = key.rpartition("/")
    return PartitionGaps(
        generation=generation,
        partition=partition,
        hour=instant(millis(held.hour)),
        through=held.entry.through,
        missing=count(held.entry.gaps),
        gaps=[list(gap) for gap in held.entry.gaps[:GAPS]],
    )


def _order(item: tuple[str, Holding]) -> tuple[str, int, str]:
    generation, _, partition = item[0].rpartition("/")
    return generation, len(partition), partition
