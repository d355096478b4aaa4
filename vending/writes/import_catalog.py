"""Import entries into the catalog: only what is new is written, and the version last.

Repeating an import changes nothing. One import at a time: it claims the version's document first, so that
every entry carries a number that nobody has seen published. An import that died is finished by repeating it
with ``take_over``.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UnsetType
from msgspec.structs import replace

from vending.documents.base import Malformed, current, load
from vending.documents.catalog import VERSION_ID, CatalogEntry, CatalogVersion
from vending.errors import Conflict, Rejected, Transient
from vending.ports import Documents, Put, Stored
from vending.writes.catalog_entries import (
    CatalogFile,
    MachineEntry,
    PlanogramEntry,
    RecipientEntry,
)
from vending.writes.entry import Entry
from vending.writes.policy_entries import PolicyEntry, subject
from vending.writes.revised_entries import revised

BATCH = 50
SINGLY = 50
"""Up to so many documents of a kind are read one by one, more by one query."""
REQUESTS_KEPT = 50
"""Imports over HTTP whose numbers are remembered."""
Key = tuple[str, str]
"""(kind, id)."""
NamedEntry = tuple[str, str, Entry]
"""(kind, id, entry)."""


@dataclass
class Imported:
    """What an import did."""

    version: int
    written: dict[str, int] = field(default_factory=dict)
    """Documents written, by kind."""
    unchanged: int = 0
    """Entries that said nothing new."""
    unknown_skus: list[str] = field(default_factory=list)
    """SKUs in the file's planograms that no product describes: sold under their SKU, without a category."""


class ImportUnderWay(Transient):
    """Another import has begun and not ended."""


@dataclass(frozen=True)
class PlannedImport:
    """What an import would write, on what was read."""

    version: Stored | None
    state: CatalogVersion
    held: Mapping[Key, Stored]
    """The stored documents that its entries are about, or refer to."""
    new: Mapping[Key, CatalogEntry]
    unchanged: int
    unknown_skus: list[str]

    @property
    def number(self) -> int:
        """Of the import, if it writes anything."""
        return self.state.number + 1


async def import_catalog(file: CatalogFile, documents: Documents, take_over: bool = False) -> Imported:
    """Write what the file adds or changes. Raises Rejected for a file that is wrong, before anything is
    written; Transient when another import is in the way."""
    return await publish(await plan_import(file, documents, take_over), documents)


async def plan_import(
    file: CatalogFile, documents: Documents, take_over: bool = False, request: str | None = None
) -> PlannedImport:
    """What it would write. An import that the same ``request`` began is gone on with. Raises Rejected,
    ImportUnderWay."""
    entries = file.entries()
    version = await documents.read("version", VERSION_ID)
    state = load(version.body, CatalogVersion) if version else CatalogVersion()
    own = request is not None and state.pending_by == request
    if state.pending and not (take_over or own):
        what = f"another import (version {state.pending}) has begun and not ended"
        raise ImportUnderWay(f"{what}; wait for it, or take it over if it died")
    held = await _held(entries, documents)
    new, unchanged = _changes(entries, held, state.number + 1)
    return PlannedImport(version, state, held, new, unchanged, _unknown(file, held.keys() | new.keys()))


async def publish(plan: PlannedImport, documents: Documents, request: str | None = None) -> Imported:
    """Write the entries, and the version last; in that write stands the ``request``, so that a repetition
    knows its own import. Raises Transient where another one got in between."""
    new, held, state = plan.new, plan.held, plan.state
    if not new and not state.pending:
        return Imported(state.number, {}, plan.unchanged, plan.unknown_skus)
    pending = replace(state, pending=plan.number, pending_by=request)
    claim = await _publish(documents, plan.version, pending)
    state = replace(state, pending=None, pending_by=None)
    try:
        await _write(new, held, documents)
    except Conflict as fault:
        await _publish(documents, claim, state)
        raise Transient(f"the catalog changed while it was being imported ({fault}); run it again") from fault
    requests = state.requests
    if request is not None:
        requests = dict([*(requests or {}).items(), (request, plan.number)][-REQUESTS_KEPT:])
    await _publish(documents, claim, replace(state, number=plan.number, requests=requests))
    return Imported(plan.number, _count(new), plan.unchanged, plan.unknown_skus)


async def _publish(documents: Documents, version: Stored | None, state: CatalogVersion) -> Stored:
    body = state.dump()
    try:
        await documents.write("version", [Put(body, version.etag if version else None)])
    except Conflict as fault:
        raise Transient("another import got in between; run this one again") from fault
    stored = await documents.read("version", VERSION_ID)
    if stored is None or stored.body != body:
        raise Transient("another import got in between; run this one again")
    return stored


def _changes(
    entries: Sequence[NamedEntry], held: Mapping[Key, Stored], number: int
) -> tuple[dict[Key, CatalogEntry], int]:
    """The documents to write, and how many entries said nothing new."""
    new: dict[Key, CatalogEntry] = {}
    unchanged = 0
    for kind, name, entry in entries:
        key = (kind, name)
        document = revised(new.get(key) or _entry(held.get(key)), entry, number)
        if document is None:
            unchanged += 1
        else:
            new[key] = document
    _check_references(entries, held.keys() | new.keys())
    return new, unchanged


def _entry(stored: Stored | None) -> CatalogEntry | None:
    try:
        return load(stored.body, CatalogEntry) if stored else None
    except Malformed as fault:
        raise Rejected("wrong-catalog", f"the catalog's entry cannot be changed: {fault}") from fault


def _check_references(entries: Iterable[NamedEntry], known: Iterable[Key]) -> None:
    """Of what the entries say themselves: what was said before them was checked then."""
    known = set(known)
    for kind, name, entry in entries:
        for needed in _references(name, entry):
            if needed not in known and needed[0] != "product":
                what = f"{kind} {name} names {needed[0]} {needed[1]}"
                raise Rejected("wrong-catalog", f"{what}, which neither the file nor the catalog has")


def _references(name: str, entry: Entry) -> list[Key]:
    """What an entry names. Products may be described later."""
    match entry:
        case MachineEntry():
            return [("site", entry.site)]
        case RecipientEntry():
            return [] if isinstance(entry.sites, UnsetType) else [("site", site) for site in entry.sites]
        case PlanogramEntry():
            return [("machine", name), *(("product", slot.sku) for slot in entry.slots.values())]
        case PolicyEntry():
            return [about] if (about := subject(name)) else []
    return []


async def _held(entries: Sequence[NamedEntry], documents: Documents) -> dict[Key, Stored]:
    """The stored documents that the entries are about, or refer to."""
    wanted: dict[str, set[str]] = {}
    for kind, name, entry in entries:
        for key in ((kind, name), *_references(name, entry)):
            wanted.setdefault(key[0], set()).add(key[1])
    return {
        (kind, stored.body["id"]): stored
        for kind, names in wanted.items()
        async for stored in _read(kind, names, documents)
    }


async def _read(kind: str, names: set[str], documents: Documents) -> AsyncIterator[Stored]:
    if len(names) > SINGLY:
        async for stored in documents.select(kind):
            if stored.body["id"] in names:
                yield _known(stored)
        return
    for name in sorted(names):
        single = await documents.read(kind, name)
        if single:
            yield _known(single)


def _known(stored: Stored) -> Stored:
    current(stored.body, CatalogEntry.schema)
    return stored


async def _write(new: Mapping[Key, CatalogEntry], held: Mapping[Key, Stored], documents: Documents) -> None:
    kinds: dict[str, list[Put]] = {}
    for key, document in new.items():
        kinds.setdefault(key[0], []).append(Put(document.dump(), held[key].etag if key in held else None))
    for kind, puts in kinds.items():
        for start in range(0, len(puts), BATCH):
            await documents.write(kind, puts[start : start + BATCH])


def _count(new: Mapping[Key, CatalogEntry]) -> dict[str, int]:
    kinds = [kind for kind, _ in new]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _unknown(file: CatalogFile, known: Iterable[Key]) -> list[str]:
    skus = {slot.sku for entry in file.planograms for slot in entry.slots.values()}
    return sorted(skus - {name for kind, name in known if kind == "product"})
