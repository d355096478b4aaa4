"""Compaction: closed hours of the raw archive become Parquet files, each hour with a manifest.

closing rule (vending/archive/closing.py) → per hour, oldest first: Parquet files under new names → the
manifest, which makes them count → old files go. A run that dies anywhere leaves the old manifest or the new
one, and files that nobody reads; the next run does what is left. An hour whose raw blobs changed is compacted
again.
"""

import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from vending.archive.closing import Closing, Progress, Seen
from vending.archive.compact_hour import Archive, Compacted, HourCompaction, handed_on
from vending.archive.layout import CLOSING, HOUR, block_range, day_folder, folder, raw_name
from vending.archive.manifest import RawBlob
from vending.archive.read_archive import Damaged
from vending.errors import Conflict
from vending.ports import ArchiveBlobs

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)
"""How far the clocks that stamp enqueued times may be behind ours."""
LOOKBACK = timedelta(hours=48)
"""How long a closed hour is watched for late appends. ``vendctl archive audit`` finds older ones."""
Hours = dict[datetime, dict[str, list[RawBlob]]]
"""Raw blobs by hour and key (``generation/partition``)."""


async def compact_archive(
    archive: Archive, now: datetime, *, grace: timedelta = GRACE, again: bool = False
) -> Compacted:
    """Compact every closed hour that needs it; ``again``: look at all hours, however old.

    Raises Transient, and Conflict when another run saved its state first.
    """
    outcome = Compacted()
    found = await archive.memory.find(CLOSING)
    state = Closing.decode(found[0]) if found else Closing()
    if again:
        state.hours.clear()
    for end in await archive.hub.ends():
        _read(state, f"{archive.generation}/{end.partition}", end.last, now, outcome)
    hours = await _listed(archive.blobs, state, now)
    await _note_held(archive, state, hours, outcome)
    await _Run(archive, state, hours, now, grace, outcome).hours_in_order()
    _forget(state, now, grace)
    await archive.memory.replace(CLOSING, state.encode(), found[1] if found else None)
    return outcome


def _read(state: Closing, key: str, last: int, now: datetime, outcome: Compacted) -> None:
    progress = state.partitions.setdefault(key, Progress())
    if last < progress.held:
        told = f"the hub gave out numbers up to {last}, the archive holds {progress.held}: if the hub was"
        outcome.damaged.append(Damaged(key, f"{told} recreated, set HUB_GENERATION to a new value"))
        log.error("not closed: %s", outcome.damaged[-1])
        return
    progress.reading(now, last)


async def _listed(blobs: ArchiveBlobs, state: Closing, now: datetime) -> Hours:
    """Raw blobs since the oldest hour that compaction still watches, else since the first there is."""
    hours: Hours = {}
    if state.hours:
        start = datetime.fromisoformat(min(state.hours))
    else:
        first = await anext(raw_blobs(blobs, "raw/"), None)
        if first is None:
            return hours
        start = first[1]
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
        try:
            parts = raw_name(listed.name)
        except ValueError:  # somebody else's; an audit names it
            continue
        yield parts.key, parts.hour, RawBlob(listed.name, listed.etag, listed.size)


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

    @property
    def work(self) -> HourCompaction:
        """What compacts one hour."""
        return HourCompaction(self.archive, self.now, self.outcome)

    async def hours_in_order(self) -> None:
        """Every hour that may be closed, until one is contended or the run has done enough."""
        if not self.hours:
            return
        hour, before = min(self.hours), await self.work.manifest(min(self.hours) - HOUR)
        handed = _digest(handed_on(before))
        while hour + HOUR + self.grace <= self.now and not self.outcome.more:
            closed = self._closed(hour)
            seen = self.state.hours.get(hour.isoformat())
            made_from = _digest([handed, [(key, self.hours.get(hour, {}).get(key, [])) for key in closed]])
            if closed and (seen is None or seen.made_from != made_from):
                seen = await self._visit(hour, closed, made_from)
                if seen is None:
                    return
            handed = seen.hands_on if seen else ""
            hour += HOUR

    async def _visit(self, hour: datetime, closed: list[str], made_from: str) -> Seen | None:
        """Compact an hour; None when the run ends here."""
        outcome = self.outcome
        if outcome.full:
            outcome.more = True
            return None
        outcome.visited += 1
        try:
            before = await self.work.manifest(hour - HOUR)
            manifest = await self.work.compact(hour, self.hours.get(hour, {}), closed, before)
        except Conflict as fault:
            log.info("hour %s is contended, left to the next run: %s", hour.isoformat(), fault)
            outcome.contended.append(hour)
            return None
        seen = Seen(made_from, _digest(handed_on(manifest)))
        if not any(damage.blob.startswith(f"raw/{folder(hour)}") for damage in outcome.damaged):
            self.state.hours[hour.isoformat()] = seen
        return seen

    def _closed(self, hour: datetime) -> list[str]:
        """The keys that are closed; of an earlier life of the hub nothing can come any more."""
        current = f"{self.archive.generation}/"
        own = [
            key
            for key, progress in self.state.partitions.items()
            if key.startswith(current) and progress.closes(hour + HOUR, self.grace)
        ]
        return sorted({*own, *(key for key in self.hours.get(hour, {}) if not key.startswith(current))})


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:16]
