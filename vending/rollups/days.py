"""Recompute machine days, and carry each up to the fleet.

The order of steps in a day, all of it needed: read the day's ETag, then the pages, then replace If-Match; on
a conflict from the start. Then every level above, always, even where nothing changed: whoever wrote this
level may have crashed before the next.
"""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from vending import business_day
from vending.catalog.catalog import Assignment
from vending.documents.base import load
from vending.documents.days import MachineDay, Summary
from vending.documents.pages import LedgerPage
from vending.errors import Transient, VendstreamError
from vending.ports import Documents, Filter, Put
from vending.retry import retry_on_conflict
from vending.rollups import breakdowns, habits, machine_days, rollups
from vending.rollups.roll_up import RollUpStores
from vending.rollups.rollups import Contribution
from vending.time import millis

log = logging.getLogger(__name__)

AT_ONCE = 16
ROUNDS = 16
"""How often a write that lost to another (412) is retried from the read. The top of the tree is shared by all
shards: each round one of them gets through."""
Dirty = Mapping[tuple[str, str], Collection[str]]
"""(machine, business day) → the ids of pages that must be seen there."""
Share = tuple[Contribution, frozenset[str]]
"""A contribution to a summary, and the machines whose days of this run are in it."""


async def recompute(
    dirty: Dirty, assignments: Mapping[str, Assignment], now: datetime, stores: RollUpStores
) -> dict[str, str]:
    """Recompute the days and everything above them. Raises Transient when it must be tried again.

    What fails for good, a defect or a document that is too large, costs its own entries: all others are
    counted. Returned are the machines whose days it kept from being counted everywhere, and the first such
    day of each; recomputing these days contributes them to every level anew.
    """
    gate, broken = asyncio.Semaphore(AT_ONCE), Broken()

    async def one(machine: str, day: str, named: Collection[str]) -> list[Share]:
        async with gate:
            with broken.costs(day, {machine}, f"{machine} {day}"):
                document = await _machine_day(assignments[machine], day, named, now, stores.machines)
                if document is not None:
                    await habits.renew(assignments[machine], document, now, stores)
                given = machine_days.contributions(document) if document else []
                return [(share, frozenset({machine})) for share in given]
        return []

    shares = await _all(one(machine, day, named) for (machine, day), named in sorted(dirty.items()))
    while shares:
        shares = await _summarise(shares, now, stores.fleet, broken)
    return broken.machines


class Broken:
    """The machines with a day that is not counted everywhere, and the first such day of each."""

    def __init__(self) -> None:
        self.machines: dict[str, str] = {}

    @contextmanager
    def costs(self, day: str, machines: Collection[str], what: str) -> Iterator[None]:
        """A piece of work on a day of these machines: what fails for good in it is noted and not raised."""
        try:
            yield
        except VendstreamError:
            raise
        except Exception:
            log.exception("%s cannot be computed; retried in an hour", what)
            for machine in machines:
                self.machines[machine] = min(day, self.machines.get(machine, day))


async def _machine_day(
    assignment: Assignment, day: str, named: Collection[str], now: datetime, machines: Documents
) -> MachineDay | None:
    """The day as stored in the end; None where there is nothing and never was."""
    machine = assignment.machine

    async def attempt() -> MachineDay | None:
        stored = await machines.read(machine, rollups.day_id(day))
        held = load(stored.body, MachineDay) if stored else None
        if held and held.catalog_version > assignment.version:
            raise Transient(f"{machine} {day}: computed with catalog {held.catalog_version} already")
        pages = await _pages(assignment, day, machines)
        if machine_days.incomplete(held, assignment, day, pages) or not pages.keys() >= set(named):
            raise Transient(f"{machine} {day}: the query does not see all of the ledger's pages yet")
        document = machine_days.machine_day(held, assignment, day, pages.values(), millis(now))
        if held is None and not document.figures:
            return None
        body = document.dump()
        _check(f"{machine} {day}", breakdowns.size(body))
        await machines.write(machine, [Put(body, stored.etag if stored else None)])
        return document

    return await retry_on_conflict(f"{machine} {day}", attempt, ROUNDS)


async def _pages(assignment: Assignment, day: str, machines: Documents) -> dict[str, LedgerPage]:
    start, end = assignment.window(day)
    where: list[Filter] = [("from", "<", end), ("to", ">=", start)]
    found = machines.select(assignment.machine, *where)
    pages = [load(stored.body, LedgerPage) async for stored in found]
    return {page.id: page for page in pages}


async def _summarise(given: Iterable[Share], now: datetime, fleet: Documents, broken: Broken) -> list[Share]:
    """Put the shares into their summaries, each replaced once; what these give to the next level."""
    by_key: dict[rollups.Key, list[Share]] = {}
    for share in given:
        by_key.setdefault(share[0].key, []).append(share)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(shares: list[Share]) -> list[Share]:
        first, below = shares[0][0], frozenset[str]().union(*(machines for _, machines in shares))
        async with gate:
            with broken.costs(first.day, below, f"{first.scope} {first.day}"):
                summary = await _summary([share for share, _ in shares], now, fleet)
                return [(share, below) for share in rollups.upwards(summary)]
        return []

    return await _all(one(shares) for _, shares in sorted(by_key.items()))


async def _summary(shares: list[Contribution], now: datetime, fleet: Documents) -> Summary:
    scope, name = shares[0].key

    async def attempt() -> Summary:
        stored = await fleet.read(scope, name)
        held = load(stored.body, Summary) if stored else rollups.empty(scope, shares[0].day)
        if not rollups.merge(held, shares):
            return held
        held.computed_at = business_day.instant(millis(now))
        _check(f"{scope} {name}", breakdowns.narrow(held, {share.child for share in shares}))
        await fleet.write(scope, [Put(held.dump(), stored.etag if stored else None)])
        return held

    return await retry_on_conflict(f"{scope} {name}", attempt, ROUNDS)


def _check(what: str, taken: int) -> None:
    """Before it is sent: the store would refuse it as well (413), after megabytes of upload."""
    if taken > breakdowns.LIMIT:
        raise ValueError(f"{what} would take {taken} bytes; a document has {breakdowns.LIMIT}")


async def _all[Result](work: Iterable[Awaitable[list[Result]]]) -> list[Result]:
    """Let all of it finish, then raise the first failure, so that no task outlives the call."""
    results = await asyncio.gather(*work, return_exceptions=True)
    done: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done += result
    return done
