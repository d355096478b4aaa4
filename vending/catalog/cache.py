"""The catalog, read through a cache that one read per invocation keeps honest.

Entries belong to one version of the catalog: when the version document moved, all of them are forgotten. An
entry may be newer than its version, since an import writes its entries first and the version last; it is
never older.
"""

from vending.catalog import assignments
from vending.catalog.assignments import Assignment, Entries
from vending.documents.base import load
from vending.documents.catalog import (
    VERSION_ID,
    CatalogEntry,
    CatalogMachine,
    CatalogPlanogram,
    CatalogProduct,
    CatalogSite,
    CatalogVersion,
)
from vending.errors import Transient
from vending.ports import Documents

ENTRIES = 20_000


async def published(documents: Documents) -> int:
    """The number of the last import (one point read); 0 without a catalog."""
    stored = await documents.read(CatalogVersion.type, VERSION_ID)
    return load(stored.body, CatalogVersion).number if stored else 0


class CatalogCache:
    """Assignments of machines, from ``catalog``; machines that it does not know live in the default zone."""

    def __init__(self, documents: Documents, default_zone: str) -> None:
        self.documents = documents
        self.default_zone = default_zone
        self.version = -1
        self._held: dict[tuple[str, str], CatalogEntry | None] = {}

    async def refresh(self) -> int:
        """Read the catalog's version, forgetting everything older; 0 without a catalog."""
        version = await published(self.documents)
        if version < self.version:
            raise Transient(
                f"the catalog's version went back from {self.version} to {version}: a lagging read"
            )
        if version > self.version or len(self._held) > ENTRIES:
            self.version, self._held = version, {}
        return version

    async def assignment(self, machine: str) -> Assignment:
        """Where the machine stands and what it sells, as of this version or newer. Raises Malformed."""
        return await self._assignment(machine, CatalogPlanogram)

    async def standing(self, machine: str) -> Assignment:
        """The same without what it sells, which need not be read."""
        return await self._assignment(machine, None)

    async def _assignment(self, machine: str, sells: type[CatalogPlanogram] | None) -> Assignment:
        version = self.version
        held = await self._entry(CatalogMachine, machine)
        planogram = await self._entry(sells, machine) if sells else None
        found = {name: await self._entry(CatalogSite, name) for _, name in held.placements} if held else {}
        sites = {name: assignments.site(site) for name, site in found.items() if site is not None}
        return assignments.assignment(machine, version, Entries(held, planogram, sites), self.default_zone)

    async def machine(self, name: str) -> CatalogMachine | None:
        """The machine's own entry, or None. Raises Malformed."""
        return await self._entry(CatalogMachine, name)

    async def product(self, sku: str) -> CatalogProduct | None:
        """The product, or None. Raises Malformed."""
        return await self._entry(CatalogProduct, sku)

    async def _entry[Kind: CatalogEntry](self, kind: type[Kind], name: str) -> Kind | None:
        held = self._held
        if (kind.type, name) not in held:
            stored = await self.documents.read(kind.type, name)
            # The dictionary that this call began with: a refresh meanwhile started another one.
            held[kind.type, name] = load(stored.body, kind) if stored else None
        entry = held[kind.type, name]
        return entry if isinstance(entry, kind) else None
