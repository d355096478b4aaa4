"""Read models of visits: those of a machine, one of them, its collections, and those of a route on a day.

A visit is what names it: a record that somebody came or left, lines of the ledger, uploaded files. The first
two are found by the index on ``visited``, the files by that on ``visit``. Of all of a machine only ids and
times are read, of a page's the whole documents.
"""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from itertools import batched

from vending.documents.base import Body
from vending.documents.pages import LedgerPage
from vending.documents.uploads import UploadRecord
from vending.documents.visits import PREFIX, VisitRecord
from vending.events.cash import CashCollected
from vending.events.envelope import Identifier
from vending.ports import Filter, Stored
from vending.readable import readable
from vending.views.views import ViewStores
from vending.views.visit_answers import Collection, Collections, Visits, WholeVisit
from vending.views.visit_facts import VisitFacts, collection

CURSOR = r"[0-9]{1,15}-[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}"
"""When a visit began (ms), and its id: the order of the list."""
COLLECTION_CURSOR = r"[0-9]{1,15}-[0-9]{1,10}-[0-9]{1,18}-[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
"""When a collection was (ms), its epoch, its number in the ledger, and whose: the order of the list."""
TELLS: Filter = ("visited", ">=", 0)
"""Finds pages of the ledger that name visits, and records of visits."""
PAGES_AT_ONCE = 50
Order = tuple[int, int, int, str]


@dataclass(frozen=True)
class VisitQuery:
    """Which visits or collections: at most ``limit`` before the one at the cursor ``after``."""

    limit: int = 20
    after: str = ""


@dataclass
class _Known:
    """A visit, as a listing knows it."""

    first: int
    documents: set[str] = field(default_factory=set)


async def visits(stores: ViewStores, machine: str, query: VisitQuery) -> Visits | None:
    """A machine's visits, newest first; None for what is no machine's id."""
    if not re.fullmatch(Identifier, machine):
        return None
    known = await _known(stores, machine)
    ordered = sorted(((one.first, visit) for visit, one in known.items()), reverse=True)
    older = [place for place in ordered if not query.after or place < _parsed(query.after)]
    page = [visit for _, visit in older[: query.limit]]
    facts = await _facts(stores, machine, {visit: known[visit] for visit in page})
    rows = [facts[visit].row for visit in page if facts[visit].times]
    last = older[query.limit - 1] if len(older) > query.limit else None
    return Visits(machine, rows, f"{last[0]}-{last[1]}" if last else None)


async def visit(stores: ViewStores, machine: str, visit: str) -> WholeVisit | None:
    """One visit; None where nothing names it."""
    if not re.fullmatch(Identifier, machine):
        return None
    known = (await _known(stores, machine)).get(visit)
    found = await _facts(stores, machine, {visit: known}) if known else {}
    return found[visit].whole if known and found[visit].times else None


async def collections(stores: ViewStores, machine: str, query: VisitQuery) -> Collections | None:
    """A machine's collections, newest first; None for what is no machine's id.

    Pages are read from the one with the newest line on, until none that is left can hold a newer collection.
    """
    if not re.fullmatch(Identifier, machine):
        return None
    before = _order(query.after) if query.after else None
    listed = [x.body async for x in stores.machines.select(machine, TELLS, fields=("id", "from", "visited"))]
    pages = [one for one in listed if one["id"].startswith("page:")]
    pages = [one for one in pages if before is None or one["from"] <= before[0]]
    pages.sort(key=lambda one: int(one["visited"]), reverse=True)
    found: list[tuple[Order, Collection]] = []
    for start in range(0, len(pages), PAGES_AT_ONCE):
        newest = int(pages[start]["visited"])
        if sum(order[0] > newest for order, _ in found) > query.limit:
            break
        ids = [str(one["id"]) for one in pages[start : start + PAGES_AT_ONCE]]
        found += [one async for one in _collected(stores, machine, ids) if not before or one[0] < before]
    found.sort(key=lambda one: one[0], reverse=True)
    page, more = found[: query.limit], len(found) > query.limit
    return Collections(machine, [one for _, one in page], "-".join(map(str, page[-1][0])) if more else None)


async def _known(stores: ViewStores, machine: str) -> dict[str, _Known]:
    """Every visit that anything of the machine names, with the documents that tell of it, without files."""
    found: dict[str, _Known] = {}

    def note(visit: str, at: int) -> _Known:
        one = found.setdefault(visit, _Known(at))
        one.first = min(one.first, at)
        return one

    async for stored in stores.machines.select(machine, TELLS, fields=("id", "from", "visits")):
        for visit, first in _named(stored.body).items():
            note(visit, first).documents.add(stored.body["id"])
    files = stores.machines.select(machine, ("visit", ">", ""), fields=("visit", "askedAt"))
    async for stored in files:
        if "askedAt" in stored.body:  # a photo's record has its upload's beside it
            note(stored.body["visit"], stored.body["askedAt"])
    return found


def _named(body: Body) -> dict[str, int]:
    """Visit → its first time, in a page of the ledger or a record."""
    if "visits" in body:
        return {visit: first for visit, (first, _) in body["visits"].items()}
    return {body["id"].removeprefix(PREFIX): body["from"]}


async def _facts(stores: ViewStores, machine: str, known: dict[str, _Known]) -> dict[str, VisitFacts]:
    facts = {(machine, visit): VisitFacts(machine, visit) for visit in known}
    documents = sorted({name for one in known.values() for name in one.documents})
    for some in batched(documents, PAGES_AT_ONCE, strict=False):
        note_told(facts, [x async for x in stores.machines.select(machine, ("id", "in", some))])
    if known:
        await note_files(facts, stores, machine)
    return {visit: one for (_, visit), one in facts.items()}


def note_told(facts: dict[tuple[str, str], VisitFacts], found: Iterable[Stored]) -> None:
    """What pages of the ledger and records tell of these visits, by (machine, visit). Malformed ones tell
    nothing."""
    for stored in found:
        if stored.body["type"] == LedgerPage.type and (page := readable(stored.body, LedgerPage)):
            for line in page.lines:
                if one := facts.get((page.machine_id, line.get("visit", ""))):
                    one.note_line(line, page)
        if stored.body["type"] == VisitRecord.type and (record := readable(stored.body, VisitRecord)):
            named = facts.get((record.machine_id, record.visit))
            if named is not None:
                named.note_record(record)


async def note_files(
    facts: dict[tuple[str, str], VisitFacts], stores: ViewStores, machine: str | None, *where: Filter
) -> None:
    """The files of these visits: of one machine, or (None) of those that ``where`` says."""
    names = sorted({visit for _, visit in facts})
    async for stored in stores.machines.select(machine, *where, ("visit", "in", names)):
        if stored.body["type"] == UploadRecord.type and (upload := readable(stored.body, UploadRecord)):
            one = facts.get((upload.machine_id, upload.visit or ""))
            if one is not None:
                one.note_upload(upload)


async def _collected(
    stores: ViewStores, machine: str, ids: list[str]
) -> AsyncIterator[tuple[Order, Collection]]:
    async for stored in stores.machines.select(machine, ("id", "in", ids)):
        if (page := readable(stored.body, LedgerPage)) is None:
            continue
        for line in page.lines:
            if line["kind"] == CashCollected.line_kind:
                order = line["at"], page.epoch, line["ledger"], page.device_id
                yield order, collection(line, page)


def _parsed(cursor: str) -> tuple[int, str]:
    at, _, visit = cursor.partition("-")
    return int(at), visit


def _order(cursor: str) -> Order:
    at, epoch, number, device = cursor.split("-", 3)
    return int(at), int(epoch), int(number), device
