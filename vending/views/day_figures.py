"""What a scope sold on a business day: the one place of the API that knows how rollups are stored.

A scope is the fleet, a site, a route or a machine. Each document is one point read.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from vending.documents.days import Day, Figures, MachineDay
from vending.ports import Documents
from vending.readable import readable
from vending.rollups import tree

Kind = Literal["fleet", "site", "route", "machine"]


class Scope(NamedTuple):
    """Whose days; the fleet has no name."""

    kind: Kind
    name: str = ""


FLEET = Scope("fleet")


class Sold(NamedTuple):
    """A day of a scope."""

    figures: Figures
    """As :mod:`vending.rollups.tree` says; empty where nothing was sold."""
    there: bool = False
    """Whether the day is stored: something was sold then, or was before a correction."""
    computed_at: str | None = None
    late_units: int | None = None
    """Of a machine: units that were counted after the day had closed."""
    defective: int = 0
    """Documents that are malformed: what they say is missing here."""


NOTHING = Sold({})


class DayFigures(Protocol):
    """Figures of (scope, day). Whoever sums days needs no more."""

    def reads(self, scope: Scope, *, products: bool) -> int:
        """How many point reads a day of the scope takes."""
        ...

    async def of(self, scope: Scope, day: str, *, products: bool) -> Sold:
        """A day; ``products``: with the breakdown ``skus``, which is else left out where it costs more."""
        ...


@dataclass(frozen=True)
class StoredDays:
    """The port DayFigures over the documents of the rollups."""

    machines: Documents
    fleet: Documents

    def reads(self, scope: Scope, *, products: bool) -> int:
        """The fleet's products are a document of their own."""
        return len(_keys(scope, "", products=products))

    async def of(self, scope: Scope, day: str, *, products: bool) -> Sold:
        """The day, summed over its documents, which share no field."""
        keys, container = _keys(scope, day, products=products), self._container(scope)
        found = await asyncio.gather(*(container.read(*key) for key in keys))
        parts = [_sold(readable(stored.body, Day)) if stored else NOTHING for stored in found]
        figures: Figures = {}
        for part in parts:
            tree.add(figures, part.figures)
        broken, there = sum(part.defective for part in parts), any(part.there for part in parts)
        return parts[0]._replace(figures=figures, there=there, defective=broken)

    def _container(self, scope: Scope) -> Documents:
        return self.machines if scope.kind == "machine" else self.fleet


def _keys(scope: Scope, day: str, *, products: bool) -> list[tree.Key]:
    """What comes first says when the day was computed."""
    match scope.kind:
        case "site":
            return [tree.site_day_key(scope.name, day)]
        case "route":
            return [tree.route_day_key(scope.name, day)]
        case "machine":
            return [tree.machine_day_key(scope.name, day)]
    own = tree.fleet_day_key(day)
    return [own, tree.products_day_key(day)] if products else [own]


def _sold(day: Day | None) -> Sold:
    if day is None:
        return Sold({}, there=True, defective=1)
    late = day.late_units if isinstance(day, MachineDay) else None
    return Sold(tree.total(day), True, day.computed_at or None, late)
