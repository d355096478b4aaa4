"""What an entry of a catalog file makes of the stored document."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType, structs, to_builtins

from vending.documents.catalog import (
    CatalogEntry,
    CatalogMachine,
    CatalogPlanogram,
    CatalogPolicy,
    CatalogProduct,
    CatalogRecipient,
    CatalogSite,
    StoredEdition,
)
from vending.errors import Rejected
from vending.writes.catalog_entries import (
    ALWAYS,
    MachineEntry,
    PlanogramEntry,
    ProductEntry,
    RecipientEntry,
    SiteEntry,
)
from vending.writes.entry import Entry
from vending.writes.policy_entries import PolicyEntry, windows

AFFECTS = 20
"""Changes that a document remembers one by one; older ones are joined into one."""
type Dated[What] = list[tuple[str, What]]
"""A history: since when (``""``: always), and what."""
type Since = str | None
"""From which day or moment on an entry changed what rollups make of it; None: nothing of that."""


def revised(held: CatalogEntry | None, entry: Entry, version: int) -> CatalogEntry | None:
    """The document as the entry leaves it, or None when the entry says nothing new.

    Raises Rejected when an entry contradicts the stored history without saying since when.
    """
    new, since = _revised(held, entry)
    if new == held:
        return None
    return structs.replace(new, version=version, affects=_affects(held, version, since))


def _revised(held: CatalogEntry | None, entry: Entry) -> tuple[CatalogEntry, Since]:
    match entry:
        case SiteEntry():
            return _site(_known(held, CatalogSite), entry)
        case MachineEntry():
            return _machine(_known(held, CatalogMachine), entry)
        case PlanogramEntry():
            return _planogram(_known(held, CatalogPlanogram), entry)
        case RecipientEntry():
            known = _known(held, CatalogRecipient)
            recipient = known or CatalogRecipient(id=entry.id, name=entry.id, address=entry.address)
            return structs.replace(recipient, **_stated(entry)), None
        case ProductEntry():
            product = _known(held, CatalogProduct) or CatalogProduct(id=entry.sku, name=entry.sku)
            return structs.replace(product, **_stated(entry, "sku")), None
        case PolicyEntry():
            policy = _known(held, CatalogPolicy) or CatalogPolicy(id=entry.id)
            return structs.replace(policy, **_stated(entry) | {"maintenance": windows(entry)}), None
    raise TypeError(f"{type(entry).__name__} has no document")


def _known[Kind: CatalogEntry](held: CatalogEntry | None, kind: type[Kind]) -> Kind | None:
    return held if isinstance(held, kind) else None


def _site(held: CatalogSite | None, entry: SiteEntry) -> tuple[CatalogSite, Since]:
    first = CatalogSite(id=entry.id, name=entry.id, time_zone=entry.time_zone)
    new = structs.replace(held or first, **_stated(entry))
    moved = held is None or (held.time_zone, held.route) != (new.time_zone, new.route)
    return new, "" if moved else None


def _machine(held: CatalogMachine | None, entry: MachineEntry) -> tuple[CatalogMachine, Since]:
    first = CatalogMachine(id=entry.id, name=entry.id, placements=[])
    new = structs.replace(held or first, **_stated(entry, "since", "site", "sales", "sales_since"))
    new.placements, moved = _dated(new.placements, entry.since, entry.site, entry.id)
    new.site = new.placements[-1][1]
    if isinstance(entry.sales, UnsetType):
        return new, moved
    # A machine that the catalog knew was one of device events: to change that needs a moment.
    sources: Dated[str] = new.sources or ([("", "device")] if held else [])
    sources, resold = _dated(sources, entry.sales_since, entry.sales, entry.id, "salesSince")
    if resold is not None:
        new.sources = sources
    return new, _earlier(moved, resold)


def _planogram(held: CatalogPlanogram | None, entry: PlanogramEntry) -> tuple[CatalogPlanogram, Since]:
    editions = [(one.since, one.slots) for one in held.editions] if held else []
    slots: dict[str, dict[str, Any]] = to_builtins(entry.slots)
    editions, since = _dated(editions, entry.since, slots, entry.machine)
    new = held or CatalogPlanogram(id=entry.machine, editions=[])
    return structs.replace(new, editions=[StoredEdition(when, what) for when, what in editions]), since


def _earlier(one: Since, other: Since) -> Since:
    """Of two moments; None is never."""
    return min((x for x in (one, other) if x is not None), default=None)


def _dated[What](
    rows: Dated[What], since: str | UnsetType, what: What, owner: str, dates: str = "since"
) -> tuple[Dated[What], Since]:
    """A history with one more statement, and from when on that changed it. Raises Rejected."""
    if since == ALWAYS or (not rows and isinstance(since, UnsetType)):
        new = [("", what)]
        return new, None if rows == new else ""
    if isinstance(since, UnsetType):
        if rows[-1][1] == what:
            return rows, None
        raise Rejected(
            "wrong-catalog",
            f'{owner} has another entry since {rows[-1][0] or "always"!r}; add {dates} = "YYYY-MM-DD" to the '
            f'new one, or {dates} = "always" when the old one was never right',
        )
    if (since, what) in rows:
        return rows, None
    kept = [row for row in rows if row[0] != since]
    return sorted([*kept, (since, what)], key=lambda row: row[0]), since


def _affects(held: CatalogEntry | None, version: int, since: Since) -> list[tuple[int, str]]:
    """The remembered changes, newest last. The oldest are joined, never dropped: that is merely cautious."""
    rows = [*held.affects] if held else []
    if since is not None:
        rows.append((version, since))
    while len(rows) > AFFECTS:
        rows[:2] = [(rows[1][0], min(rows[0][1], rows[1][1]))]
    return rows


def _stated(entry: Struct, *apart: str) -> dict[str, Any]:
    """What an entry states, by the names that it has in the document too."""
    stated = structs.asdict(entry).items()
    return {name: value for name, value in stated if value is not UNSET and name not in apart}
