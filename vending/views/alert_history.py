"""Episodes of alerts that are over, newest first, without reading them all.

They are asked for by slices of time, from the newest back, each an indexed query: wider ones while few are
found, narrower ones where many are. A page that the last slice did not fill says where to go on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from vending.documents.alerts import Episode
from vending.ports import Documents, Filter
from vending.readable import readable

SLICES = 24
"""Queries of one page at the most. Of a quiet fleet six reach back to 1970."""
WIDTH = 24 * 3_600_000
"""Milliseconds of the first slice."""
WIDER, NARROWER = 8, 16
CROWD = 1_000
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
    page: list[Episode] = []
    end, width, defective = wanted.before.closed + 1, WIDTH, 0
    for asked in count(1):
        start = max(wanted.since, end - width)
        found = await _slice(alerts, wanted, start, end)
        if found is None:
            width = max(1, width // NARROWER)
        else:
            defective += found.count(None)
            page += _matching(found, wanted)
            few = len(found) * WIDER <= CROWD
            end, width = start, width * WIDER if few else width
        if len(page) > limit:
            return Found(page[:limit], position(page[limit - 1]), defective)
        if end <= wanted.since:
            return Found(page, None, defective)
        if asked == SLICES:
            break
    return Found(page, Position(end), defective)


async def _slice(alerts: Documents, wanted: Wanted, start: int, end: int) -> list[Episode | None] | None:
    """The episodes that ended then, None for a malformed one; None where they are too many to be held."""
    where: list[Filter] = [("type", "=", Episode.type), ("closed", ">=", start), ("closed", "<", end)]
    if wanted.rule is not None:
        where.append(("rule", "=", wanted.rule))
    found: list[Episode | None] = []
    async for stored in alerts.select(wanted.machine, *where):
        found.append(readable(stored.body, Episode))
        if len(found) > CROWD and end - start > 1:
            return None
    return found


def _matching(found: list[Episode | None], wanted: Wanted) -> list[Episode]:
    held = [x for x in found if x is not None and position(x) < wanted.before and wanted.has(x)]
    return sorted(held, key=position, reverse=True)
