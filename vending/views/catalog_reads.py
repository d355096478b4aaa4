"""Read models of the catalog's entries, as operators wrote them: for who changes them."""

from typing import Any, Literal

from vending.answer import Answer
from vending.documents.base import load
from vending.documents.catalog import VERSION_ID, CatalogVersion
from vending.ports import Documents, Stored

KINDS = {
    "sites": "site",
    "machines": "machine",
    "products": "product",
    "planograms": "planogram",
    "recipients": "recipient",
    "policies": "policy",
}
"""As addresses and catalog files call them → as they are stored."""
Kind = Literal["sites", "machines", "products", "planograms", "recipients", "policies"]
HIDDEN = ("kind", "type", "schema", "affects")
Entry = dict[str, Any]
"""An entry by the names of a catalog file, a machine with its ``placements``, a planogram with its
``editions``; ``version`` is that of the change that wrote it last."""


class CatalogState(Answer, frozen=True):
    """The version of the catalog: its ETag is what If-Match of a change takes. ``pending``: of a change that
    has begun and not ended."""

    version: int
    pending: int | None


class CatalogPage(Answer, frozen=True):
    """Entries of a kind, by id."""

    kind: Kind
    entries: list[Entry]
    next: str | None


class CatalogRead(Answer, frozen=True):
    """One entry. Its ETag is the version of its document."""

    kind: Kind
    id: str
    entry: Entry


async def catalog_state(documents: Documents) -> tuple[CatalogState, str]:
    """The version, and the ETag. Version 0 is an empty catalog."""
    stored = await documents.read(CatalogVersion.type, VERSION_ID)
    held = load(stored.body, CatalogVersion) if stored else CatalogVersion()
    return CatalogState(held.number, held.pending), str(held.number)


async def catalog_page(documents: Documents, kind: Kind, limit: int, after: str) -> CatalogPage:
    """Entries whose ids are greater than ``after``. Of all of them only the ids are read."""
    stored = KINDS[kind]
    newer = documents.select(stored, ("id", ">", after), fields=("id",))
    names = sorted([one.body["id"] async for one in newer])
    page = names[:limit]
    found: dict[str, Stored] = {}
    if page:
        found = {one.body["id"]: one async for one in documents.select(stored, ("id", "in", page))}
    entries = [_shown(found[name]) for name in page if name in found]
    return CatalogPage(kind, entries, page[-1] if len(names) > len(page) else None)


async def catalog_entry(documents: Documents, kind: Kind, name: str) -> tuple[CatalogRead, str] | None:
    """One entry with its document's version, or None."""
    stored = await documents.read(KINDS[kind], name)
    return (CatalogRead(kind, name, _shown(stored)), stored.etag) if stored else None


def _shown(stored: Stored) -> Entry:
    return {name: value for name, value in stored.body.items() if name not in HIDDEN}
