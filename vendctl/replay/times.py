"""Dates and times of a sales file: local days, and instants in UTC.

Whoever sells in a zone with daylight saving has days of 23 and of 25 hours; a day here lasts from its first
instant to the next day's first instant, whatever the clocks did in between.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONG_DATE = "%A, %B %d, %Y"
_CLOCK_DIRECTIVES = ("%H", "%I", "%M", "%S", "%X", "%c", "%T", "%R")


def when(text: str, zone: ZoneInfo, time_format: str | None) -> tuple[date, datetime | None]:
    """The local day, and the instant in UTC where the text has a time of day. Raises ValueError.

    A wall time that the clocks showed twice is the first of the two; one that they jumped over is read as if
    they had not jumped yet.
    """
    if time_format is not None:
        moment = datetime.strptime(text, time_format)  # noqa: DTZ007 - the zone is added below
        dated = not any(directive in time_format for directive in _CLOCK_DIRECTIVES)
        return (moment.date(), None) if dated else _instant(moment, zone)
    try:
        return date.fromisoformat(text), None
    except ValueError:
        pass
    try:
        return _instant(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    try:
        return datetime.strptime(text, LONG_DATE).date(), None  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise ValueError(
            f"{text!r} is no date that is known (2022-01-31, 2022-01-31T15:04, Monday, January 31, 2022): "
            "set time_format in the mapping"
        ) from None


def _instant(moment: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    instant = local.astimezone(UTC)
    return instant.astimezone(zone).date(), instant


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def spread(day: date, count: int, zone: ZoneInfo) -> list[datetime]:
    """``count`` instants in order, evenly over a local day, in whole milliseconds of UTC."""
    start, end = first_instant(day, zone), first_instant(day + timedelta(days=1), zone)
    millis = (end - start) // timedelta(milliseconds=1)
    return [start + timedelta(milliseconds=millis * (2 * i + 1) // (2 * count)) for i in range(count)]
