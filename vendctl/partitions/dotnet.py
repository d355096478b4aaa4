"""What the .NET Event Hubs extension makes of each AMQP type, in JSON as the worker gets it, read back.

Measured (tests hold the properties of a real batch against this), and read in AmqpAnnotatedMessageConverter.
Not equal, because nothing is known of it: lists inside properties that hold symbols or described values.
"""

import math
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from vendctl.partitions.amqp import Typed, decimal
from vending.time import EPOCH

NAMES = (
    "message-id", "user-id", "to", "subject", "reply-to", "correlation-id", "content-type",
    "content-encoding", "absolute-expiry-time", "creation-time", "group-id", "group-sequence",
    "reply-to-group-id",
)  # fmt: skip
"""The fields of the properties section, in their order (part 3 of the standard)."""
TICKS = 10_000_000
"""Of .NET, a second; they begin at the year 1."""
FIRST = datetime(1, 1, 1, tzinfo=EPOCH.tzinfo)


def kept(entries: Mapping[str, Typed]) -> dict[str, Any]:
    """A map's values: described ones of names that the client does not know are dropped.

    Raises TypeError, ValueError or ArithmeticError for a value that its type has no room for.
    """
    found = {name: plain(value) for name, value in entries.items()}
    return {name: value for name, value in found.items() if value is not None or entries[name].type == "null"}


def listed(properties: list[Typed]) -> dict[str, Any]:
    """The properties section; what is empty is missing. Raises as :func:`kept`."""
    found: dict[str, Any] = {}
    for name, typed in zip(NAMES, properties, strict=False):
        if typed.value is None or typed.value in ("", b""):
            continue
        if typed.type == "timestamp":
            found[name] = offset_time(_moment(typed.value))
        elif name == "user-id":  # the extension writes the memory that it stands in, and loses its content
            found[name] = {"Length": len(typed.value), "IsEmpty": False}
        else:
            found[name] = typed.value if name == "group-sequence" else str(plain(typed))
    return found


def plain(typed: Typed) -> Any:
    """A value as the extension's JSON says it, read back; None for what it drops."""
    value = typed.value
    match typed.type:
        case "binary":
            return b64encode(value).decode()
        case "uuid":
            return str(value)
        case "float" | "double":
            return _number(value, single=typed.type == "float")
        case "decimal32" | "decimal64" | "decimal128":
            return float(decimal(typed))
        case "timestamp":
            return f"{_clock(_moment(value))}Z"
        case "described":
            return _translated(*value)
        case "list" | "array":
            return [plain(item) for item in value]
        case "map":
            return {str(key.value): plain(item) for key, item in value}
    return value


def _moment(milliseconds: int) -> datetime:
    """A timestamp, kept within the years that .NET has."""
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=EPOCH.tzinfo) if milliseconds > 0 else FIRST


def offset_time(moment: datetime) -> str:
    """As .NET writes a DateTimeOffset in UTC."""
    return f"{_clock(moment)}+00:00"


def _clock(moment: datetime) -> str:
    """To the last digit that is not zero."""
    text = moment.replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


def _number(value: float, *, single: bool) -> float | str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if not single:
        return value
    packed = struct.pack(">f", value)
    # The shortest text that is this single-precision number: 0.1 rather than 0.10000000149011612.
    texts = (f"{value:.{digits}g}" for digits in range(1, 10))
    return float(next(text for text in texts if struct.pack(">f", float(text)) == packed))


def _translated(descriptor: Typed, value: Typed) -> Any:
    """The three described types of the .NET clients; others are dropped."""
    known: dict[str, Callable[[Any], Any]] = {
        "com.microsoft:uri": str,
        "com.microsoft:datetime-offset": lambda ticks: offset_time(
            FIRST + timedelta(microseconds=ticks // 10)
        ),
        "com.microsoft:timespan": _span,
    }
    translate = known.get(str(descriptor.value))
    return None if translate is None else translate(value.value)


def _span(ticks: int) -> str:
    """As .NET writes a TimeSpan: ``[-][d.]hh:mm:ss[.fffffff]``."""
    seconds, part = divmod(abs(ticks), TICKS)
    days, seconds = divmod(seconds, 86_400)
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    text = f"{hours:02}:{minutes:02}:{seconds % 60:02}" + (f".{part:07}" if part else "")
    return ("-" if ticks < 0 else "") + (f"{days}.{text}" if days else text)
