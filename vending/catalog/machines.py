"""Which machines the catalog names: one query for each version of the catalog."""

from collections.abc import Set
from dataclasses import dataclass

from vending.catalog.cache import published
from vending.ports import Documents


@dataclass(frozen=True)
class Cataloged:
    """The catalog's machines as of a version."""

    version: int
    machines: Set[str]

    def places(self, machine: str) -> bool:
        """Whether the machine is placed. Without any machine in the catalog, every one is."""
        return not self.machines or machine in self.machines


EVERYWHERE = Cataloged(0, frozenset())
"""Without a catalog."""


class CatalogMachines:
    """The names, read again when the catalog has a new version."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._held = Cataloged(-1, frozenset())

    async def named(self) -> Cataloged:
        """The names as of now: a point read, and the query where the catalog moved."""
        version = await published(self._documents)
        if version > self._held.version:
            rows = self._documents.select("machine", ("type", "=", "machine"), fields=("id",))
            self._held = Cataloged(version, {one.body["id"] async for one in rows})
        return self._held
