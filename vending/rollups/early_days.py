"""Count what is new of open days in their buckets, each of which is read and replaced once.

What a bucket gives to the day of the fleet is given always, even where nothing changed: whoever wrote the
bucket may have crashed before the next level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vending.business_day import instant
from vending.documents.base import load
from vending.documents.days import BucketDay, Early
from vending.ports import Put
from vending.retry import retry_on_conflict
from vending.rollups import breakdowns, buckets, machine_days
from vending.rollups.compute import ROUNDS, Computed, DirtyDay, InBucket, check, compute
from vending.rollups.run import Run, Share, finished
from vending.time import millis

Moved = dict[int, dict[str, Early]]
"""Bucket → machines that are counted elsewhere now."""
Done = dict[str, tuple[Early | None, Computed | None]]
"""Machine → the entry that was held, and what its day came to."""


@dataclass
class Counted:
    """What came of one attempt on a bucket."""

    bucket: BucketDay
    entries: dict[str, Early] = field(default_factory=dict)
    """Those that are new or have changed."""
    shares: list[Share] = field(default_factory=list)
    """Of days that are closed: for the tree."""
    moved: Moved = field(default_factory=dict)


async def count_early(bucket: int, dirty: Sequence[DirtyDay], run: Run) -> list[Share]:
    """Count days of one date that belong to one bucket; what it gives upwards, and what those give that some
    of them have left."""
    day, machines = dirty[0].day, frozenset(one.machine for one in dirty)
    scope, name = buckets.bucket_key(bucket, day)
    done: Done = {}

    async def attempt() -> Counted:
        stored = await run.stores.fleet.read(scope, name)
        held = load(stored.body, BucketDay) if stored else buckets.empty(bucket, day)
        counted = await _count(held, bucket, dirty, run, done)
        await _write(counted.bucket, counted.entries, stored.etag if stored else None, run)
        return counted

    with run.broken.costs(day, machines, f"{scope} {day}"):
        counted = await retry_on_conflict(f"{scope} {day}", attempt, ROUNDS)
        shares = [*counted.shares, *_upwards(counted.bucket, machines)]
        for other, entries in sorted(counted.moved.items()):
            shares += await _leave(other, day, entries, run)
        return shares
    return []


async def _count(held: BucketDay, bucket: int, dirty: Sequence[DirtyDay], run: Run, done: Done) -> Counted:
    counted = Counted(held)

    async def one(dirty: DirtyDay) -> list[None]:
        entry = held.early.get(dirty.machine)
        with run.broken.costs(dirty.day, {dirty.machine}, f"{dirty.machine} {dirty.day}"):
            if not _added(counted, dirty, entry, run):
                async with run.gate:
                    await _from_ledger(counted, dirty, InBucket(bucket, entry, held.sealed), run, done)
        return []

    await finished(one(each) for each in dirty)
    return counted


def _added(counted: Counted, dirty: DirtyDay, entry: Early | None, run: Run) -> bool:
    """Whether the pages could be added to what is held."""
    if counted.bucket.sealed or entry is None or not dirty.pages or dirty.closes <= millis(run.now):
        return False
    new = buckets.added(entry, dirty.pages.values(), dirty.assignment, dirty.day)
    if new is not None and new is not entry:
        counted.entries[dirty.machine] = new
    return new is not None


async def _from_ledger(counted: Counted, dirty: DirtyDay, early: InBucket, run: Run, done: Done) -> None:
    """By an attempt before this one, if nobody has changed the entry since."""
    before = done.get(dirty.machine)
    if before is None or before[0] != early.held:
        before = early.held, await compute(dirty, run.now, run.stores.machines, early)
        done[dirty.machine] = before
    _, computed = before
    if computed is None:
        return
    document = computed.document
    new = buckets.entry(document, computed.pages, dirty.assignment)
    if not counted.bucket.sealed and buckets.replaces(new, early.held):
        counted.entries[dirty.machine] = buckets.stored(new, grows=not (document.prices or document.closed))
    if document.closed or counted.bucket.sealed:
        machine = frozenset({dirty.machine})
        counted.shares += [(share, machine) for share in machine_days.contributions(document)]
        await run.closed(dirty.assignment, document)
    for other in document.buckets or ():
        if other != early.bucket:
            counted.moved.setdefault(other, {})[dirty.machine] = buckets.gone(document)


async def _write(bucket: BucketDay, entries: Mapping[str, Early], etag: str | None, run: Run) -> None:
    if not entries:
        return
    bucket.early.update(entries)
    bucket.rev += 1
    bucket.computed_at = instant(millis(run.now))
    check(f"{bucket.scope} {bucket.date}", breakdowns.narrow_bucket(bucket))
    await run.stores.fleet.write(bucket.scope, [Put(bucket.dump(), etag)])


def _upwards(bucket: BucketDay, machines: frozenset[str]) -> list[Share]:
    return [] if bucket.sealed else [(share, machines) for share in buckets.upwards(bucket)]


async def _leave(bucket: int, day: str, entries: Mapping[str, Early], run: Run) -> list[Share]:
    """Machines are counted in another bucket: nothing of them counts here any more."""
    scope, name = buckets.bucket_key(bucket, day)

    async def attempt() -> BucketDay | None:
        stored = await run.stores.fleet.read(scope, name)
        held = load(stored.body, BucketDay) if stored else None
        if stored is None or held is None or (held.sealed and not held.early):
            return None
        left = {
            machine: entry
            for machine, entry in entries.items()
            if machine in held.early and buckets.replaces(entry, held.early[machine])
        }
        await _write(held, left, stored.etag, run)
        return held

    left = await retry_on_conflict(f"{scope} {day}", attempt, ROUNDS)
    return [(share, frozenset(entries)) for share in buckets.upwards(left)] if left else []
