"""Changes of the catalog over HTTP: the entries of a catalog file, imported as a file is.

The catalog changes as a whole, from one version to the next, so that is what If-Match names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from msgspec import Struct

from vending.catalog.assignments import affected_since
from vending.documents.base import load
from vending.documents.catalog import CatalogEntry, CatalogMachine
from vending.errors import Rejected
from vending.ports import Documents
from vending.readable import readable
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import ImportUnderWay, Key, PlannedImport, plan_import, publish
from vending.writes.perform import Change
from vending.writes.refusals import Unsuitable, WrongWrite
from vending.writes.request import Answer, IfMatch, Request

MOST_ENTRIES = 1_000
"""Of one request, which has seconds; larger files are imported by the operators' command."""
SHOWN = 500
"""Machines whose days are counted again, and entries in the audit record."""


class Recounted(Struct, frozen=True, rename="camel"):
    """A machine whose days are counted again: from ``since`` on, so many up to today. Null: all of them."""

    machine_id: str
    since: str | None
    days: int | None


class CatalogChanged(Struct, frozen=True, rename="camel"):
    """What a change wrote, or would write, and what is counted again because of it."""

    version: int
    dry_run: bool
    written: dict[str, int]
    """Documents by kind."""
    unchanged: int
    """Entries that say nothing new."""
    unknown_skus: list[str]
    """Of planograms, that no product describes."""
    recounted: list[Recounted]
    """The first 500 machines."""
    recounted_machines: int


@dataclass(frozen=True)
class ChangeCatalog:
    """The plan of a change. ``take_over``: an import that died is finished with it."""

    catalog: Documents
    file: CatalogFile
    condition: IfMatch
    take_over: bool = False

    async def __call__(self, request: Request) -> Change | Answer:
        """What the entries change. Raises Refusal, Transient."""
        plan = await self._planned(request)
        if (number := (plan.state.requests or {}).get(request.id)) is not None:
            return await self._done(plan, number, request)
        self.condition.check(str(plan.state.number))
        if not plan.new and not plan.state.pending:
            return await self._done(plan, plan.state.number, request)
        changed = await self._changed(plan, plan.number, request, dry_run=False)

        async def commit() -> Answer:
            await publish(plan, self.catalog, request.id)
            return Answer(200, changed, str(plan.number))

        keys = list(plan.new)[:SHOWN]
        before = [entry_of(key, plan.held[key].body if key in plan.held else None) for key in keys]
        return Change(before, [entry_of(key, plan.new[key].dump()) for key in keys], commit)

    async def foreseen(self, request: Request) -> Answer:
        """What it would change. Raises Refusal, Transient."""
        plan = await self._planned(request)
        self.condition.check(str(plan.state.number))
        number = plan.number if plan.new else plan.state.number
        return Answer(200, await self._changed(plan, number, request, dry_run=True), str(plan.state.number))

    async def _planned(self, request: Request) -> PlannedImport:
        try:
            if len(self.file.entries()) > MOST_ENTRIES:
                raise WrongWrite(f"At most {MOST_ENTRIES} entries are taken at once.")
            return await plan_import(self.file, self.catalog, self.take_over, request.id)
        except Rejected as fault:
            raise WrongWrite(f"{fault.detail}.") from fault
        except ImportUnderWay as fault:
            raise Unsuitable(f"{fault} (takeOver=true).") from fault

    async def _done(self, plan: PlannedImport, number: int, request: Request) -> Answer:
        return Answer(200, await self._changed(plan, number, request, dry_run=False), str(number))

    async def _changed(
        self, plan: PlannedImport, number: int, request: Request, *, dry_run: bool
    ) -> CatalogChanged:
        """Also of what an earlier attempt wrote under that number, where it was this request's own."""
        mine = number > plan.state.number or request.id in (plan.state.requests or {})
        held = plan.held.items() if mine else ()
        theirs = {key: load(one.body, CatalogEntry) for key, one in held if one.body["version"] == number}
        documents = theirs | dict(plan.new)
        today = datetime.fromtimestamp(request.at / 1000, UTC).date()
        again = await self._recounted(documents, number, plan)
        kinds = [kind for kind, _ in documents]
        rows = [Recounted(name, since or None, _days(since, today)) for name, since in sorted(again.items())]
        return CatalogChanged(
            version=number,
            dry_run=dry_run,
            written={kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
            unchanged=max(0, plan.unchanged - len(theirs.keys() - plan.new.keys())),
            unknown_skus=plan.unknown_skus,
            recounted=rows[:SHOWN],
            recounted_machines=len(rows),
        )

    async def _recounted(
        self, documents: Mapping[Key, CatalogEntry], number: int, plan: PlannedImport
    ) -> dict[str, str]:
        """Machine → from which day on (``""``: all), as the rollups will find it."""
        found: dict[str, str] = {}
        sites: set[str] = set()
        for (kind, name), entry in documents.items():
            since = affected_since(entry, number - 1)
            if since is None or kind not in ("site", "machine", "planogram"):
                continue
            if kind != "site":
                found[name] = min(found.get(name, since), since)
            elif (kind, name) in plan.held:
                sites.add(name)
        if sites:  # rare, and the only question about all machines
            stored = [one.body async for one in self.catalog.select(CatalogMachine.type)]
            found |= dict.fromkeys(_standing_at(stored, sites), "")
        return found


def entry_of(key: Key, body: Mapping[str, Any] | None) -> dict[str, Any]:
    """An entry as people read it: without what only the app keeps of it."""
    kept = ("kind", "type", "schema", "affects")
    said = {name: value for name, value in (body or {}).items() if name not in kept}
    return {"kind": key[0], "id": key[1]} | said


def _standing_at(machines: Iterable[Mapping[str, Any]], sites: set[str]) -> list[str]:
    """Those that ever stood at one of the sites, or cannot be read."""
    read = [(body["id"], readable(body, CatalogMachine)) for body in machines]
    return [name for name, one in read if one is None or any(site in sites for _, site in one.placements)]


def _days(since: str, today: date) -> int | None:
    return max(0, (today - date.fromisoformat(since)).days + 1) if since else None
