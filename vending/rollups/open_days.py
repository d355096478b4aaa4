"""Which business days are open: what is sold then is counted early, in buckets, and in the tree at the end.

A day is opened by its first sale, and closes when the last of its machines closes it: when it has ended
there, and devices that are merely slow have reported.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from vending import business_day
from vending.documents.base import load
from vending.documents.days import WholeDay
from vending.documents.rollup_state import OpenDay, OpenDays
from vending.errors import VendstreamError
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.rollups import tree
from vending.rollups.compute import DirtyDay
from vending.rollups.timer import RollUpStores, state_of
from vending.time import millis

log = logging.getLogger(__name__)

MOST = 10
"""Days at once: yesterday, today and tomorrow wherever a machine stands, and some that are slow to close.
What is beyond is counted by the tree alone."""
RECENT = timedelta(days=3)
"""A day before these is closed everywhere."""


async def opened(dirty: Iterable[DirtyDay], now: datetime, stores: RollUpStores) -> dict[str, OpenDay]:
    """The open days, now also those that these sales open. Raises Transient."""
    closes: dict[str, int] = {}
    for one in dirty:
        closes[one.day] = max(one.closes, closes.get(one.day, 0))
    recent = business_day.day_of(millis(now - RECENT), "Etc/UTC")

    async def attempt() -> dict[str, OpenDay]:
        held, etag = await state_of(stores, OpenDays())
        known = {one.date: one for one in held.days}
        changed = False
        for day, at in sorted(closes.items()):
            room = at > millis(now) and len(known) < MOST
            if day not in known and (day < recent or not await _counts_early(day, room, stores.fleet)):
                continue
            one = known.setdefault(day, OpenDay(day, 0))
            if one.closes < at and not one.went_on:
                one.closes, changed = at, True
        if changed:
            held.days = [known[day] for day in sorted(known)]
            await stores.fleet.write(held.scope, [Put(held.dump(), etag)])
        return known

    return await retry_on_conflict("the list of open days", attempt)


async def _counts_early(day: str, may_open: bool, fleet: Documents) -> bool:
    """Whether the day has early figures: the first who counts anything of it decides that, by the day of the
    fleet. So a day that was closed does not open again, nor one that an older version has begun to count.

    Where a day of the fleet fails for good, the tree finds that too, and its machines are tried again.
    """
    try:
        whole, etag = await _whole(tree.FLEET, day, fleet)
        if etag is None:
            whole.early = {} if may_open else None
            await fleet.write(tree.FLEET, [Put(whole.dump())])
        if whole.early is not None:
            await _set_early(tree.PRODUCTS, day, {}, fleet)
        return whole.early is not None
    except VendstreamError:
        raise
    except Exception:
        log.exception("%s cannot be counted early", day)
        return False


async def without_early(day: str, fleet: Documents) -> None:
    """The day of the fleet is that of the tree from now on."""
    await _set_early(tree.FLEET, day, None, fleet)
    await _set_early(tree.PRODUCTS, day, None, fleet)


async def _set_early(scope: str, day: str, early: dict[str, Any] | None, fleet: Documents) -> None:
    """Begin the early figures of a day, unless it has some; or take them away."""

    async def attempt() -> None:
        held, etag = await _whole(scope, day, fleet)
        if etag is not None and (held.early is None) == (early is None):
            return
        held.early = early
        held.rev += 1
        await fleet.write(scope, [Put(held.dump(), etag)])

    await retry_on_conflict(f"{scope} {day}", attempt)


async def _whole(scope: str, day: str, fleet: Documents) -> tuple[WholeDay, str | None]:
    """A day of the whole fleet and its ETag; one without figures where there is none."""
    stored = await fleet.read(scope, tree.day_id(day))
    body = stored.body if stored else tree.empty(scope, day).dump()
    return load(body, WholeDay), stored.etag if stored else None
