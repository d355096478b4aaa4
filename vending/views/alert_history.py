"""Episodes of alerts that are over, newest first, without reading them all.

They are asked for by slices of time, from the newest back, each an indexed query: wider ones while few are
found, narrower ones where many are. A page that the last slice did not fill says where to go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from vending.documents.alerts import Episode
from vending.ports import Documents, Filter
from vending.readable import readable

SLICES, READ = 24, 2_000
"""Queries of one page at the most, and episodes after which no more are made. Of a quiet fleet eight reach
back to 1970."""
WIDTH = 3_600_000
"""Milliseconds of the first slice."""
WIDER, NARROWER = 8, 16
CROWD = 500
"""Episodes of a slice: one with more is cut."""


class Position(NamedTuple):
    """Where an episode stands in the order; the newest is the greatest. ``""``: before all of that time."""

    closed: int
    machine: str = ""
    id: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which episodes: closed at ``since`` (ms) or later and before a position, of a machine or of all."""

    since: int
    before: Position
    machine: str | None = None
    rule: str | None = None
    has: Callable[[Episode], bool] = lambda _: True


class Found(NamedTuple):
    """A page, newest first; where the next one begins, or None at the end; how many were malformed."""

    episodes: list[Episode]
    next: Position | None
    defective: int


def position(episode: Episode) -> Position:
    """Of an episode."""
    return Position(episode.closed, episode.machine_id, episode.id)


async def history(alerts: Documents, wanted: Wanted, limit: int) -> Found:
    """At most ``limit`` episodes. Raises Transient."""
    search = _Search(alerts, wanted, limit, wanted.before.closed + 1)
    for _ in range(SLICES):
        moved = await search.look()
        if len(search.page) > limit:
            last = position(search.page[limit - 1])
            return Found(search.page[:limit], last, search.defective)
        if search.end <= wanted.since:
            return Found(search.page, None, search.defective)
        if moved and search.read >= READ:
            break
    return Found(search.page, Position(search.end), search.defective)


@dataclass
class _Search:
    """A page in the making: what ended before ``end`` is still to be looked at."""

    alerts: Documents
    wanted: Wanted
    limit: int
    end: int
    width: int = WIDTH
    page: list[Episode] = field(default_factory=list)
    read: int = 0
    defective: int = 0

    async def look(self) -> bool:
        """At the next slice; False where it holds too many, and must be narrower."""
        start = max(self.wanted.since, self.end - self.width)
        found = await self._slice(start)
        if found is None:
            self.width = max(1, self.width // NARROWER)
            return False
        held = [x for x in found if x is not None and position(x) < self.wanted.before and self.wanted.has(x)]
        self.page += sorted(held, key=position, reverse=True)
        self.read += len(found)
        self.defective += found.count(None)
        self.end, self.width = start, self.width * self._wider(len(held), len(found))
        return True

    def _wider(self, held: int, found: int) -> int:
        """How many times as wide the next slice is: as the page still needs, and such that it is no crowd if
        as much happened there."""
        needed = -(-(self.limit + 1 - len(self.page)) // (held or 1))
        return max(1, min(WIDER, needed, CROWD // 2 // found)) if found else WIDER

    async def _slice(self, start: int) -> list[Episode | None] | None:
        """The episodes from there to the end, None for a malformed one; None where they are too many."""
        where: list[Filter] = [
            ("type", "=", Episode.type),
            ("closed", ">=", start),
            ("closed", "<", self.end),
        ]
        where.append(("type", "=", Episode.type))
        if self.wanted.rule is not None:
            where.append(("rule", "=", self.wanted.rule))
        found: list[Episode | None] = []
        async for stored in self.alerts.select(self.wanted.machine, *where):
            found.append(readable(stored.body, Episode))
            if len(found) > CROWD and self.end - start > 1:
                return None
        return found
