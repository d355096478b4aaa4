"""Query parameters of the API: their names, types and bounds."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from blueprints.bounds import CENTURY, fault
from vending.events.fields import END
from vending.openapi.shapes import Json, query_parameters
from vending.views.audits import AuditQuery
from vending.views.photos import CURSOR, PhotoQuery

LONGEST_WINDOW = timedelta(days=31)
Limit = Annotated[int, Meta(ge=1, le=500)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[datetime, Meta(tz=True, extra_json_schema={"pattern": CENTURY})]
Day = Annotated[date, Meta(extra_json_schema={"pattern": CENTURY})]
KEY = "code"
"""The function key, where it comes as a parameter; the host has dealt with it."""


class Faulty(Exception):
    """A question that cannot be answered; the text says which parameter and why."""


def asked[Question: Struct](parameters: Mapping[str, str], kind: type[Question]) -> Question:
    """The parameters as a question. Raises Faulty for one that is unknown or out of bounds."""
    given = {name: value for name, value in parameters.items() if name != KEY}
    told = _told(kind)
    try:
        _refuse_beyond(given, told)
        question = msgspec.convert(given, kind, strict=False)
        _refuse_null(given, question)
        return question
    except msgspec.ValidationError as wrong:
        said = f"{wrong}. The parameters are: {', '.join(told)}."
        raise Faulty(said.replace("Object", "The query")) from wrong


@cache
def _told(kind: type[Struct]) -> dict[str, Json]:
    """What the OpenAPI document says of each parameter."""
    return {one["name"]: one["schema"] for one in query_parameters(kind)}


def _refuse_beyond(given: Mapping[str, str], told: Mapping[str, Json]) -> None:
    """What the types would take, and the document does not."""
    for name, text in given.items():
        if said := fault(text, told.get(name, {})):
            raise msgspec.ValidationError(f"{said} - at `$.{name}`")


def _refuse_null(given: Mapping[str, str], question: Struct) -> None:
    """A text that reads as null is no value: it would be as if nothing had been asked."""
    for field in msgspec.structs.fields(question):
        if field.encode_name in given and getattr(question, field.name) is None:
            raise msgspec.ValidationError(f"Expected a value, got null - at `$.{field.encode_name}`")


class SalesAsked(Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """Of a machine's sales."""

    since: Moment | None = None
    until: Moment | None = None

    def __post_init__(self) -> None:
        if self.since is None or self.until is None:
            return
        if not timedelta(0) < self.until - self.since <= LONGEST_WINDOW:
            raise ValueError(f"'to' must follow 'from' by at most {LONGEST_WINDOW.days} days")

    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """From and to."""
        return self.since, self.until


class DayAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the fleet's summary, and of one machine."""

    day: Day | None = None

    def iso(self) -> str | None:
        """The day as rollups name it."""
        return None if self.day is None else self.day.isoformat()


class PhotosAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a machine's photos."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    after: Annotated[str, Meta(pattern=rf"^({CURSOR})?{END}")] = ""

    def query(self) -> PhotoQuery:
        """As the view takes it."""
        return PhotoQuery(self.limit, self.after)


class AuditsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a machine's audits."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    after: Annotated[int, Meta(ge=0, le=999_999_999_999)] = 0

    def query(self) -> AuditQuery:
        """As the view takes it."""
        return AuditQuery(self.limit, self.after)


class NothingAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of what takes no parameters."""
