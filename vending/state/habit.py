"""A machine's habit: how much it sells in each hour of the week, and when it is odd that it sold nothing.

It is computed from the machine's days, which are themselves computed from the ledger: so it depends on what
was sold and not on how it was told. Sales are taken as a Poisson process whose rate is the mean of the same
hour in the last weeks: nothing is sold in a stretch with the probability e^(−λ), λ the sales to be expected
in it. Closed hours have the rate 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from math import ceil
from typing import NamedTuple

from vending import business_day
from vending.documents.days import Figures
from vending.documents.habits import Habit

WEEKS = 8
"""That count."""
ENOUGH = 14
"""Days from the first to the last one: a younger machine has no habit."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STEP = 15 * 60_000
"""Milliseconds: the offset of every zone is a multiple of it."""
HOUR = 3_600_000
AHEAD = 14 * 24 * HOUR
"""Milliseconds in which a machine must be expected to sell; else nothing is odd."""
Hours = Mapping[str, Sequence[str]]
"""Weekday → spans such as ``06:00-22:00``; a weekday left out is closed."""


class Counts(NamedTuple):
    """Sales by hour of the week, and how many days of each weekday they are from."""

    hours: list[int]
    days: list[int]


def counted(sold: Mapping[str, Figures], through: str, opening: Hours | None = None) -> Counts | None:
    """The counts of the figures of business days up to ``through``; a day between them without figures is one
    without a sale. None for too short a time."""
    if not sold:
        return None
    first, last = date.fromisoformat(min(sold)), date.fromisoformat(through)
    span = (last - first).days + 1
    if span < ENOUGH:
        return None
    counts = Counts([0] * 168, [0] * 7)
    for day in (first + timedelta(days=number) for number in range(span)):
        counts.days[day.weekday()] += 1
        for hour, figures in sold.get(day.isoformat(), {}).get("hours", {}).items():
            counts.hours[24 * day.weekday() + int(hour[:2])] += figures.get("vends", 0) + figures.get(
                "free", 0
            )
    return counts if opening is None else Counts(_while_open(counts.hours, opening), counts.days)


def odd_from(habit: Habit, since: int, expected: float) -> int | None:
    """The moment (ms) up to which so many sales are to be expected after ``since``; None for not soon."""
    left, at = expected, since
    while at < since + AHEAD:
        until = at - at % STEP + STEP
        rate = rate_at(habit, at)
        here = rate * (until - at) / HOUR
        if here >= left:
            return at + ceil(left / rate * HOUR)
        left -= here
        at = until
    return None


def rate_at(habit: Habit, at: int) -> float:
    """Sales an hour to be expected then."""
    local = business_day.local(at, habit.time_zone)
    days = habit.days[local.weekday()]
    return habit.hours[24 * local.weekday() + local.hour] / days if days else 0.0


def _while_open(hours: Sequence[int], opening: Hours) -> list[int]:
    return [
        sold if _is_open(opening.get(WEEKDAYS[number // 24], ()), number % 24) else 0
        for number, sold in enumerate(hours)
    ]


def _is_open(spans: Iterable[str], hour: int) -> bool:
    """Whether any of an hour is within a span."""
    starts, ends = f"{hour:02d}:00", f"{hour:02d}:60"
    return any(start < ends and starts < end for start, _, end in (span.partition("-") for span in spans))
