"""Recompute machine days, and carry each up to the fleet.

The order of steps in a day, all of it needed: read the day's ETag, then the pages, then replace If-Match; on
a conflict from the start. Then every level above, always, even where nothing changed: whoever wrote this
level may have died before the next.
"""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from vending.domain import business_day, ledger, machine_days, rollups
from vending.domain.catalog import Home
from vending.domain.clock import millis
from vending.domain.rollups import Contribution, Document
from vending.errors import Conflict, Transient, VendstreamError
from vending.ports import Documents, Put
from vending.usecases.commit_stock import readable
from vending.usecases.roll_up import RollUpStores

log = logging.getLogger(__name__)

AT_ONCE = 16
ROUNDS = 16
"""How often a conflict is answered by reading again. The top of the tree is shared by all shards: each round
one of them gets through."""
Dirty = Mapping[tuple[str, str], Collection[str]]
"""(machine, business day) → the ids of pages that must be seen there."""


async def recompute(
    dirty: Dirty, homes: Mapping[str, Home], now: datetime, stores: RollUpStores
) -> dict[str, str]:
    """Recompute the days and everything above them. Raises Transient when it must be tried again.

    A defect costs its own day: the others are computed, and it is answered by machine and its first such day.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    broken: dict[str, str] = {}

    async def one(machine: str, day: str, named: Collection[str]) -> Document | None:
        async with gate:
            try:
                return await _machine_day(homes[machine], day, named, now, stores.machines)
            except VendstreamError:
                raise
            except Exception:
                log.exception("%s %s cannot be computed; it is tried again later", machine, day)
                broken[machine] = min(day, broken.get(machine, day))
                return None

    days: list[Document | None] = await _all(
        one(machine, day, named) for (machine, day), named in sorted(dirty.items())
    )
    given = [share for day in days if day for share in machine_days.contributions(day)]
    while given:
        given = [
            share
            for summary in await _summarise(given, now, stores.fleet)
            for share in rollups.upwards(summary)
        ]
    return broken


async def _machine_day(
    home: Home, day: str, named: Collection[str], now: datetime, machines: Documents
) -> Document | None:
    """The day as stored in the end; None where there is nothing and never was."""
    for _ in range(ROUNDS):
        stored = await machines.read(home.machine, rollups.day_id(day))
        held = readable(stored, rollups.SCHEMA).body if stored else None
        if held and held["catalogVersion"] > home.version:
            raise Transient(f"{home.machine} {day}: computed with catalog {held['catalogVersion']} already")
        pages = await _pages(home, day, machines)
        if machine_days.incomplete(held, home, day, pages) or not pages.keys() >= set(named):
            raise Transient(f"{home.machine} {day}: the query does not see all of the ledger's pages yet")
        document = machine_days.machine_day(held, home, day, pages.values(), millis(now))
        if held is None and not document["figures"]:
            return None
        try:
            await machines.write(home.machine, [Put(document, stored.etag if stored else None)])
        except Conflict:
            continue
        return document
    raise Transient(f"{home.machine} {day}: still contended after {ROUNDS} rounds")


async def _pages(home: Home, day: str, machines: Documents) -> dict[str, dict[str, Any]]:
    start, end = home.window(day)
    where = machines.select(home.machine, ("type", "=", "page"), ("from", "<", end), ("to", ">=", start))
    return {stored.body["id"]: readable(stored, ledger.PAGE_SCHEMA).body async for stored in where}


async def _summarise(given: Iterable[Contribution], now: datetime, fleet: Documents) -> list[Document]:
    """Put the contributions into their summaries, each replaced once; the summaries as they are now."""
    homes: dict[rollups.Key, list[Contribution]] = {}
    for share in given:
        homes.setdefault(share.key, []).append(share)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(shares: list[Contribution]) -> Document:
        async with gate:
            return await _summary(shares, now, fleet)

    return await _all(one(shares) for _, shares in sorted(homes.items()))


async def _summary(shares: list[Contribution], now: datetime, fleet: Documents) -> Document:
    scope, name = shares[0].key
    for _ in range(ROUNDS):
        stored = await fleet.read(scope, name)
        held = readable(stored, rollups.SCHEMA).body if stored else rollups.empty(scope, shares[0].day)
        if not rollups.merge(held, shares):
            return held
        held["computedAt"] = business_day.instant(millis(now))
        try:
            await fleet.write(scope, [Put(held, stored.etag if stored else None)])
        except Conflict:
            continue
        return held
    raise Transient(f"{scope} {name}: still contended after {ROUNDS} rounds")


async def _all[Result](work: Iterable[Awaitable[Result]]) -> list[Result]:
    """Let all of it finish, then raise the first failure, so that nothing goes on behind a caller's back."""
    results = await asyncio.gather(*work, return_exceptions=True)
    done: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done
