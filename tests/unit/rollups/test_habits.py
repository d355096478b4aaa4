"""A machine's habit is counted from its days, once a week."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.rollup_world import DEFAULT_ZONE, World, ms, vend
from vending.documents.base import load
from vending.documents.habits import HABITS, Habit
from vending.rollups.tree import day_id
from vending.time import millis

NOON = datetime(2026, 3, 30, 17, tzinfo=UTC)
"""A Monday, one o'clock in the default zone."""


def day(days_ago: int, vends: int = 2) -> dict[str, Any]:
    date = (NOON - timedelta(days=days_ago)).date().isoformat()
    figures = {"vends": vends, "hours": {"10": {"vends": vends}}}
    return {
        "id": day_id(date), "machineId": "m1", "type": "day", "schema": 2, "date": date, "rev": 1,
        "version": 1, "figures": figures, "pages": 0, "window": [0, 1], "catalogVersion": 0, "sites": [],
    }  # fmt: skip


def world(days: int, now: datetime = NOON) -> World:
    """A machine that sold on so many days before."""
    found = World(now)
    for days_ago in range(1, days + 1):
        found.machines.put(day(days_ago))
    return found


def habit(found: World) -> Habit | None:
    held = found.fleet.items.get((HABITS, "m1"))
    return load(held[1], Habit) if held else None


CLOSED = datetime(2026, 3, 31, 7, tzinfo=UTC)
"""When the day of NOON has closed."""


async def sold(found: World, number: int, at: datetime) -> None:
    """A sale, and the end of its day."""
    found.now = at
    await found.arrive([vend("m1", number, millis(at) - 60_000)])
    await found.tick()
    found.now = CLOSED + (at - NOON)
    await found.tick()


@pytest.mark.parametrize(("days", "known"), [(0, False), (13, False), (14, True), (70, True)])
async def test_the_end_of_a_day_counts_the_weeks_before_it(days: int, known: bool) -> None:
    found = world(days)
    await sold(found, 1, NOON)
    held = habit(found)
    assert (held is not None) == known
    if held is not None:
        assert (held.through, held.time_zone, held.due) == ("2026-03-29", DEFAULT_ZONE, millis(CLOSED))
        weeks = min(days, 56) // 7
        assert held.days == [weeks] * 7
        assert {number: count for number, count in enumerate(held.hours) if count} == {
            24 * weekday + 10: 2 * weeks for weekday in range(7)
        }


async def test_it_is_counted_anew_after_a_week_and_not_before() -> None:
    found = world(14)
    await sold(found, 1, NOON)
    first = habit(found)
    for later, through in ((0, "2026-03-29"), (1, "2026-03-29"), (6, "2026-03-29"), (7, "2026-04-05")):
        await sold(found, 2 + later, NOON + timedelta(days=later, hours=1))
        held = habit(found)
        assert held is not None
        assert held.through == through
        assert (held == first) == (later < 7)


async def test_a_day_of_long_ago_counts_nothing() -> None:
    found = world(20)
    await found.arrive([vend("m1", 1, ms("2026-02-01T12:00", DEFAULT_ZONE))])
    await found.tick()
    assert habit(found) is None


async def test_hours_in_which_the_site_is_closed_are_left_out() -> None:
    found = world(14)
    kind = {"schema": 1, "version": 1, "affects": []}
    opening = {"mon": ["08:00-20:00"], "tue": ["11:00-20:00"]}
    site = {"id": "s", "kind": "site", "type": "site", "timeZone": "Europe/Berlin", "openingHours": opening}
    found.catalog.put(kind | site)
    found.catalog.put(kind | {"id": "m1", "kind": "machine", "type": "machine", "placements": [["", "s"]]})
    await sold(found, 1, NOON)
    held = habit(found)
    assert held is not None
    assert held.time_zone == "Europe/Berlin"
    assert {number: count for number, count in enumerate(held.hours) if count} == {10: 4}
