"""Dates in the forms that sales files usually have, where day and month cannot be confused.

ISO 8601; year first (``2024/3/1 10:15``); a month's English name (``1 Mar 2024``, ``Saturday, January 1,
2022``); day and month as numbers where one of them is above 12 (``31.1.2024``, ``1/31/2024 3:05 PM``). What
may be two days is an error that says which ``time_format`` tells them apart.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from vendctl.replay.errors import Unreadable

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONG = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_CLOCK = re.compile(
    r"(?P<date>.*?)(?:T|[ ,]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?P<zone>\s*(?:[+-][0-9]{2}:?[0-9]{2}|[A-Za-z][A-Za-z_/+\-0-9]*))?"
)
_NUMBERS = re.compile(r"([0-9]{1,4})([/.\-])([0-9]{1,2})\2([0-9]{1,4})")
_WORDS = re.compile(
    r"(?:[A-Za-z]+,? +)?(?:([0-9]{1,2})[ .\-]+([A-Za-z]+)\.?|([A-Za-z]+)\.? +([0-9]{1,2}))[ ,\-]+([0-9]{4})"
)
KNOWN = "2024-03-01, 2024/3/1 10:15, 31.1.2024 15:04, Mar 1 2024"


@dataclass(frozen=True, slots=True)
class Written:
    """A moment (with an offset where the text has one), whether it has a time of day, a zone's name."""

    moment: datetime
    timed: bool
    zone: str = ""


def usual(text: str) -> Written:
    """The date, or date and time. Raises :class:`Unreadable` with the ``time_format`` that is missing."""
    try:
        return Written(datetime.fromisoformat(text), timed=len(text) > len("2024-03-01"))
    except ValueError:
        pass
    clock = _CLOCK.fullmatch(text)
    day = _date(text, clock["date"].strip() if clock else text, clock)
    if clock is None:
        return Written(day, timed=False)
    hour = _hour(text, clock)
    try:
        moment = day.replace(hour=hour, minute=int(clock["minute"]), second=int(clock["second"] or 0))
    except ValueError as fault:
        raise Unreadable(text, "has no time of day that there is") from fault
    zone = (clock["zone"] or "").strip()
    if zone[:1] in ("+", "-"):
        offset = datetime.strptime(zone, "%z").tzinfo
        return Written(moment.replace(tzinfo=offset), timed=True)
    return Written(moment, timed=True, zone=zone)


def _date(text: str, dated: str, clock: re.Match[str] | None) -> datetime:
    year, month, day = _named_month(dated) or _numbered(text, dated, clock)
    try:
        return datetime(year, month, day)  # noqa: DTZ001 - the caller adds the zone
    except ValueError as fault:
        raise Unreadable(text, "is no date that there is") from fault


def _named_month(dated: str) -> tuple[int, int, int] | None:
    words = _WORDS.fullmatch(dated)
    if words is None:
        return None
    name = (words[2] or words[3]).lower()
    month = next((n for n, names in enumerate(zip(MONTHS, LONG, strict=True), 1) if name in names), 0)
    return int(words[5]), month, int(words[1] or words[4])


def _numbered(text: str, dated: str, clock: re.Match[str] | None) -> tuple[int, int, int]:
    numbers = _NUMBERS.fullmatch(dated)
    if numbers is None:
        raise Unreadable(text, f"is no date that is known ({KNOWN}): set time_format in the mapping")
    first, sign, second, third = numbers[1], numbers[2], numbers[3], numbers[4]
    if len(first) == 4 and len(third) <= 2:
        return int(first), int(second), int(third)
    if len(third) == 4 and len(first) <= 2:
        if int(first) > 12 or first == second:
            return int(third), int(second), int(first)
        if int(second) > 12:
            return int(third), int(first), int(second)
    year = "%Y" if len(third) == 4 else "%y"
    forms = [f'"%d{sign}%m{sign}{year}{_clock(clock)}"', f'"%m{sign}%d{sign}{year}{_clock(clock)}"']
    raise Unreadable(text, f"may be two days: set time_format = {' or '.join(forms)} in the mapping")


def _clock(clock: re.Match[str] | None) -> str:
    if clock is None:
        return ""
    seconds = ":%S" if clock["second"] else ""
    return f" %I:%M{seconds} %p" if clock["half"] else f" %H:%M{seconds}"


def _hour(text: str, clock: re.Match[str]) -> int:
    hour, half = int(clock["hour"]), clock["half"]
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise Unreadable(text, "has an hour beyond 12 and AM or PM")
    return hour % 12 + (12 if half in "Pp" else 0)
