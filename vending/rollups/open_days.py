"""Which business days are open: what is sold then is counted early, in buckets, and in the tree at the end.

A day is opened by its first sale, and closes when the last of its machines closes it: when it has ended
there, and devices that are merely slow have reported.
"""

from collections.abc import Iterable
from datetime import datetime

from vending.documents.base import load
from vending.documents.days import FleetDay, ProductsDay, WholeDay
from vending.documents.rollup_state import OpenDay, OpenDays
from vending.errors import Conflict
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.rollups import rollups
from vending.rollups.compute import DirtyDay
from vending.rollups.roll_up import RollUpStores, state_of
from vending.time import millis

MOST = 10
"""Days at once: yesterday, today and tomorrow wherever a machine stands, and some that are slow to close.
What is beyond is counted by the tree alone."""


async def open_days(stores: RollUpStores) -> dict[str, OpenDay]:
    """The open days by their dates: one point read."""
    held, _ = await state_of(stores, OpenDays(days=[]))
    return {one.date: one for one in held.days}


async def opened(dirty: Iterable[DirtyDay], now: datetime, stores: RollUpStores) -> dict[str, OpenDay]:
    """The open days, now also those that these sales open. Raises Transient."""
    wanted: dict[str, int] = {}
    for one in dirty:
        if (closes := one.closes) > millis(now):
            wanted[one.day] = max(closes, wanted.get(one.day, 0))

    async def attempt() -> dict[str, OpenDay]:
        held, etag = await state_of(stores, OpenDays(days=[]))
        known = {one.date: one for one in held.days}
        changed = False
        for day, closes in sorted(wanted.items()):
            if day not in known and (len(known) >= MOST or not await _may_open(day, stores.fleet)):
                continue
            one = known.setdefault(day, OpenDay(day, 0))
            if one.closes < closes and not one.step:
                one.closes, changed = closes, True
        if changed:
            held.days = [known[day] for day in sorted(known)]
            await stores.fleet.write(held.scope, [Put(held.dump(), etag)])
        return known

    return await retry_on_conflict("the list of open days", attempt)


async def _may_open(day: str, fleet: Documents) -> bool:
    """Whether the day has early figures, or can have: nothing of it is in the tree. A day that was closed
    does not open again, nor one that a version before this one has begun to count."""
    found = [await _empty(kind, scope, day, fleet) for kind, scope in _WHOLE]
    return all(one.early is not None for one in found)


_WHOLE: tuple[tuple[type[WholeDay], str], ...] = ((FleetDay, rollups.FLEET), (ProductsDay, rollups.PRODUCTS))


async def _empty(kind: type[WholeDay], scope: str, day: str, fleet: Documents) -> WholeDay:
    """The day of the fleet as it is stored; one without figures is made where there is none."""
    stored = await fleet.read(scope, rollups.day_id(day))
    if stored is None:
        new = kind(id=rollups.day_id(day), scope=scope, date=day, rev=0, children={}, early={})
        try:
            await fleet.write(scope, [Put(new.dump())])
        except Conflict:
            return await _empty(kind, scope, day, fleet)
        return new
    return load(stored.body, kind)


async def without_early(day: str, fleet: Documents) -> None:
    """The day of the fleet is that of the tree from now on."""

    for kind, scope in _WHOLE:

        async def attempt(kind: type[WholeDay] = kind, scope: str = scope) -> None:
            stored = await fleet.read(scope, rollups.day_id(day))
            held = load(stored.body, kind) if stored else None
            if stored is None or held is None or held.early is None:
                return
            held.early = None
            held.rev += 1
            await fleet.write(scope, [Put(held.dump(), stored.etag)])

        await retry_on_conflict(f"{scope} {day}", attempt)
