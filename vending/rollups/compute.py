"""A machine's business day, computed from the ledger and stored.

The order of steps, all of it needed: read the day's ETag, then the pages, then replace If-Match; on a
conflict from the start.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from vending.business_day import anywhere
from vending.catalog.assignments import Assignment
from vending.documents.base import load
from vending.documents.days import Early, MachineDay
from vending.documents.pages import LedgerPage
from vending.errors import Transient
from vending.ports import Documents, Filter, Put
from vending.retry import retry_on_conflict
from vending.rollups import breakdowns, machine_days, tree
from vending.rollups.buckets import as_counted, shown
from vending.time import millis

ROUNDS = 16
"""How often a write that lost to another (412) is retried from the read. The top of the tree is shared by all
shards: each round one of them gets through."""
Pages = dict[str, LedgerPage]
"""By their ids."""


class Lagging(Transient):
    """A query that does not see what was counted before, or what the feed has named. It passes by itself,
    unless pages are gone (a failover that lost writes, a hand in the container)."""


@dataclass(frozen=True)
class DirtyDay:
    """A machine's business day that is not counted as it is, and the pages that tell of it, by their ids: the
    ledger must show at least these."""

    assignment: Assignment
    day: str
    pages: Mapping[str, LedgerPage]

    @property
    def machine(self) -> str:
        """Whose day it is."""
        return self.assignment.machine

    @cached_property
    def closes(self) -> int:
        """When it closes (ms)."""
        return machine_days.closing(self.assignment.window(self.day))


class Computed(NamedTuple):
    """A machine day as it is stored now, and all the pages that it was computed from."""

    document: MachineDay
    pages: Collection[LedgerPage]


class InBucket(NamedTuple):
    """That a day has early figures: in which bucket, and those that are held there."""

    bucket: int
    held: Early | None
    sealed: bool


async def compute(
    dirty: DirtyDay, now: datetime, machines: Documents, early: InBucket | None = None
) -> Computed | None:
    """The day as stored in the end; None where there is nothing and never was. Raises Transient."""
    assignment, day = dirty.assignment, dirty.day
    what = f"{dirty.machine} {day}"

    async def attempt() -> Computed | None:
        stored = await machines.read(dirty.machine, tree.day_id(day))
        held = load(stored.body, MachineDay) if stored else None
        if held and held.catalog_version > assignment.version:
            raise Transient(f"{what}: computed with catalog {held.catalog_version} already")
        entry = early.held if early else None
        believed = entry if held and entry and entry.recounts == (held.recounts or 0) else None
        pages = await _pages(dirty, believed, machines)
        if (
            pages is None
            or machine_days.incomplete(held, assignment, day, pages)
            or not pages.keys() >= dirty.pages.keys()
        ):
            raise Lagging(f"{what}: the query does not see all of the ledger's pages")
        before = held
        if held and early and entry and entry.site:
            before = as_counted(held, entry, sealed=early.sealed)
        document = machine_days.machine_day(before, assignment, day, pages.values(), millis(now))
        if held is None and not document.figures:
            return None
        if early and early.bucket not in (document.buckets or ()):
            document.buckets = [*(document.buckets or ()), early.bucket]
        body = document.dump()
        check(what, breakdowns.size(body))
        await machines.write(dirty.machine, [Put(body, stored.etag if stored else None)])
        return Computed(document, pages.values())

    return await retry_on_conflict(what, attempt, ROUNDS)


async def _pages(dirty: DirtyDay, counted: Early | None, machines: Documents) -> Pages | None:
    """The pages with lines of the day. None where lines are missing that were counted early, though nobody
    took them away.

    What was counted by another time zone may stand in another day by now: it is looked for in all that the
    date can be anywhere. A catalog's version does not tell the zone: of an import that was under way some
    readers have seen more than others.
    """
    window = dirty.assignment.window(dirty.day)
    pages = await _between(window, dirty.machine, machines)
    if counted is None or shown(counted, pages.values()):
        return pages
    around = await _between(anywhere(dirty.day), dirty.machine, machines)
    if not shown(counted, around.values()):
        return None
    return {name: page for name, page in around.items() if _meets(page, window)}


async def _between(window: tuple[int, int], machine: str, machines: Documents) -> Pages:
    start, end = window
    where: list[Filter] = [("from", "<", end), ("to", ">=", start)]
    found = [load(stored.body, LedgerPage) async for stored in machines.select(machine, *where)]
    return {page.id: page for page in found}


def _meets(page: LedgerPage, window: tuple[int, int]) -> bool:
    return page.earliest < window[1] and page.latest >= window[0]


def check(what: str, taken: int) -> None:
    """Before it is sent: the store would refuse it as well (413), after megabytes of upload."""
    if taken > breakdowns.LIMIT:
        raise ValueError(f"{what} would take {taken} bytes; a document has {breakdowns.LIMIT}")
