"""One unit of the rollups' work, of bounded size: a stretch of a feed range, or what the catalog changed.

The ledger pages of the range name the dirty days, however late they are. The continuation moves last: a
shard that crashes before that is redone.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from vending.catalog.catalog import Assignment
from vending.documents.base import load
from vending.documents.pages import LedgerPage
from vending.documents.rollup_state import Shard
from vending.errors import Conflict, Rejected, VendstreamError
from vending.ports import Put
from vending.rollups import machine_days
from vending.rollups.catalog_changes import RETRY_AFTER, Due, note, rework, spread
from vending.rollups.days import recompute
from vending.rollups.roll_up import RollUpStores, feed_ranges, state_of

log = logging.getLogger(__name__)

CHANGES_A_READ = 100
READS = 20
DAYS = 200
"""An invocation reads until it has that many dirty days, or has read that often; then a follow-up goes on."""


async def roll_up_shard(message: Mapping[str, Any], now: datetime, stores: RollUpStores) -> None:
    """Do what a message of the queue ``rollup-shards`` asks for. Raises Transient, for a redelivery."""
    match message:
        case {"shard": int(number)}:
            await _shard(number, now, stores)
        case {"catalog": int(version)}:
            await spread(version, now, stores)
        case {"machine": str(machine)}:
            await rework(machine, now, stores)
        case _:
            raise Rejected("wrong-schema", f"no rollup work: {dict(message)!r}")


async def _shard(number: int, now: datetime, stores: RollUpStores) -> None:
    ranges = await feed_ranges(stores)
    if number >= len(ranges):
        raise Rejected("wrong-schema", f"shard {number} of {len(ranges)}: no such feed range was stored")
    shard, etag = await state_of(stores, Shard(id=f"shard:{number}"))
    pages, continuation, more = await _read(ranges[number], shard.continuation, stores)
    if pages:
        await _recompute(pages, now, stores)
    if continuation == shard.continuation:
        return
    shard.continuation = continuation
    try:
        await stores.fleet.write(shard.scope, [Put(shard.dump(), etag)])
    except Conflict:
        return  # another one is on this range, and stands where it has done all the work itself
    if more:
        await stores.queue.send({"shard": number})


async def _read(
    feed_range: str, continuation: str | None, stores: RollUpStores
) -> tuple[list[LedgerPage], str | None, bool]:
    """New ledger pages, where to go on, and whether there was more to read."""
    pages: list[LedgerPage] = []
    for _ in range(READS):
        changes, continuation = await stores.ledger.changes(feed_range, continuation, CHANGES_A_READ)
        if not changes:
            return pages, continuation, False
        pages += [load(body, LedgerPage) for body in changes if body.get("type") == "page"]
        if sum(len(page.lines) for page in pages) >= DAYS:
            break
    return pages, continuation, True


async def _recompute(pages: Iterable[LedgerPage], now: datetime, stores: RollUpStores) -> None:
    """The days that the pages' lines belong to. A machine with a defect is noted, and blocks no other."""
    # The catalog is read after the feed: whatever changes it later will see these pages itself.
    version = await stores.catalog.refresh()
    dirty: dict[tuple[str, str], set[str]] = {}
    assignments: dict[str, Assignment] = {}
    broken: dict[str, str] = {}
    for page in pages:
        machine = page.machine_id
        try:
            known = assignments.get(machine) or await stores.catalog.assignment(machine)
            assignments[machine] = known
            for day in machine_days.days_of(page, known):
                dirty.setdefault((machine, day), set()).add(page.id)
        except VendstreamError:
            raise
        except Exception:
            log.exception("%s: no business days for %s; retried in an hour", machine, page.id)
            broken[machine] = ""
    broken = await recompute(dirty, assignments, now, stores) | broken
    for machine, since in sorted(broken.items()):
        await note(machine, Due(since, now + RETRY_AFTER, broken=True), version, stores)
