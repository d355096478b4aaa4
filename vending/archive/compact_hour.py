"""One hour of the archive: Parquet files under new names → the manifest that names them → old files go."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vending.archive.layout import folder, manifest_name
from vending.archive.manifest import NOTHING_BEFORE, Entry, Manifest, RawBlob, carried, subtract
from vending.archive.read_archive import Damaged
from vending.archive.write_table import TableWriter
from vending.ports import ArchiveBlobs, Hub, Table
from vending.state.intervals import Intervals

log = logging.getLogger(__name__)

ORPHAN = timedelta(hours=1)
"""A Parquet file that no manifest names is deleted when it is older: no run takes that long."""

HOURS_A_RUN, EVENTS_A_RUN = 240, 2_000_000
"""After which a run ends, in good time before the functions' own limit; the next one goes on."""


@dataclass(frozen=True)
class Archive:
    """What compaction works on. ``writer`` names what decides a Parquet file's bytes besides its events."""

    blobs: ArchiveBlobs
    hub: Hub
    generation: str
    table: Callable[[], Table]
    writer: str
    remembered: ArchiveBlobs | None = None
    """Where its state lies; None: beside the archive. Lost, every hour is looked at once more."""

    @property
    def memory(self) -> ArchiveBlobs:
        """See ``remembered``."""
        return self.remembered or self.blobs


@dataclass
class Compacted:
    """What a run did."""

    events: int = 0
    tables: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    contended: list[datetime] = field(default_factory=list)
    """Hours that somebody else was writing to; the next run looks again."""
    visited: int = 0
    more: bool = False
    """Whether there was more to do than one run does."""

    @property
    def full(self) -> bool:
        """Whether the run has done enough."""
        return self.visited >= HOURS_A_RUN or self.events >= EVENTS_A_RUN


@dataclass(frozen=True)
class HourCompaction:
    """Brings manifests up to date."""

    archive: Archive
    now: datetime
    outcome: Compacted

    async def manifest(self, hour: datetime) -> Manifest:
        """The hour's manifest, or one with nothing in it."""
        found = await self.archive.blobs.find(manifest_name(hour))
        return Manifest.decode(found[0]) if found else Manifest(hour, {})

    async def compact(
        self, hour: datetime, raw: Mapping[str, list[RawBlob]], closed: Sequence[str], before: Manifest
    ) -> Manifest:
        """The hour's new manifest, from its raw blobs by key; ``before`` is the previous hour's.

        Raises Conflict when somebody else writes to the hour.
        """
        blobs, name = self.archive.blobs, manifest_name(hour)
        found = await blobs.find(name)
        old = Manifest.decode(found[0]) if found else Manifest(hour, {})
        entries = dict(old.partitions)
        ended = (key for key in before.partitions if not key.startswith(f"{self.archive.generation}/"))
        for key in sorted({*closed, *old.partitions, *ended}):
            entry = await self._entry(hour, key, raw.get(key, []), old.partitions.get(key, NOTHING_BEFORE))
            entries[key] = carried(entry, before.partitions.get(key, NOTHING_BEFORE))
        new = Manifest(hour, entries)
        if new != old:
            await blobs.replace(name, new.encode(), found[1] if found else None)
            self.outcome.manifests.append(name)
        await self._sweep(new, old)
        return new

    async def _entry(self, hour: datetime, key: str, raw: list[RawBlob], held: Entry) -> Entry:
        """What the hour holds of a partition; the held entry where the raw blobs are as they were."""
        if held.raw == raw:
            return held
        writer = TableWriter(self.archive.blobs, self.archive.table, self.archive.writer)
        try:
            entry = await writer.write(hour, key, raw) if raw else NOTHING_BEFORE
            if lost := subtract(held.numbers, entry.numbers):
                raise Damaged(f"raw/{folder(hour)}", f"{key} held the numbers {lost}, and lost them")
        except Damaged as fault:
            log.error("not compacted: %s", fault)
            self.outcome.damaged.append(fault)
            return held
        if entry.table:
            self.outcome.tables.append(entry.table.name)
            self.outcome.events += entry.count
        return entry

    async def _sweep(self, new: Manifest, old: Manifest) -> None:
        """Delete what the old manifest named and the new one does not, and what crashed runs left."""
        named, superseded = _tables(new), _tables(old)
        async for listed in self.archive.blobs.listing(f"parquet/{folder(new.hour)}/g="):
            orphan = listed.modified < self.now - ORPHAN
            if listed.name not in named and (orphan or listed.name in superseded):
                await self.archive.blobs.delete(listed.name)


def handed_on(manifest: Manifest) -> dict[str, tuple[int, Intervals]]:
    """What the next hour builds on."""
    return {key: (entry.through, entry.gaps) for key, entry in manifest.partitions.items()}


def _tables(manifest: Manifest) -> set[str]:
    return {entry.table.name for entry in manifest.partitions.values() if entry.table}
