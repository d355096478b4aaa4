"""What answers of the HTTP API are made of: their base, and the types of their fields with their units.

An answer is a Struct whose docstrings and types are the OpenAPI document too (:mod:`blueprints.openapi`): a
field says its unit in ``Meta``. Nothing here is checked when an answer is sent.
"""

from typing import Annotated

from msgspec import Meta, Struct

Instant = Annotated[
    str,
    Meta(
        description="A time in UTC, ISO 8601 with milliseconds.",
        examples=["2026-03-02T11:58:12.000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Day = Annotated[
    str,
    Meta(
        description="A business day: the local day of a site.",
        examples=["2026-03-02"],
        extra_json_schema={"format": "date"},
    ),
]
Count = Annotated[int, Meta(ge=0)]
Revenue = Annotated[
    dict[str, int],
    Meta(
        description="ISO 4217 currency → minor units; currencies are never summed.", examples=[{"EUR": 1340}]
    ),
]
Celsius = Annotated[float, Meta(description="Degrees Celsius.")]


class Answer(Struct, frozen=True, rename="camel"):
    """Base of all answers, and of their parts."""
