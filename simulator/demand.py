"""When people buy: a rate by hour of the week for each kind of site, and the wait until the next buyer."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.dice import Dice

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000
DAY = 24 * HOUR

_DAYS = {
    #          0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
    "office": (0, 0, 0, 0, 0, 0, 1, 4, 8, 9, 8, 8, 9, 8, 7, 8, 6, 4, 2, 1, 0, 0, 0, 0),
    "station": (1, 1, 1, 1, 2, 5, 8, 9, 7, 5, 5, 6, 7, 6, 6, 7, 9, 9, 7, 5, 4, 3, 2, 1),
    "hospital": (2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7, 6, 5, 5, 4, 4, 3, 3, 2),
    "school": (0, 0, 0, 0, 0, 0, 0, 5, 6, 9, 7, 8, 9, 7, 6, 4, 2, 1, 0, 0, 0, 0, 0, 0),
    "factory": (4, 4, 5, 3, 3, 5, 7, 5, 4, 7, 5, 4, 7, 6, 6, 5, 4, 5, 7, 5, 4, 5, 6, 4),
    "gym": (0, 0, 0, 0, 0, 1, 4, 4, 3, 3, 3, 3, 3, 3, 3, 4, 6, 9, 9, 9, 8, 5, 2, 0),
}
_WEEKENDS = {"office": 0.04, "station": 0.8, "hospital": 0.8, "school": 0.05, "factory": 0.35, "gym": 1.3}


def _curve(kind: str) -> tuple[float, ...]:
    day, weekend = _DAYS[kind], _WEEKENDS[kind]
    week = [float(level) * (weekend if number >= 5 else 1.0) for number in range(7) for level in day]
    mean = sum(week) / len(week)
    return tuple(level / mean for level in week)


CURVES = {kind: _curve(kind) for kind in _DAYS}
"""168 hours from Monday 0:00, with mean 1."""
PEAKS = {kind: max(curve) for kind, curve in CURVES.items()}


@lru_cache(maxsize=8192)
def _offset(zone: str, hour: int) -> int:
    """UTC offset in milliseconds; offsets change at whole hours of UTC in the zones of the fleet."""
    shift = (EPOCH + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).utcoffset()
    return int((shift or timedelta()).total_seconds()) * 1000


def local_hour(zone: str, at: int) -> int:
    """Hour of the week at a site, 0 = Monday 0:00, for milliseconds since 1970 UTC."""
    hours = (at + _offset(zone, at // HOUR)) // HOUR
    return int((hours + 72) % 168)  # 1970-01-01 was a Thursday


def weight(kind: str, zone: str, at: int) -> float:
    """How busy a site is at a moment, against its mean."""
    return CURVES[kind][local_hour(zone, at)]


class Demand(NamedTuple):
    """Buyers a day in the week's mean, and whose curve they follow in which time zone."""

    per_day: float
    kind: str
    zone: str


def next_buyer(dice: Dice, at: int, demand: Demand, horizon: int) -> tuple[int, bool]:
    """When to look again, and whether a buyer comes then. At most ``horizon`` milliseconds ahead.

    Thinning: candidates come at the week's peak rate and are kept by the rate of their hour, so the week's
    mean is ``per_day`` exactly, whatever the curve.
    """
    per_day, kind, zone = demand
    moment = at
    while True:
        moment += dice.wait(DAY / (per_day * PEAKS[kind]))
        if moment - at > horizon:
            return at + horizon, False
        if dice.random() * PEAKS[kind] < weight(kind, zone, moment):
            return moment, True
