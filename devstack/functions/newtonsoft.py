"""JSON as the platform's host writes it anew after it has parsed it (Newtonsoft.Json, default settings).

Strings that look like an ISO time are parsed as one and written back: trailing zeros of the fraction fall
away, an offset is turned into the host's own zone, ``24:00:00`` is the next day, ``z`` becomes ``Z``. Dates
without a time stay, and so do times without zone and fraction. Floats are doubles: 1.10 comes back as 1.1.

Source: Newtonsoft.Json DateTimeUtils; the rewritten forms were measured on the real host, in change feeds.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d):([0-5]\d):([0-5]\d)(?:\.(\d{1,7}))?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)


def rewritten(value: Any) -> Any:
    """A parsed JSON value with its date-like strings written as the host writes them, nested ones too."""
    if isinstance(value, str):
        return _text(value) if 19 <= len(value) <= 40 and value[10] == "T" else value
    if isinstance(value, list):
        return [rewritten(one) for one in value]
    if isinstance(value, dict):
        return {name: rewritten(one) for name, one in value.items()}
    return value


def anew(text: str | bytes, indent: int | None = None) -> str:
    """A JSON text parsed and written. ``ValueError`` when it is none."""
    return written(rewritten(json.loads(text)), indent)


def written(value: Any, indent: int | None = None) -> str:
    """Compact, or indented."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)


def _text(value: str) -> str:
    found = _TIME.fullmatch(value)
    if found is None:
        return value
    day, hour, minute, second, fraction, zulu, sign, hours, minutes = found.groups()
    midnight = hour == "24"
    ticks = (fraction or "").ljust(7, "0")
    if int(hour) > 24 or (midnight and int(minute + second + ticks)):
        return value
    try:
        moment = datetime.fromisoformat(f"{day}T{'00' if midnight else hour}:{minute}:{second}")
        moment += timedelta(days=midnight)
        zone = "Z" if zulu else ""
        if sign:
            east = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (1 if sign == "+" else -1)
            moment = (moment.replace(tzinfo=UTC) - east).astimezone()
            zone = moment.isoformat()[19:25]
    except (ValueError, OverflowError):
        return value
    short = ticks.rstrip("0")
    return f"{moment.isoformat()[:19]}{'.' + short if short else ''}{zone}"
