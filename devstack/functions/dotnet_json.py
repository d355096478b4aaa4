"""JSON as the platform's Newtonsoft.Json reads it and writes it again.

A text that holds JSON and is handed to an output binding does not arrive as it was: it is parsed and written
anew, indented, with numbers and dates in .NET's own forms. So are the documents of a change feed, an HTTP
function's text, and Event Hubs bodies without a data type. Source: azure-functions-host FunctionBinding
(``JToken.Parse``, ``ToString``), Newtonsoft.Json JsonTextWriter, DateTimeParser and JsonConvert.
"""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?"
    r"(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?"
)
_QUOTED = re.compile(r'"(\d{4}-\d\d-\d\dT[^"\\]{8,29})"(?!:)', re.ASCII)
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED = re.compile(r'["\\\x00-\x1f\x85\u2028\u2029]')


def looks_like(text: str) -> bool:
    """Whether the platform takes a text for JSON: by its first and last character alone."""
    stripped = text.strip()
    return stripped[:1] + stripped[-1:] in ("{}", "[]")


def parse(text: str) -> Any:
    """The value of a JSON text. ``ValueError`` for a text that is none, NaN and infinities included."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON number")

    return json.loads(text, parse_constant=refuse)


def indented(value: Any, *, dates: bool, depth: int = 0) -> str:
    """``value`` as ``JToken.ToString()`` writes it. ``dates``: texts that look like dates are rewritten."""
    if isinstance(value, dict) and value:
        parts = [
            f"{_text(str(key))}: {indented(one, dates=dates, depth=depth + 1)}" for key, one in value.items()
        ]
        return _block("{", parts, "}", depth)
    if isinstance(value, list) and value:
        return _block("[", [indented(one, dates=dates, depth=depth + 1) for one in value], "]", depth)
    if isinstance(value, str):
        return _text(date(value) if dates else value)
    if isinstance(value, float):
        return _in_json(number(value))
    return json.dumps(value)


def compact(value: Any) -> str:
    """``value`` on one line, its dates rewritten: the values of :func:`indented`, for what is parsed again at
    once. The dates are found in the text, which is several times as fast as a walk.
    """
    return _QUOTED.sub(_rewritten, json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _rewritten(found: re.Match[str]) -> str:
    # A quotation mark that is itself part of a text stands behind a backslash.
    before = found.string[found.start() - 1] if found.start() else "["
    return f'"{date(found[1])}"' if before in "[:," else found[0]


def bare(value: Any, *, dates: bool) -> str:
    """``JToken.ToString()`` of a value that stands alone: texts without quotes, .NET's names of constants."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return _spoken(value) if dates else value
    return number(value) if isinstance(value, float) else indented(value, dates=dates)


def date(text: str) -> str:
    """A text that Newtonsoft takes for a date, as it writes it again; any other text unchanged.

    ``…56.000Z`` becomes ``…56Z``, an offset that of the host's zone, ``T24:00:00`` the next day; fractions
    keep their digits without trailing zeros.
    """
    found = _moment(text)
    if found is None:
        return text
    moment, fraction, zone = found
    return moment.replace(tzinfo=None).isoformat() + (f".{fraction}" if fraction else "") + zone


def number(value: float) -> str:
    """``double.ToString("R")``: shortest digits; with an exponent from 1E+15 and below 1E-04."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    size = len(digits) + int(exponent) - 1
    if value == 0:
        return "-0" if sign else "0"
    if -5 < size < 15:
        return f"{Decimal(repr(value)).normalize():f}"
    text = "".join(map(str, digits))
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}E{'+' if size >= 0 else '-'}{abs(size):02d}"


def _block(first: str, parts: list[str], last: str, depth: int) -> str:
    inner, outer = "  " * (depth + 1), "  " * depth
    return f"{first}\n{inner}" + f",\n{inner}".join(parts) + f"\n{outer}{last}"


def _text(value: str) -> str:
    def escape(match: re.Match[str]) -> str:
        return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"

    return f'"{_ESCAPED.sub(escape, value)}"'


def _in_json(text: str) -> str:
    if text.lstrip("-")[0].isalpha():
        return f'"{text}"'
    return text if "." in text or "E" in text else f"{text}.0"


def _spoken(text: str) -> str:
    """A date that stands alone is written by ``DateTime.ToString()``."""
    found = _moment(text)
    return text if found is None else f"{found[0]:%m/%d}/{found[0].year:04d} {found[0]:%H:%M:%S}"


def _moment(text: str) -> tuple[datetime, str, str] | None:
    """Date and time, digits of the fraction, and the zone as it is written. None for what is no date."""
    match = _DATE.fullmatch(text)
    if match is None or len(text) > 40:
        return None
    year, month, day, hour, minute, second = (int(match[n]) for n in range(1, 7))
    fraction = (match[7] or "").rstrip("0")
    next_day = hour == 24 and not minute and not second and not fraction
    try:
        moment = datetime(year, month, day, 0 if next_day else hour, minute, second)  # noqa: DTZ001 - see zone
        moment += timedelta(days=next_day)
        if match[9] is None:
            return moment, fraction, "Z" if match[8] else ""
        offset = timedelta(hours=int(match[10]), minutes=int(match[11] or 0))
        local = (moment + (offset if match[9] == "-" else -offset)).replace(tzinfo=UTC).astimezone()
    except (ValueError, OverflowError):
        return None
    return local, fraction, f"{local:%:z}"
