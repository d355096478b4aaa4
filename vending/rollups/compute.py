"""A machine's business day, computed from the ledger and stored.

The order of steps, all of it needed: read the day's ETag, then the pages, then replace If-Match; on a
conflict from the start.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

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
        pages = await _pages(assignment, day, machines)
        entry = early.held if early else None
        if (
            machine_days.incomplete(held, assignment, day, pages)
            or not pages.keys() >= dirty.pages.keys()
            or _hidden(held, entry, dirty, pages.values())
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


def _hidden(
    held: MachineDay | None, entry: Early | None, dirty: DirtyDay, pages: Iterable[LedgerPage]
) -> bool:
    """Whether lines that were counted early are missing, though nobody took them away.

    Only an entry of the same business day can tell: one of before a change of the time zone has other lines,
    and stays where the day was computed anew and its bucket could not be written.
    """
    if held is None or entry is None or entry.recounts != (held.recounts or 0):
        return False
    known, window = dirty.assignment, list(dirty.assignment.window(dirty.day))
    together = entry.catalog_version == held.catalog_version and held.window == window
    return (together or entry.assignment == known.fingerprint()) and not shown(entry, pages)


async def _pages(assignment: Assignment, day: str, machines: Documents) -> dict[str, LedgerPage]:
    start, end = assignment.window(day)
    where: list[Filter] = [("from", "<", end), ("to", ">=", start)]
    found = machines.select(assignment.machine, *where)
    pages = [load(stored.body, LedgerPage) async for stored in found]
    return {page.id: page for page in pages}


def check(what: str, taken: int) -> None:
    """Before it is sent: the store would refuse it as well (413), after megabytes of upload."""
    if taken > breakdowns.LIMIT:
        raise ValueError(f"{what} would take {taken} bytes; a document has {breakdowns.LIMIT}")
