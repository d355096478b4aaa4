"""The machines that sold most, and those that lost most against a week before, without reading every site.

A summary says how many units each child sold. No machine below sold more, and none lost more than it had sold
the week before; so the tree is opened from the largest child on (best first), until enough machines stand
before all that is closed. A machine that stands first is looked up by its own days: what left a site with its
machine is no loss. Of a business day that is open the fleet's children are buckets, and theirs the machines.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from vending.documents.days import BucketDay, Day, MachineDay, Summary
from vending.ports import Documents
from vending.readable import readable
from vending.reports.facts import MachineSales, Ranking
from vending.rollups import tree

READS = 2_000
"""Summaries that one ranking reads at most, some twenty seconds: 273 of the tree above the sites, or 65 with
the buckets of an open day, and sites that sold more than the last machine which is named. Where more of them
did, the ranking is in part."""
BELOW = {tree.FLEET: "region:", "region": "area:", "area": "site:", "route": "site:"}
"""Level → what its children's names begin with as scopes; below all others are machines."""
EARLY = "early:"
"""The same for the fleet on a day that is open."""


class _Next(NamedTuple):
    """What is looked at next: the first in this order."""

    bound: int
    """Below zero: how much a machine there can have, at most."""
    closed: bool
    """Whether it is a scope, with machines below."""
    name: str


@dataclass
class Search:
    """A ranking of machines by ``most`` units of a day, or by units ``lost`` since the other day."""

    by: Literal["most", "lost"]
    machines: Documents
    fleet: Documents
    day: str
    before: str
    queue: list[_Next] = field(default_factory=list)
    reads: int = 0
    now: dict[str, int] | None = None
    """Machine → units of the whole fleet's day, where that is open and was read as a whole."""

    async def first(self, count: int, scopes: Sequence[str]) -> Ranking:
        """The first machines below these scopes of the rollups; those with nothing to tell are left out."""
        found: dict[str, MachineSales] = {}
        whole = True
        if self.by == "lost" and tree.FLEET in scopes:
            self.now = await self._open_day()
        for scope in scopes:
            await self._open(scope)
        while self.queue and len(found) < count:
            bound, closed, name = heapq.heappop(self.queue)
            if closed:
                whole &= self.reads < READS
                if whole:
                    await self._open(name)
            elif name not in found:
                sales = await self._sales(name)
                if self._value(sales) >= -bound:
                    found[name] = sales
                else:
                    self._push(self._value(sales), name)
        return Ranking(tuple(found.values()), whole)

    async def _open_day(self) -> dict[str, int] | None:
        """An open day has its machines in few documents: read once each, and not with every site."""
        units: dict[str, int] = {}
        for scope in await self._children(tree.FLEET, self.day):
            if _level(scope) in BELOW:
                return None
            for machine, count in (await self._children(scope, self.day)).items():
                units[machine] = units.get(machine, 0) + count
        return units

    async def _open(self, scope: str) -> None:
        """Queue the children of a scope, each with the most that it can come to."""
        closed, now = _level(scope) in BELOW, self.now or {}
        sold = await self._children(scope, self.day if self.by == "most" else self.before)
        if self.by == "lost" and not closed and self.now is None:
            now = await self._children(scope, self.day)
        for child, units in sold.items():
            self._push(units - (0 if closed else now.get(child, 0)), child, closed=closed)

    def _push(self, bound: int, name: str, *, closed: bool = False) -> None:
        if bound > 0:
            heapq.heappush(self.queue, _Next(-bound, closed, name))

    async def _children(self, scope: str, day: str) -> dict[str, int]:
        """The scopes or machines below, each with its units."""
        self.reads += 1
        stored = await self.fleet.read(scope, tree.day_id(day))
        held = readable(stored.body, Day) if stored else None
        if isinstance(held, BucketDay):
            return {machine: one.figures.get("units", 0) for machine, one in held.early.items()}
        if not isinstance(held, Summary):
            return {}
        children = tree.counting(held)
        below = BELOW.get(_level(scope), "") if children is held.children else EARLY
        return {f"{below}{child}": figures.get("units", 0) for child, (_, figures) in children.items()}

    async def _sales(self, machine: str) -> MachineSales:
        """By the machine's own days, wherever it stood."""
        found = []
        for day in (self.day, self.before):
            stored = await self.machines.read(*tree.machine_day_key(machine, day))
            held = readable(stored.body, MachineDay) if stored else None
            found.append(tree.total(held))
        now, then = found
        return MachineSales(machine, now.get("units", 0), then.get("units", 0), now.get("revenue", {}))

    def _value(self, sales: MachineSales) -> int:
        return sales.units if self.by == "most" else sales.before - sales.units


def _level(scope: str) -> str:
    return scope.partition(":")[0]
