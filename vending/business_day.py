"""Business days: the local calendar days of a site, 23, 24 or 25 hours long, whatever its zone does.

Instants are milliseconds since 1970 UTC, days are ``YYYY-MM-DD``, zones are names of the IANA database.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vending.time import EPOCH, millis

FIRST, LAST = "0001-01-03", "9999-12-29"
"""The days that instants of the calendar's first and last hours count to: no zone can push them out of it."""
_EARLIEST, _LATEST = (datetime.fromisoformat(f"{day}T12:00+00:00") for day in (FIRST, LAST))
OF_THE_HOST = re.compile(r"localtime|posixrules|Factory|(?:right|posix)/")
"""Zones that mean something else on another computer, or with leap seconds, or nothing."""
ENDLESS = 10**15
"""Milliseconds: more than any instant has."""


@lru_cache(maxsize=600)
def zone(name: str) -> ZoneInfo:
    """The zone. Raises ValueError for a name that the IANA database does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ValueError(
            f"time zone {name!r} is not in the IANA database; use a name such as Europe/Berlin"
        ) from fault


def named(name: str) -> str:
    """The name of a zone that is the same everywhere, as operators may write it. Raises ValueError."""
    if OF_THE_HOST.match(name):
        raise ValueError(f"time zone {name!r} is this computer's; use a name such as Europe/Berlin")
    return zone(name).key


def local(at: int, name: str) -> datetime:
    """The wall clock of a zone at an instant; ``fold`` is 1 in an hour that the clock shows again."""
    moment = min(max(at, millis(_EARLIEST)), millis(_LATEST))
    return (EPOCH + timedelta(milliseconds=moment)).astimezone(zone(name))


def day_of(at: int, name: str) -> str:
    """The local day of an instant."""
    return local(at, name).date().isoformat()


def hour_of(at: int, name: str) -> str:
    """The local hour, ``00`` to ``23``; an hour that the clock shows a second time is ``02b``.

    The letter is how the electricity trade tells the two apart (2A and 2B). Where the clock goes back by
    less than an hour (Lord Howe: 30 minutes), the repeated part alone is the second one.
    """
    moment = local(at, name)
    return f"{moment.hour:02d}{'b' if moment.fold else ''}"


def window(day: str, name: str) -> tuple[int, int]:
    """Instants [from, to) that hold the whole day: exact, except in zones whose clock once went back over
    midnight by the minute. There it is a little wider, and :func:`day_of` decides for each instant."""
    first = date.fromisoformat(day)
    start = _midnight(first, name, 0) if day > FIRST else -ENDLESS
    return start, _midnight(first + timedelta(days=1), name, 1) if day < LAST else ENDLESS


def anywhere(day: str) -> tuple[int, int]:
    """Instants [from, to) that hold the day of every zone: none is a whole day before or after UTC."""
    return window(shift(day, -1), "Etc/UTC")[0], window(shift(day, 1), "Etc/UTC")[1]


def hours_of(day: str, name: str) -> list[str]:
    """The hours that a day has, in order: 23 on the day that loses one, 25 on the day that gains one."""
    start, end = window(day, name)
    quarter = 15 * 60 * 1000
    seen = {hour_of(at, name): None for at in range(start, end, quarter) if day_of(at, name) == day}
    return list(seen)


def checked(moment: str) -> str:
    """A local day or minute as it was written. Raises ValueError for one that the calendar does not have."""
    try:
        datetime.fromisoformat(moment)
    except ValueError as fault:
        raise ValueError(f"{moment!r} is no day YYYY-MM-DD or local time YYYY-MM-DDTHH:MM") from fault
    return moment


def shift(day: str, days: int) -> str:
    """The calendar day so many days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def instant(at: int) -> str:
    """An instant as people and JSON write it: ``2026-11-24T08:15:30.250Z``."""
    moment = (EPOCH + timedelta(milliseconds=at)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _midnight(day: date, name: str, fold: int) -> int:
    """The start of a day. In a gap, fold 0 takes the offset before it: the instant the clock jumps."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone(name), fold=fold)
    if fold and wall.astimezone(UTC).astimezone(zone(name)).replace(tzinfo=None) != wall.replace(tzinfo=None):
        wall = wall.replace(fold=0)
    return millis(wall.astimezone(UTC))
