"""The texts of an address against the bounds that the OpenAPI document tells of them.

What the types take beyond their schemas is refused here: a number of seconds for a time, a zero for
false, an ISO 8601 time that is not one of RFC 3339, bounds that only the document says. So the document is
the check.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from vending.openapi.shapes import Json

CENTURY = "^20[0-9]{2}-"
"""Days and times are of this one: what lies outside is a mistake in the question."""
_MOMENT = re.compile(r"[0-9-]{10}[Tt][0-9:]{8}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_TRUTHS = ("true", "false")


def fault(text: str, schema: Json) -> str | None:
    """What is wrong with the text of a parameter by its schema; None where the rest is for its type."""
    return next(_faults(text, schema), None)


def _faults(text: str, schema: Json) -> Iterator[str]:
    pattern, form = schema.get("pattern"), schema.get("format")
    if "enum" in schema and text not in schema["enum"]:
        yield f"Invalid enum value {text!r}, none of {', '.join(schema['enum'])}"
    if pattern and not re.search(pattern, text):
        century = f"a {form} between the years 2000 and 2100"
        yield f"Expected {century if pattern == CENTURY else f'`str` matching regex {pattern!r}'}"
    if form == "date-time" and not _MOMENT.fullmatch(text):
        yield "Expected a date-time as of RFC 3339"
    if schema.get("type") == "boolean" and text.lower() not in _TRUTHS:
        yield "Expected `true` or `false`"


def misnamed(given: Mapping[str, str], told: Iterable[Json]) -> str | None:
    """Which name in a path can be nothing of its kind, in a sentence. ``told`` are the path's parameters."""
    for one in told:
        name, text = one["name"], given.get(one["name"])
        if text is not None and fault(text, one["schema"]):
            return f"{text!r} is no {name}, as {one['example']!r} is one."
    return None
