"""Compaction: closed hours of the raw archive become Parquet files, each hour with a manifest.

closing rule (vending/domain/closing.py) → per hour, oldest first: Parquet files under new names → the
manifest, which makes them count → old files go. A run that dies anywhere leaves the old manifest or the new
one, and files that nobody reads; the next run does what is left. An hour whose raw blobs changed is compacted
again.
"""

import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from vending.domain import closing as closing_state
from vending.domain import manifest as manifests
from vending.domain.closing import Closing, Progress, Seen
from vending.domain.layout import (
    CLOSING,
    HOUR,
    block_range,
    day_folder,
    folder,
    manifest_name,
    raw_name,
)
from vending.domain.manifest import Entry, Manifest, RawBlob
from vending.errors import Conflict
from vending.ports import ArchiveBlobs, Hub, Listed, Table
from vending.usecases.read_archive import Damaged
from vending.usecases.write_table import TableWriter

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)
"""How far the clocks that stamp enqueued times may be behind ours."""
LOOKBACK = timedelta(hours=48)
"""How long a closed hour is watched for late appends. ``vendctl archive audit`` finds older ones."""
ORPHAN = timedelta(hours=1)
"""A Parquet file that no manifest names is deleted when it is older: no run takes that long."""

Hours = dict[datetime, dict[str, list[RawBlob]]]
"""Raw blobs by hour and key (``generation/partition``)."""


@dataclass(frozen=True)
class Archive:
    """What compaction works on. ``writer`` names what decides a Parquet file's bytes besides its events."""

    blobs: ArchiveBlobs
    hub: Hub
    generation: str
    table: Callable[[], Table]
    writer: str


@dataclass
class Compacted:
    """What a run did."""

    events: int = 0
    tables: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    contended: list[datetime] = field(default_factory=list)
    """Hours that somebody else was writing to; the next run looks again."""


async def compact_archive(
    archive: Archive, now: datetime, *, grace: timedelta = GRACE, again: bool = False
) -> Compacted:
    """Compact every closed hour that needs it; ``again``: look at all hours, however old.

    Raises Transient, and Conflict when another run saved its state first.
    """
    outcome = Compacted()
    found = await archive.blobs.find(CLOSING)
    state = closing_state.decode(found[0]) if found else Closing()
    if again:
        state.hours.clear()
    for end in await archive.hub.ends():
        key = f"{archive.generation}/{end.partition}"
        state.partitions.setdefault(key, Progress()).reading(now, end.last)
    hours = await _listed(archive.blobs, state, now)
    await _note_held(archive, state, hours, outcome)
    await _Run(archive, state, hours, now, grace, outcome).hours_in_order()
    _forget(state, now, grace)
    await archive.blobs.replace(CLOSING, closing_state.encode(state), found[1] if found else None)
    return outcome


async def _listed(blobs: ArchiveBlobs, state: Closing, now: datetime) -> Hours:
    """Raw blobs since the oldest hour that compaction still watches, else since the first there is."""
    hours: Hours = {}
    if state.hours:
        start = datetime.fromisoformat(min(state.hours))
    else:
        first = await anext(aiter(blobs.names("raw/")), None)
        if first is None:
            return hours
        start = raw_name(first).hour
    day = start.date()
    while day <= now.date():
        async for key, hour, blob in raw_blobs(blobs, f"raw/{day_folder(day)}"):
            if hour >= start:
                hours.setdefault(hour, {}).setdefault(key, []).append(blob)
        day += timedelta(days=1)
    hours.setdefault(start, {})
    return hours


async def raw_blobs(blobs: ArchiveBlobs, prefix: str) -> AsyncIterator[tuple[str, datetime, RawBlob]]:
    """(key, hour, blob) below a prefix, the chunks of a key and hour in order."""
    async for listed in blobs.listing(prefix):
        parts = raw_name(listed.name)
        yield parts.key, parts.hour, _raw(listed)


def _raw(listed: Listed) -> RawBlob:
    return RawBlob(listed.name, listed.etag, listed.size)


async def _note_held(archive: Archive, state: Closing, hours: Hours, outcome: Compacted) -> None:
    """How far each partition is archived: the last block of its newest blob says."""
    for key, progress in state.partitions.items():
        own = [blob.name for hour in hours.values() for blob in hour.get(key, ())]
        if not own or not key.startswith(f"{archive.generation}/"):
            continue
        newest = max(own, key=lambda name: (raw_name(name).chunk, raw_name(name).hour))
        try:
            blocks = [block_range(block) for block in (await archive.blobs.blocks(newest)).ids]
        except ValueError as fault:
            outcome.damaged.append(Damaged(newest, f"a block that the archive did not write: {fault}"))
            continue
        if blocks:
            progress.archived(max(last for _, last in blocks))


def _forget(state: Closing, now: datetime, grace: timedelta) -> None:
    """Stop watching old hours that every partition has closed, but keep the newest of them."""
    old = [
        text
        for text in sorted(state.hours)
        if (end := datetime.fromisoformat(text) + HOUR) <= now - LOOKBACK
        and all(progress.closes(end, grace) for progress in state.partitions.values())
    ]
    for text in old[:-1] if len(old) == len(state.hours) else old:
        del state.hours[text]


@dataclass
class _Run:
    archive: Archive
    state: Closing
    hours: Hours
    now: datetime
    grace: timedelta
    outcome: Compacted

    async def hours_in_order(self) -> None:
        """Every hour that may be closed; the first one that is contended ends the run."""
        if not self.hours:
            return
        hour = min(self.hours)
        before: Manifest | None = await self._manifest(hour - HOUR)
        handed = _digest(_carry(before)) if before else ""
        while hour + HOUR + self.grace <= self.now:
            seen = self.state.hours.get(hour.isoformat())
            closed = self._closed(hour)
            made_from = self._made_from(hour, closed, handed)
            if closed and (seen is None or seen.made_from != made_from):
                try:
                    before = await self._hour(hour, closed, before or await self._manifest(hour - HOUR))
                except Conflict as fault:
                    log.info("hour %s is being written to: %s", hour.isoformat(), fault)
                    self.outcome.contended.append(hour)
                    return
                seen = Seen(made_from, _digest(_carry(before)))
                if not any(damage.blob.startswith(f"raw/{folder(hour)}") for damage in self.outcome.damaged):
                    self.state.hours[hour.isoformat()] = seen
            else:
                before = None
            handed = seen.hands_on if seen else ""
            hour += HOUR

    def _closed(self, hour: datetime) -> list[str]:
        """The keys that are closed; of an earlier life of the hub nothing can come any more."""
        current = f"{self.archive.generation}/"
        own = [
            key
            for key, progress in self.state.partitions.items()
            if key.startswith(current) and progress.closes(hour + HOUR, self.grace)
        ]
        return sorted({*own, *(key for key in self.hours.get(hour, {}) if not key.startswith(current))})

    def _made_from(self, hour: datetime, closed: list[str], handed: str) -> str:
        return _digest([handed, [(key, self.hours.get(hour, {}).get(key, [])) for key in closed]])

    async def _manifest(self, hour: datetime) -> Manifest:
        found = await self.archive.blobs.find(manifest_name(hour))
        return manifests.decode(found[0]) if found else Manifest(hour, {})

    async def _hour(self, hour: datetime, closed: list[str], before: Manifest) -> Manifest:
        """Bring an hour's manifest up to date."""
        blobs, name = self.archive.blobs, manifest_name(hour)
        found = await blobs.find(name)
        old = manifests.decode(found[0]) if found else Manifest(hour, {})
        entries = dict(old.partitions)
        ended = (key for key in before.partitions if not key.startswith(f"{self.archive.generation}/"))
        for key in sorted({*closed, *old.partitions, *ended}):
            entry = await self._entry(hour, key, old.partitions.get(key, manifests.NOTHING_BEFORE))
            entries[key] = manifests.carried(entry, before.partitions.get(key, manifests.NOTHING_BEFORE))
        new = Manifest(hour, entries)
        if new != old:
            await blobs.replace(name, manifests.encode(new), found[1] if found else None)
            self.outcome.manifests.append(name)
        await self._sweep(new, old)
        return new

    async def _entry(self, hour: datetime, key: str, held: Entry) -> Entry:
        """What the hour holds of a partition; the held entry where the raw blobs are as they were."""
        raw = self.hours.get(hour, {}).get(key, [])
        if held.raw == raw:
            return held
        writer = TableWriter(self.archive.blobs, self.archive.table, self.archive.writer)
        try:
            entry = await writer.write(hour, key, raw) if raw else manifests.NOTHING_BEFORE
            if lost := manifests.subtract(held.numbers, entry.numbers):
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
        """Delete what the old manifest named and the new one does not, and what dead runs left."""
        named, superseded = _tables(new), _tables(old)
        async for listed in self.archive.blobs.listing(f"parquet/{folder(new.hour)}/g="):
            orphan = listed.modified < self.now - ORPHAN
            if listed.name not in named and (orphan or listed.name in superseded):
                await self.archive.blobs.delete(listed.name)


def _carry(manifest: Manifest) -> Mapping[str, tuple[int, list[list[int]]]]:
    return {key: (entry.through, entry.gaps) for key, entry in manifest.partitions.items()}


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:16]


def _tables(manifest: Manifest) -> set[str]:
    return {entry.table.name for entry in manifest.partitions.values() if entry.table}
