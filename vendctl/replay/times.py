"""Dates and times of a sales file: local days, and instants in UTC.

Whoever sells in a zone with daylight saving has days of 23 and of 25 hours; a day here lasts from its first
instant to the next day's first instant, whatever the clocks did in between.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vendctl.replay.errors import Unreadable
from vendctl.replay.usual_dates import Written, usual
from vending import business_day
from vending.events.envelope import FIRST_YEAR, LAST_YEAR

CLOCK = ("%H", "%I", "%M", "%S", "%X", "%c", "%T", "%R", "%r")
"""What a ``time_format`` has where it has a time of day."""
ZONE = "\ue000"
"""Stands for ``%Z`` in a format, and for the zone's name in the text: a character that nobody writes."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")


def when(text: str, zone: ZoneInfo, time_format: str | None) -> tuple[date, datetime | None]:
    """The local day, and the instant in UTC where the text has a time of day. Raises :class:`Unreadable`.

    An instant with a zone in it is that instant. A wall time that the clocks showed twice is the first of the
    two (unless the zone's name tells), one that they jumped over is read as if they had not jumped yet.
    """
    written = usual(text) if time_format is None else _formatted(text, time_format)
    if not FIRST_YEAR - 1 <= written.moment.year <= LAST_YEAR + 1:
        raise _outside(text)
    if not written.timed and not written.zone and written.moment.tzinfo is None:
        return _bounded(text, written.moment.date(), None, zone)
    if not written.timed:
        raise Unreadable(text, "is a day with a zone: which instant it means cannot be told")
    instant = _instant(text, written, zone)
    return _bounded(text, instant.astimezone(zone).date(), instant, zone)


def parse(text: str, time_format: str) -> datetime:
    """As strptime, which forgets the zone's name that it has read. Raises ValueError."""
    return datetime.strptime(text, time_format)  # noqa: DTZ007 - the caller adds the zone


def _formatted(text: str, time_format: str) -> Written:
    timed = any(directive in time_format for directive in CLOCK)
    if "%Z" not in time_format:
        try:
            return Written(parse(text, time_format), timed)
        except ValueError as fault:
            raise Unreadable(text, f"is not in the form {time_format!r}") from fault
    for name in _NAME.finditer(text):
        rest = text[: name.start()] + ZONE + text[name.end() :]
        try:
            return Written(parse(rest, time_format.replace("%Z", ZONE)), timed, name[0])
        except ValueError:
            continue  # the name of a month, or AM
    raise Unreadable(text, f"is not in the form {time_format!r}")


def _instant(text: str, written: Written, zone: ZoneInfo) -> datetime:
    moment = written.moment
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if written.zone:
        return _named(text, moment, written.zone, zone)
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _named(text: str, moment: datetime, name: str, zone: ZoneInfo) -> datetime:
    """A wall time with a zone's name: UTC, an IANA name, or what the mapping's own zone is called then."""
    if name.upper() in ("UTC", "GMT", "Z"):
        return moment.replace(tzinfo=UTC)
    for fold in (0, 1):
        local = moment.replace(tzinfo=zone, fold=fold)
        if local.tzname() == name:
            return local.astimezone(UTC)
    if "/" in name:
        try:
            return moment.replace(tzinfo=ZoneInfo(business_day.named(name))).astimezone(UTC)
        except ValueError:
            pass
    own = moment.replace(tzinfo=zone).tzname()
    raise Unreadable(
        text,
        f"has a zone {name!r} that is not understood: UTC, an IANA name such as Europe/Berlin, or {own}, "
        f"as {zone.key} calls itself then",
    )


def _bounded(text: str, day: date, at: datetime | None, zone: ZoneInfo) -> tuple[date, datetime | None]:
    """Only years that ingest takes, in UTC; of a day without a time both ends."""
    end = at or first_instant(day + timedelta(days=1), zone) - timedelta(milliseconds=1)
    if (at or first_instant(day, zone)).year < FIRST_YEAR or end.year > LAST_YEAR:
        raise _outside(text)
    return day, at


def _outside(text: str) -> Unreadable:
    return Unreadable(text, f"is not in the years {FIRST_YEAR} to {LAST_YEAR} (UTC), the only ones taken")


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def spread(day: date, count: int, zone: ZoneInfo) -> list[datetime]:
    """``count`` instants in order, evenly over a local day, in whole milliseconds of UTC."""
    start, end = first_instant(day, zone), first_instant(day + timedelta(days=1), zone)
    millis = (end - start) // timedelta(milliseconds=1)
    return [start + timedelta(milliseconds=millis * (2 * i + 1) // (2 * count)) for i in range(count)]
