"""Read models of visits: those of a machine, one of them, and its collections.

A visit is what names it: a record that somebody came or left, lines of the ledger, uploaded files. All of
them are found by the index on ``visited``, window by window from the newest on, the files of known visits by
that on ``visit``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from vending.business_day import ENDLESS
from vending.documents.base import Body
from vending.documents.pages import LedgerPage
from vending.documents.uploads import UploadRecord
from vending.documents.visits import PREFIX, VisitRecord
from vending.events.cash import CashCollected
from vending.ports import Filter, Stored
from vending.readable import readable
from vending.state.visits import record_id
from vending.time import millis
from vending.views.stores import ViewStores
from vending.views.visit_answers import Collection, Collections, Visits, WholeVisit
from vending.views.visit_facts import VisitFacts, collection

CURSOR = r"[0-9]{1,15}-[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}"
"""When something of a visit was last (ms), and its id: the order of the list."""
COLLECTION_CURSOR = r"[0-9]{1,15}-[0-9]{1,10}-[0-9]{1,18}-[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
"""When a collection was (ms), its epoch, its number in the ledger, and whose: the order of the list."""
DAY = 86_400_000
WINDOWS = (30 * DAY, 365 * DAY)
"""Milliseconds that are looked at first and then; at last everything is."""
SPREAD = 7 * DAY
"""Milliseconds by which what devices tell of one visit may lie apart. Files may come at any time."""
PAGES_AT_ONCE = 50
LISTED = ("id", "type", "from", "visited", "visits", "visit")
Order = tuple[int, int, int, str]


@dataclass(frozen=True)
class VisitQuery:
    """Which visits or collections: at most ``limit`` before the one at the cursor ``after``."""

    limit: int = 20
    after: str = ""


@dataclass
class _Known:
    """A visit, as a listing knows it: when something of it was last, and which documents tell of it."""

    last: int = 0
    documents: set[str] = field(default_factory=set)


async def visits(stores: ViewStores, machine: str, query: VisitQuery, now: datetime) -> Visits:
    """A machine's visits, newest first by their last time."""
    before = _parsed(query.after) if query.after else None
    ordered: list[tuple[int, str]] = []
    for since in _windows(before[0] if before else millis(now)):
        known = await _known(stores, machine, since - SPREAD)
        places = ((one.last, visit) for visit, one in known.items() if one.last >= since)
        ordered = sorted((place for place in places if before is None or place < before), reverse=True)
        if len(ordered) > query.limit:
            break
    page = ordered[: query.limit]
    facts = await _facts(stores, machine, {visit: known[visit] for _, visit in page})
    rows = [facts[visit].row for _, visit in page if facts[visit].times]
    return Visits(machine, rows, f"{page[-1][0]}-{page[-1][1]}" if len(ordered) > query.limit else None)


async def visit(stores: ViewStores, machine: str, visit: str) -> WholeVisit | None:
    """One visit; None where nothing names it. Its lines are looked for around what else is known of it; where
    that is nothing, among all that tell of visits."""
    facts = {(machine, visit): VisitFacts(machine, visit)}
    stored = await stores.machines.read(machine, record_id(visit))
    note_told(facts, [stored] if stored else [])
    told = facts[machine, visit].times or [0, ENDLESS]
    await note_files(facts, stores, machine)
    around: list[Filter] = [("visited", ">=", told[0] - SPREAD), ("from", "<=", told[-1] + SPREAD)]
    listed = [x.body async for x in stores.machines.select(machine, *around, fields=LISTED)]
    pages = [body["id"] for body in listed if visit in body.get("visits", ())]
    for some in batched(sorted(pages), PAGES_AT_ONCE, strict=False):
        note_told(facts, [x async for x in stores.machines.select(machine, ("id", "in", some))])
    found = facts[machine, visit]
    return found.whole if found.times else None


async def collections(stores: ViewStores, machine: str, query: VisitQuery, now: datetime) -> Collections:
    """A machine's collections, newest first."""
    before = _order(query.after) if query.after else (ENDLESS, 0, 0, "")
    until, found = ENDLESS, list[tuple[Order, Collection]]()
    for since in _windows(min(before[0], millis(now))):
        where: list[Filter] = [("visited", ">=", since), ("visited", "<", until), ("from", "<=", before[0])]
        pages = [x async for x in stores.machines.select(machine, *where)]
        found += [one for stored in pages for one in _collected(stored) if one[0] < before]
        if sum(order[0] >= since for order, _ in found) > query.limit:
            break  # what is older can be in other pages, and nothing newer
        until = since
    found.sort(key=lambda one: one[0], reverse=True)
    page, more = found[: query.limit], len(found) > query.limit
    return Collections(machine, [one for _, one in page], "-".join(map(str, page[-1][0])) if more else None)


def _windows(newest: int) -> Iterator[int]:
    """Where to look from, each time farther back, at last before all times."""
    yield from (newest - length for length in WINDOWS)
    yield -ENDLESS


async def _known(stores: ViewStores, machine: str, since: int) -> dict[str, _Known]:
    """Every visit of which something was since then."""
    found: dict[str, _Known] = {}
    async for stored in stores.machines.select(machine, ("visited", ">=", since), fields=LISTED):
        for visit, last in _named(stored.body).items():
            one = found.setdefault(visit, _Known())
            one.last = max(one.last, last)
            if stored.body["type"] != UploadRecord.type:  # files are found by their visit
                one.documents.add(stored.body["id"])
    return found


def _named(body: Body) -> dict[str, int]:
    """Visit → its last time, in a page of the ledger, a record or an upload."""
    if "visits" in body:
        return {visit: last for visit, (_, last) in body["visits"].items()}
    return {body.get("visit") or body["id"].removeprefix(PREFIX): body["visited"]}


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


def _collected(stored: Stored) -> Iterator[tuple[Order, Collection]]:
    """The collections of a page of the ledger; of other documents none."""
    if stored.body["type"] != LedgerPage.type or (page := readable(stored.body, LedgerPage)) is None:
        return
    for line in page.lines:
        if line["kind"] == CashCollected.line_kind:
            yield (line["at"], page.epoch, line["ledger"], page.device_id), collection(line, page)


def _parsed(cursor: str) -> tuple[int, str]:
    at, _, visit = cursor.partition("-")
    return int(at), visit


def _order(cursor: str) -> Order:
    at, epoch, number, device = cursor.split("-", 3)
    return int(at), int(epoch), int(number), device
