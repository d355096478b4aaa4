"""When it is odd that a machine sold nothing."""

from datetime import date, timedelta
from typing import Any

import pytest

from vending.business_day import window
from vending.documents.habits import Habit
from vending.state.habit import AHEAD, WEEKS, counted, odd_from, rate_at

HOUR = 3_600_000
MONDAY = date(2026, 2, 2)
ZONE = "Europe/Berlin"
LAST = (MONDAY + timedelta(days=27)).isoformat()


def sold(days: int = 28, hours: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """Days from Monday on with so many sales at each of these hours."""
    figures = {hour: {"vends": count} | more for hour, count in (hours or {"09": 2, "14": 1}).items()}
    return {(MONDAY + timedelta(days=n)).isoformat(): {"hours": figures} for n in range(days)}


def habit(figures: dict[str, Any], opening: Any = None) -> Habit:
    counts = counted(figures, LAST, opening)
    assert counts is not None
    return Habit(id="m1", time_zone=ZONE, through=LAST, **counts._asdict())


def local(day: str, hour: float) -> int:
    return window(day, ZONE)[0] + round(hour * HOUR)


def test_rates_are_means_of_the_same_hour_of_the_week() -> None:
    figures = sold()
    figures[MONDAY.isoformat()] = {"hours": {"09": {"vends": 6, "free": 1}, "10": {"failures": 4}}}
    held = habit(figures)
    assert held.days == [4] * 7
    assert [held.hours[number] for number in (9, 10, 14, 24 + 9, 24 + 14)] == [13, 0, 3, 8, 4]
    assert rate_at(held, local("2026-03-02", 9.99)) == 13 / 4
    assert rate_at(held, local("2026-03-02", 10)) == 0


def test_a_day_without_sales_counts_and_so_does_the_hour_that_the_clock_shows_twice() -> None:
    figures = sold(hours={"02": 1, "02b": 1})
    del figures[(MONDAY + timedelta(days=7)).isoformat()]
    held = habit(figures)
    assert (held.days[0], held.hours[2], held.hours[26]) == (4, 6, 8)


@pytest.mark.parametrize(("days", "known"), [(0, False), (13, False), (14, True), (15, True)])
def test_a_young_machine_has_no_habit(days: int, known: bool) -> None:
    through = (MONDAY + timedelta(days=days - 1)).isoformat()
    assert (counted(sold(days), through) is not None) == known


def test_it_does_not_matter_in_which_order_days_are_told() -> None:
    figures = sold()
    assert counted(dict(reversed(figures.items())), LAST) == counted(figures, LAST)


@pytest.mark.parametrize(
    ("since", "expected", "odd"),
    [
        # two an hour from nine to ten, one from two to three
        (("2026-03-03", 9), 1, ("2026-03-03", 9.5)),
        (("2026-03-03", 9), 2, ("2026-03-03", 10)),
        (("2026-03-03", 9.25), 1.5, ("2026-03-03", 10)),
        (("2026-03-03", 9.25), 1.75, ("2026-03-03", 14.25)),
        (("2026-03-03", 10), 1, ("2026-03-03", 15)),
        # nothing is sold at night: it is odd only when the day comes
        (("2026-03-03", 15), 1, ("2026-03-04", 9.5)),
        (("2026-03-03", 9), 6, ("2026-03-04", 15)),
        # the clock goes forward on the 29th
        (("2026-03-28", 15), 1, ("2026-03-29", 8.5)),
    ],
)
def test_it_is_odd_when_so_many_sales_were_to_be_expected(
    since: tuple[str, float], expected: float, odd: tuple[str, float]
) -> None:
    assert odd_from(habit(sold()), local(*since), expected) == local(*odd)


def test_what_is_not_to_be_expected_in_two_weeks_is_not_odd() -> None:
    assert (WEEKS, AHEAD) == (8, 14 * 24 * HOUR)
    rare = habit(sold(hours={"09": 1}))
    assert odd_from(rare, local("2026-03-03", 10), 14) is not None
    assert odd_from(rare, local("2026-03-03", 10), 14.01) is None
    assert odd_from(habit(sold(hours={"09": 0})), local("2026-03-03", 10), 0.1) is None


def test_closed_hours_are_left_out() -> None:
    opening = {"mon": ["09:30-12:00"], "tue": ["10:00-24:00"], "wed": ["00:00-09:00", "14:00-14:30"]}
    hours = habit(sold(), opening).hours
    assert {number: count for number, count in enumerate(hours) if count} == {
        9: 8, 24 + 14: 4, 48 + 14: 4,
    }  # fmt: skip
