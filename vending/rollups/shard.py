"""One unit of the rollups' work, of bounded size: a stretch of a feed range, what the catalog changed, or
some steps of closing a day.

The ledger pages of the range name the dirty days, however late they are. The continuation moves last: a
shard that crashes before that is redone.
"""

from collections.abc import Coroutine, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from vending.catalog.assignments import Assignment
from vending.documents.pages import LedgerPage
from vending.documents.rollup_state import Shard
from vending.errors import Conflict, Rejected
from vending.ports import Put
from vending.readable import readable
from vending.rollups import machine_days
from vending.rollups.catalog_changes import rework, spread
from vending.rollups.close_days import close_day
from vending.rollups.compute import DirtyDay
from vending.rollups.days import recompute
from vending.rollups.due import note_broken
from vending.rollups.run import Run
from vending.rollups.timer import RollUpStores, feed_ranges, state_of

CHANGES_A_READ = 100
READS = 50
LINES = 2_000
"""An invocation reads until it has that many lines, or has read that often; then a follow-up goes on."""


class Stretch(NamedTuple):
    """What is new in a feed range."""

    pages: list[LedgerPage]
    defective: set[str]
    """Machines with a page that is malformed."""
    continuation: str | None
    """Where to go on."""
    more: bool
    """Whether there was more to read."""


async def roll_up_shard(message: Mapping[str, Any], now: datetime, stores: RollUpStores) -> None:
    """Do what a message of the queue ``rollup-shards`` asks for. Raises Transient, for a redelivery."""
    match message:
        case {"shard": int(number)}:
            await _once(f"shard {number}", _shard(number, now, stores), stores)
        case {"close": str(date)}:
            await close_day(date, now, stores)
        case {"catalog": int(version)}:
            await _once("catalog", spread(version, now, stores), stores)
        case {"machine": str(machine)}:
            await _once(f"machine {machine}", rework(machine, now, stores), stores)
        case _:
            raise Rejected("wrong-schema", f"no rollup work: {dict(message)!r}")


async def _once(what: str, work: Coroutine[Any, Any, None], stores: RollUpStores) -> None:
    """Work that no other invocation of this process does just now; else the next tick asks for it again.

    Two that do the same are right, but each takes the writes of the other for lost ones and does its own once
    more. Where ticks come faster than the work is done, there would be ever more of them, ever slower.
    """
    if what in stores.at_work:
        work.close()
        return
    stores.at_work.add(what)
    try:
        await work
    finally:
        stores.at_work.remove(what)


async def _shard(number: int, now: datetime, stores: RollUpStores) -> None:
    ranges = await feed_ranges(stores)
    if number >= len(ranges):
        raise Rejected("wrong-schema", f"shard {number} of {len(ranges)}: no such feed range was stored")
    shard, etag = await state_of(stores, Shard(id=f"shard:{number}"))
    read = await _read(ranges[number], shard.continuation, stores)
    if read.pages or read.defective:
        await _recompute(read, now, stores)
    if read.continuation == shard.continuation:
        return
    shard.continuation = read.continuation
    try:
        await stores.fleet.write(shard.scope, [Put(shard.dump(), etag)])
    except Conflict:
        return  # another one is on this range, and stands where it has done all the work itself
    if read.more:
        await stores.queue.send({"shard": number})


async def _read(feed_range: str, continuation: str | None, stores: RollUpStores) -> Stretch:
    pages: list[LedgerPage] = []
    defective: set[str] = set()
    for _ in range(READS):
        changes, continuation = await stores.ledger.changes(feed_range, continuation, CHANGES_A_READ)
        if not changes:
            return Stretch(pages, defective, continuation, more=False)
        for body in changes:
            if body.get("type") != "page":
                continue
            if page := readable(body, LedgerPage):
                pages.append(page)
            else:
                defective.add(body["machineId"])
        if sum(len(page.lines) for page in pages) >= LINES:
            break
    return Stretch(pages, defective, continuation, more=True)


async def _recompute(read: Stretch, now: datetime, stores: RollUpStores) -> None:
    """The days that the pages' lines belong to. A machine with a defect is noted, and blocks no other."""
    # The catalog is read after the feed: whatever changes it later will see these pages itself.
    version, run = await stores.catalog.refresh(), Run(now, stores)
    assignments: dict[str, Assignment] = {}
    pages: dict[tuple[str, str], dict[str, LedgerPage]] = {}
    for page in read.pages:
        machine = page.machine_id
        with run.broken.costs("", {machine}, f"{machine}: the business days of {page.id}"):
            known = assignments.get(machine) or await stores.catalog.assignment(machine)
            assignments[machine] = known
            for day in machine_days.days_of(page, known):
                pages.setdefault((machine, day), {})[page.id] = page
    days = sorted(pages.items())
    await recompute([DirtyDay(assignments[machine], day, told) for (machine, day), told in days], run)
    run.broken.machines.update(dict.fromkeys(read.defective, ""))
    await note_broken(run.broken, version, now, stores)
