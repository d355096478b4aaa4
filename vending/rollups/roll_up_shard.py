"""One unit of the rollups' work, of bounded size: a stretch of a feed range, or what the catalog changed.

The ledger pages of the range name the dirty days, however late they are. The continuation moves last: a
shard that dies anywhere before is done again.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from vending.catalog.catalog import Home
from vending.errors import Conflict, Rejected, Transient, VendstreamError
from vending.ports import Put
from vending.rollups import machine_days
from vending.rollups.roll_up import ROLLUP, RollUpStores, feed_ranges, state_of
from vending.rollups.roll_up_catalog import AGAIN, Due, note, rework, spread
from vending.rollups.roll_up_days import recompute
from vending.state import ledger

log = logging.getLogger(__name__)

CHANGES_A_READ = 100
READS = 20
DAYS = 200
"""An invocation reads until it has that many dirty days, or has read that often; then a follow-up goes on."""
Page = dict[str, Any]


async def roll_up_shard(message: Mapping[str, Any], now: datetime, stores: RollUpStores) -> None:
    """Do what a message of the queue ``rollup-shards`` asks for. Raises Transient: deliver it again."""
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
    state, stored = await state_of(stores, f"shard:{number}")
    before = state.get("continuation")
    pages, continuation, more = await _read(ranges[number], before, stores)
    if pages:
        await _recompute(pages, now, stores)
    if continuation == before:
        return
    try:
        body = state | {"continuation": continuation}
        await stores.fleet.write(ROLLUP, [Put(body, stored.etag if stored else None)])
    except Conflict:
        return  # another one is on this range, and stands where it has done all the work itself
    if more:
        await stores.queue.send({"shard": number})


async def _read(
    feed_range: str, continuation: str | None, stores: RollUpStores
) -> tuple[list[Page], str | None, bool]:
    """New ledger pages, where to go on, and whether there was more to read."""
    pages: list[Page] = []
    for _ in range(READS):
        changes, continuation = await stores.ledger.changes(feed_range, continuation, CHANGES_A_READ)
        if not changes:
            return pages, continuation, False
        pages += [known(body) for body in changes if body.get("type") == "page"]
        if sum(len(page["lines"]) for page in pages) >= DAYS:
            break
    return pages, continuation, True


def known(page: Page) -> Page:
    """A page of the feed, unless newer code wrote it: then the shard waits for its own newer version."""
    if page["schema"] > ledger.PAGE_SCHEMA:
        raise Transient(f"page {page['id']} has schema {page['schema']}: deploy the newer version everywhere")
    return page


async def _recompute(pages: Iterable[Page], now: datetime, stores: RollUpStores) -> None:
    """The days that the pages' lines belong to. A machine with a defect is noted, and holds nobody up."""
    # The catalog is read after the feed: whatever changes it later will see these pages itself.
    version = await stores.catalog.refresh()
    dirty: dict[tuple[str, str], set[str]] = {}
    homes: dict[str, Home] = {}
    broken: dict[str, str] = {}
    for page in pages:
        machine = page["machineId"]
        try:
            home = homes[machine] = homes.get(machine) or await stores.catalog.home(machine)
            for day in machine_days.days_of(page, home):
                dirty.setdefault((machine, day), set()).add(page["id"])
        except VendstreamError:
            raise
        except Exception:
            log.exception("%s: the days of %s cannot be told; tried again later", machine, page["id"])
            broken[machine] = ""
    broken = await recompute(dirty, homes, now, stores) | broken
    for machine, since in sorted(broken.items()):
        await note(machine, Due(since, now + AGAIN, broken=True), version, stores)
