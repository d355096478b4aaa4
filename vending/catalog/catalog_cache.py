"""The catalog, read through a cache that one read per invocation keeps honest.

Entries belong to one version of the catalog: when the version document moved, all of them are forgotten. An
entry may be newer than its version, since an import writes its entries first and the version last; it is
never older.
"""

from typing import Any

from vending.catalog import catalog
from vending.catalog.catalog import Home, Site
from vending.errors import Transient
from vending.ports import Documents

ENTRIES = 20_000


class CatalogCache:
    """Homes of machines, from ``catalog``; machines that it does not know live in the default zone."""

    def __init__(self, documents: Documents, default_zone: str) -> None:
        self.documents = documents
        self.default_zone = default_zone
        self.version = -1
        self._held: dict[tuple[str, str], dict[str, Any] | None] = {}

    async def refresh(self) -> int:
        """Read the catalog's version (one point read), forgetting everything older; 0 without a catalog."""
        stored = await self.documents.read("version", catalog.VERSION_ID)
        version = int(stored.body["number"]) if stored else 0
        if version < self.version:
            raise Transient(
                f"the catalog's version went back from {self.version} to {version}: a lagging read"
            )
        if version > self.version or len(self._held) > ENTRIES:
            self.version, self._held = version, {}
        return version

    async def home(self, machine: str) -> Home:
        """Where the machine stands and what it sells, as of this version or newer."""
        version = self.version
        placed = await self._document("machine", machine)
        planogram = await self._document("planogram", machine)
        sites: dict[str, Site] = {}
        for _, name in placed["placements"] if placed else ():
            document = await self._document("site", name)
            if document is not None:
                sites[name] = catalog.site(document)
        return catalog.home(machine, version, sites, placed, planogram, self.default_zone)

    async def product(self, sku: str) -> dict[str, Any] | None:
        """The product's document, or None."""
        return await self._document("product", sku)

    async def _document(self, kind: str, name: str) -> dict[str, Any] | None:
        held = self._held
        if (kind, name) not in held:
            stored = await self.documents.read(kind, name)
            if stored and stored.body["schema"] > catalog.SCHEMA:
                raise Transient(f"{kind} {name} has schema {stored.body['schema']}: deploy the newer version")
            # The dictionary that this call began with: a refresh meanwhile started another one.
            held[kind, name] = stored.body if stored else None
        return held[kind, name]
