"""The machines and policies of the catalog, read once for each of its versions."""

from typing import Protocol

from vending.catalog import policies
from vending.catalog.cache import published
from vending.catalog.cataloged import EVERYWHERE, Cataloged, Placements
from vending.catalog.policies import NOTHING
from vending.documents.catalog import CatalogPolicy
from vending.ports import Documents
from vending.readable import readable


class Catalogs(Protocol):
    """Where the catalog's newest version comes from."""

    async def named(self) -> Cataloged:
        """As of now. Raises Transient."""
        ...


class AsRead:
    """The catalog as somebody read it, or of a deployment that never imported one."""

    def __init__(self, read: Cataloged = EVERYWHERE) -> None:
        self._read = read

    async def named(self) -> Cataloged:
        """As it was then."""
        return self._read


class CatalogMachines:
    """The catalog, read again when it has a new version."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._held = Cataloged(-1, frozenset())

    async def named(self) -> Cataloged:
        """As of now: a point read, and two queries where the catalog moved."""
        version = await published(self._documents)
        if version > self._held.version:
            self._held = await self._read(version)
        return self._held

    async def _read(self, version: int) -> Cataloged:
        wanted = ("id", "placements", "version")
        rows = self._documents.select("machine", ("type", "=", "machine"), fields=wanted)
        placements: dict[str, Placements] = {}
        changed: dict[str, int] = {}
        alike: dict[Placements, Placements] = {}
        async for row in rows:
            stands = _placements(row.body.get("placements"))
            placements[row.body["id"]] = alike.setdefault(stands, stands)
            changed[row.body["id"]] = row.body.get("version", 0)
        stored = self._documents.select("policy", ("type", "=", CatalogPolicy.type))
        found = {one.body["id"]: readable(one.body, CatalogPolicy) async for one in stored}
        terms = {name: policies.terms(one) if one else NOTHING for name, one in found.items()}
        versions = {name: one.version if one else version for name, one in found.items()}
        return Cataloged(version, placements.keys(), placements, terms, versions, changed)


def _placements(rows: object) -> Placements:
    """A machine whose own entry is malformed stands nowhere."""
    pairs = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
    return tuple(sorted((str(since), str(site)) for since, site in pairs))
