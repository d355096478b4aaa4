"""Date and time functions over ISO 8601 text in UTC, to the 100 nanoseconds.

Inside, a moment is ticks (100 ns) since the year 1; the language's own ticks count from 1970, as its
reference's examples do.
"""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from devstack.cosmos.sql.values import UNDEFINED

PATTERN: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)?)?"
)
TICKS_PER: Final = {
    "day": 864_000_000_000, "hour": 36_000_000_000, "minute": 600_000_000, "second": 10_000_000,
    "millisecond": 10_000, "microsecond": 10,
}  # fmt: skip
PARTS: Final = {
    "year": "year", "yyyy": "year", "yy": "year", "month": "month", "mm": "month", "m": "month",
    "day": "day", "dd": "day", "d": "day", "hour": "hour", "hh": "hour", "minute": "minute", "mi": "minute",
    "n": "minute", "second": "second", "ss": "second", "s": "second", "millisecond": "millisecond",
    "ms": "millisecond", "microsecond": "microsecond", "mcs": "microsecond", "nanosecond": "nanosecond",
    "ns": "nanosecond",
}  # fmt: skip
ORIGIN: Final = datetime(1, 1, 1, tzinfo=UTC)
UNIX_TICKS: Final = 621_355_968_000_000_000


def ticks_of(text: Any) -> int | None:
    """Ticks since the year 1 of an ISO 8601 text, None for anything else."""
    match = PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(one or 0) for one in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    zone = match.group(8)
    if zone and zone != "Z":
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        moment = moment - shift if zone[0] == "+" else moment + shift
    whole = int((moment - ORIGIN) / timedelta(seconds=1))
    return whole * TICKS_PER["second"] + int((match.group(7) or "").ljust(7, "0"))


def text_of(ticks: int) -> str:
    """``2026-01-31T12:00:00.0000000Z``."""
    seconds, rest = divmod(ticks, TICKS_PER["second"])
    return f"{ORIGIN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:07d}Z".rjust(28, "0")


def _guarded(compute: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        try:
            return compute(*values)
        except (ValueError, OverflowError, TypeError, KeyError):
            return UNDEFINED

    return apply


def _need(text: Any) -> int:
    ticks = ticks_of(text)
    if ticks is None:
        raise ValueError(text)
    return ticks


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(value)
    return int(value)


def _add(part: str, count: Any, text: Any) -> str:
    name, ticks, number = PARTS[part.lower()], _need(text), _whole(count)
    if name == "nanosecond":
        return text_of(ticks + number // 100)
    if name in TICKS_PER:
        return text_of(ticks + number * TICKS_PER[name])
    moment = ORIGIN + timedelta(seconds=ticks // TICKS_PER["second"])
    months = moment.year * 12 + moment.month - 1 + number * (12 if name == "year" else 1)
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    moved = moment.replace(year=year, month=month + 1, day=day)
    return text_of(
        int((moved - ORIGIN) / timedelta(seconds=1)) * TICKS_PER["second"] + ticks % TICKS_PER["second"]
    )


def _part(part: str, text: Any) -> int:
    name, ticks = PARTS[part.lower()], _need(text)
    rest = ticks % TICKS_PER["second"]
    fractions = {"millisecond": rest // 10_000, "microsecond": rest // 10, "nanosecond": rest * 100}
    if name in fractions:
        return fractions[name]
    value: int = getattr(ORIGIN + timedelta(seconds=ticks // TICKS_PER["second"]), name)
    return value


def _diff(part: str, start: Any, end: Any) -> int:
    """How many boundaries of ``part`` lie between the two moments."""
    name, first, last = PARTS[part.lower()], _need(start), _need(end)
    if name == "nanosecond":
        return (last - first) * 100
    if name in TICKS_PER:
        return last // TICKS_PER[name] - first // TICKS_PER[name]
    one, other = (ORIGIN + timedelta(seconds=ticks // TICKS_PER["second"]) for ticks in (first, last))
    years = other.year - one.year
    return years if name == "year" else years * 12 + other.month - one.month


def _bin(text: Any, part: str, size: Any = 1, origin: Any = "1970-01-01T00:00:00.000000Z") -> str:
    name, base = PARTS[part.lower()], _need(origin)
    width = _whole(size) * TICKS_PER[name]
    if width <= 0:
        raise ValueError(size)
    return text_of(base + (_need(text) - base) // width * width)


def _from_parts(*parts: Any) -> str:
    year, month, day, hour, minute, second, fraction = [*map(_whole, parts), 0, 0, 0, 0][:7]
    if not 0 <= fraction < TICKS_PER["second"]:
        raise ValueError(fraction)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return text_of(int((moment - ORIGIN) / timedelta(seconds=1)) * TICKS_PER["second"] + fraction)


DATE_FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], int, int]]] = {
    "DATETIMEADD": (_guarded(_add), 3, 3),
    "DATETIMEDIFF": (_guarded(_diff), 3, 3),
    "DATETIMEPART": (_guarded(_part), 2, 2),
    "DATETIMEBIN": (_guarded(_bin), 2, 4),
    "DATETIMEFROMPARTS": (_guarded(_from_parts), 3, 7),
    "DATETIMETOTICKS": (_guarded(lambda text: _need(text) - UNIX_TICKS), 1, 1),
    "DATETIMETOTIMESTAMP": (_guarded(lambda text: (_need(text) - UNIX_TICKS) // 10_000), 1, 1),
    "TICKSTODATETIME": (_guarded(lambda ticks: text_of(_whole(ticks) + UNIX_TICKS)), 1, 1),
    "TIMESTAMPTODATETIME": (_guarded(lambda ms: text_of(_whole(ms) * 10_000 + UNIX_TICKS)), 1, 1),
}


def current_functions(now: float) -> dict[str, tuple[Callable[[], Any], int, int]]:
    """The functions that tell the time: ``now`` is seconds since 1970, the same for a whole request."""
    ticks = int(now * 10_000_000) + UNIX_TICKS
    text, timestamp = text_of(ticks), int(now * 1000)
    pairs: dict[str, Any] = {"DATETIME": text, "TIMESTAMP": timestamp, "TICKS": ticks - UNIX_TICKS}
    return {
        f"GETCURRENT{name}{suffix}": (partial(_same, value), 0, 0)
        for name, value in pairs.items()
        for suffix in ("", "STATIC")
    }


def _same(value: Any) -> Any:
    return value
