"""Close a business day: its early figures give way to those of the tree, which are computed from the ledger.

First it is noted that the day closes: no sale of a machine further west puts that off any more, as it would
for a day of which some buckets are sealed. Then in steps, each of which may be done again: every bucket is
sealed, so that nothing is added to it, and its machines' days are computed and carried up (steps 0 to 63);
the fleet's early figures go (64); the buckets are emptied (65), and the day is open no longer. Readers read a
bucket until its own step is done.
"""

from datetime import datetime

from vending.documents.base import load
from vending.documents.days import BUCKETS, BucketDay, Early
from vending.documents.rollup_state import OpenDay, OpenDays
from vending.errors import Conflict
from vending.ports import Put
from vending.retry import retry_on_conflict
from vending.rollups import buckets
from vending.rollups.compute import DirtyDay
from vending.rollups.days import recompute
from vending.rollups.due import note_broken
from vending.rollups.open_days import without_early
from vending.rollups.run import Run
from vending.rollups.timer import RollUpStores, state_of
from vending.time import millis

MACHINES = 200
"""Machine days of one invocation, or those of one bucket; a follow-up message goes on."""


async def close_day(date: str, now: datetime, stores: RollUpStores) -> None:
    """Do the next steps. Raises Transient."""
    held, etag = await state_of(stores, OpenDays())
    day = next((one for one in held.days if one.date == date), None)
    if day is None or not day.due(millis(now)):
        return
    if not day.went_on:
        pass  # what is noted is that it begins
    elif day.step < BUCKETS:
        done = 0
        while day.step < BUCKETS and done < MACHINES:
            done += await _close_bucket(day, now, stores)
            day.step += 1
    elif day.step == BUCKETS:
        await without_early(date, stores.fleet)
        day.step += 1
    else:
        for bucket in range(BUCKETS):
            await _sealed(bucket, date, stores, empty=True)
        held.days.remove(day)
    day.went_on = millis(now)
    try:
        await stores.fleet.write(held.scope, [Put(held.dump(), etag)])
    except Conflict:
        return  # done by another one, or another day was opened meanwhile: the timer comes back
    if day in held.days:
        await stores.queue.send({"close": date})


async def _close_bucket(day: OpenDay, now: datetime, stores: RollUpStores) -> int:
    """Seal the next bucket and count its machines in the tree; how many."""
    entries = await _sealed(day.step, day.date, stores)
    version, run = await stores.catalog.refresh(), Run(now, stores)
    dirty: list[DirtyDay] = []
    for machine in sorted(machine for machine, entry in entries.items() if entry.site):
        with run.broken.costs(day.date, {machine}, f"{machine} {day.date}"):
            dirty.append(DirtyDay(await stores.catalog.assignment(machine), day.date, {}))
    await recompute(dirty, run)
    await note_broken(run.broken, version, now, stores)
    return len(dirty)


async def _sealed(bucket: int, date: str, stores: RollUpStores, *, empty: bool = False) -> dict[str, Early]:
    """The entries of a bucket to which nothing is added from now on; one that nobody needs is stored too, so
    that nobody makes it."""
    scope, name = buckets.bucket_key(bucket, date)

    async def attempt() -> dict[str, Early]:
        stored = await stores.fleet.read(scope, name)
        held = load(stored.body, BucketDay) if stored else buckets.empty(bucket, date)
        if held.sealed and not (empty and held.early):
            return held.early
        held.sealed = True
        held.early = {} if empty else held.early
        await stores.fleet.write(scope, [Put(held.dump(), stored.etag if stored else None)])
        return held.early

    return await retry_on_conflict(f"{scope} {date}", attempt)
