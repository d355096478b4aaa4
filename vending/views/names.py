"""What the catalog calls machines, sites and products, kept in memory.

It is read whole once, and after that only where a later version changed it: an import that touches one
machine costs one machine, however many there are.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vending.ports import Documents, Filter


class MachineName(NamedTuple):
    """A machine, and the site that it stands at by its newest placement, or ``""``."""

    name: str
    site: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "MachineName":
        """From a document."""
        return cls(str(body.get("name") or body["id"]), str(body.get("site") or ""))


class SiteName(NamedTuple):
    """A site; ``route`` is ``""`` where nobody drives there."""

    name: str
    route: str
    time_zone: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "SiteName":
        """From a document."""
        told = body.get("name") or body["id"], body.get("route") or "", body.get("timeZone") or ""
        return cls(*map(str, told))


class ProductName(NamedTuple):
    """A product; ``category`` is ``""`` where it has none."""

    name: str
    category: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "ProductName":
        """From a document."""
        return cls(str(body.get("name") or body["id"]), str(body.get("category") or ""))


class Kept[Row: (MachineName, SiteName, ProductName)]:
    """The entries of a kind as of the newest version that was asked for."""

    def __init__(self, kind: str, row: type[Row], fields: tuple[str, ...]) -> None:
        self.kind = kind
        self.version = -1
        self.rows: Mapping[str, Row] = {}
        self._row: type[Row] = row
        self._fields = ("id", *fields)
        self._lock = asyncio.Lock()

    async def at(self, catalog: Documents, version: int) -> Mapping[str, Row]:
        """Every entry by its id, of that version or a newer one: entries are never deleted, and each says
        the version that changed it last. The map is not changed afterwards."""
        async with self._lock:
            if version > self.version:
                newer: list[Filter] = [("version", ">", self.version)] if self.rows else []
                found = catalog.select(self.kind, ("type", "=", self.kind), *newer, fields=self._fields)
                changed = {stored.body["id"]: self._row.of(stored.body) async for stored in found}
                self.rows, self.version = {**self.rows, **changed}, version
            return self.rows


@dataclass
class Names:
    """All that is kept."""

    machines: Kept[MachineName] = field(
        default_factory=lambda: Kept("machine", MachineName, ("name", "site"))
    )
    sites: Kept[SiteName] = field(
        default_factory=lambda: Kept("site", SiteName, ("name", "route", "timeZone"))
    )
    products: Kept[ProductName] = field(
        default_factory=lambda: Kept("product", ProductName, ("name", "category"))
    )
