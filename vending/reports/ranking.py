"""The machines that sold most, and those that lost most against a week before, without reading every site.

A summary says how many units each child sold. No machine below sold more, and none lost more than it had sold
the week before; so the tree is opened from the largest child on (best first), until enough machines stand
before all that is closed. A machine that stands first is looked up by its own days: what left a site with its
machine is no loss.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from vending.documents.days import MachineDay, Summary
from vending.ports import Documents
from vending.readable import readable
from vending.reports.facts import MachineSales, Ranking
from vending.rollups import rollups

READS = 2_000
"""Summaries that one ranking reads at most, some twenty seconds: 273 of the tree above the sites, and sites
that sold more than the last machine which is named. Where more of them did, the ranking is in part."""
BELOW = {rollups.FLEET: "region:", "region": "area:", "area": "site:", "route": "site:", "site": ""}
"""Level → what its children's names begin with as scopes; "": they are machines."""


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

    async def first(self, count: int, scopes: Sequence[str]) -> Ranking:
        """The first machines below these scopes of the rollups; those with nothing to tell are left out."""
        found: dict[str, MachineSales] = {}
        whole = True
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

    async def _open(self, scope: str) -> None:
        """Queue the children of a scope, each with the most that it can come to."""
        below = BELOW[scope.partition(":")[0]]
        sold = await self._children(scope, self.day if self.by == "most" else self.before)
        since = await self._children(scope, self.day) if self.by == "lost" and not below else {}
        for child, units in sold.items():
            self._push(units - since.get(child, 0), f"{below}{child}", closed=bool(below))

    def _push(self, bound: int, name: str, *, closed: bool = False) -> None:
        if bound > 0:
            heapq.heappush(self.queue, _Next(-bound, closed, name))

    async def _children(self, scope: str, day: str) -> dict[str, int]:
        self.reads += 1
        stored = await self.fleet.read(scope, rollups.day_id(day))
        summary = readable(stored.body, Summary) if stored else None
        children = summary.children if summary else {}
        return {child: figures.get("units", 0) for child, (_, figures) in children.items()}

    async def _sales(self, machine: str) -> MachineSales:
        """By the machine's own days, wherever it stood."""
        found = []
        for day in (self.day, self.before):
            stored = await self.machines.read(*rollups.machine_day_key(machine, day))
            held = readable(stored.body, MachineDay) if stored else None
            found.append(rollups.total(held))
        now, then = found
        return MachineSales(machine, now.get("units", 0), then.get("units", 0), now.get("revenue", {}))

    def _value(self, sales: MachineSales) -> int:
        return sales.units if self.by == "most" else sales.before - sales.units
