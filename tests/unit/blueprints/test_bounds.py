"""What the OpenAPI document says of a parameter, and what is taken: the same."""

import json
import re
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

import function_app  # noqa: F401 - declares the routes
from blueprints.bounds import misnamed
from blueprints.questions import Faulty, NothingAsked, SalesAsked, asked
from blueprints.questions_machines import MachinesAsked
from blueprints.questions_writes import ChangeAsked
from blueprints.routes import ROUTES
from vending.openapi.parts import path_parameters
from vending.openapi.shapes import query_parameters

KEYWORDS = {"type", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"}
SILENT = {"default", "examples"}
NUMBERS = (
    "0",
    "-0",
    "1",
    "05",
    "+5",
    "5.0",
    "1e2",
    "0.5",
    "501",
    "1e400",
    "nan",
    "inf",
    "-Infinity",
    "1_0",
    "٥",
)
DATES = ("2026-03-02", "2026-02-30", "1999-12-31", "2100-01-01", "20260302", "1772445600", "2026-03-02\n")
CLOCKS = (
    "T09:03:00Z",
    "t09:03:00.5z",
    " 09:03:00Z",
    "T09:03:00+0000",
    "T24:00:00Z",
    "T09:03:00",
    "T09:03:00+01:00",
)
ODD = ("null", "Null", "true", "TRUE", "false", "yes", "0", "x\n", "a/b", "$hub", "..", "é", "\x00", "\u2028")
TEXTS = st.one_of(
    st.sampled_from((*NUMBERS, *DATES, *ODD)),
    st.builds(str.__add__, st.sampled_from(DATES), st.sampled_from(CLOCKS)),
    st.integers(-10, 2**41).map(str),
    st.text(min_size=1, max_size=70),
)


class Parameter(NamedTuple):
    """Of a question: its name, its schema."""

    kind: type[Struct]
    name: str
    schema: dict[str, Any]


QUESTIONS = sorted({one.asks for one in ROUTES.values()} - {NothingAsked}, key=lambda kind: kind.__name__)
PARAMETERS = [
    Parameter(kind, one["name"], one["schema"]) for kind in QUESTIONS for one in query_parameters(kind)
]


def read(text: str, kind: str | None) -> Any:
    """The value that a text of a query is, for a schema of that type; None for none."""
    if kind == "boolean":  # spelled as in Python too
        return {"true": True, "false": False}.get(text.lower())
    if kind not in ("integer", "number"):
        return text
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", text, re.ASCII):
        return None
    number = json.loads(text)
    return None if kind == "integer" and number % 1 else number


def admits(schema: dict[str, Any], text: str) -> bool:
    """What JSON Schema says of the value of a text."""
    assert schema.keys() <= KEYWORDS | SILENT, "a keyword that this reading does not know"
    value = read(text, schema.get("type"))
    if value is None:
        return False
    if not isinstance(value, str):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return (
        value in schema.get("enum", [value])
        and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        and re.search(schema.get("pattern", ""), value) is not None
        and (schema.get("format") is None or of_format(value, schema["format"]))
    )


def of_format(text: str, name: str) -> bool:
    """RFC 3339, but for leap seconds."""
    date = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    form = {"date": date, "date-time": rf"{date}[Tt][0-9:]{{8}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"}[
        name
    ]
    try:
        datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text.upper()))
    except ValueError:
        return False
    return re.fullmatch(form, text) is not None and "T24" not in text.upper()


def taken(parameter: Parameter, text: str) -> bool:
    """Whether the parameter's text is let in; what it says together with others is another question."""
    needed = {
        one["name"]: one["schema"]["examples"][0]
        for one in query_parameters(parameter.kind)
        if one["required"]
    }
    try:
        asked(needed | {parameter.name: text}, parameter.kind)
    except Faulty as fault:
        return f"`$.{parameter.name}`" not in str(fault)
    return True


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda one: f"{one.kind.__name__}.{one.name}")
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_taken_is_what_the_document_says(parameter: Parameter, data: st.DataObject) -> None:
    schema = parameter.schema
    own = [st.sampled_from(schema["enum"])] if "enum" in schema else []
    own += [st.from_regex(schema["pattern"])] if "pattern" in schema else []
    text = data.draw(st.one_of(TEXTS, *own).filter(bool))  # the host drops one that is empty
    assert taken(parameter, text) == admits(schema, text), text


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (SalesAsked, {"from": "1772445600"}, "between the years 2000 and 2100 - at `$.from`"),
        (SalesAsked, {"to": "2026-03-02 09:03:00Z"}, "RFC 3339 - at `$.to`"),
        (ChangeAsked, {"dryRun": "0"}, "Expected `true` or `false` - at `$.dryRun`"),
        (MachinesAsked, {"rule": "silence"}, "none of audit-difference"),
    ],
)
def test_what_the_types_would_take_and_the_document_does_not(
    kind: type[Struct], given: dict[str, str], says: str
) -> None:
    with pytest.raises(Faulty, match=re.escape(says)):
        asked(given, kind)


def test_a_name_in_a_path_that_can_be_nothing_is_told_with_one_that_can() -> None:
    told = path_parameters("api/v1/photos/{photoId}/{size}")
    assert misnamed({"photoId": "any", "size": "320"}, told) is None
    assert misnamed({"photoId": "any", "size": "640"}, told) == "'640' is no size, as '320' is one."


@pytest.mark.parametrize(
    ("path", "name", "fits"),
    [
        ("api/v1/machines/{machineId}/alerts", "vm-00017", True),
        ("api/v1/machines/{machineId}/alerts", "$hub", False),
        ("api/v1/machines/{machineId}/alerts", "S\u00f9", False),
        ("api/v1/machines/{machineId}/alerts", "vm-1\n", False),
        ("api/v1/alerts/{machineId}/{alertId}", "$hub", True),
        ("api/v1/alerts/{machineId}/{alertId}", "$", False),
    ],
)
def test_alerts_are_of_machines_and_of_what_else_there_is(path: str, name: str, fits: bool) -> None:
    assert (misnamed({"machineId": name}, path_parameters(path)) is None) == fits


@pytest.mark.parametrize("name", ["a/b", "a\\b", "a?", "a#", "a\x18", "a\n", "x" * 201])
@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("api/v1/catalog/entries/{kind}/{id}", "id"),
        ("api/v1/machines/{machineId}/visits/{visitId}", "visitId"),
        ("api/v1/alerts/{machineId}/{alertId}", "alertId"),
    ],
)
def test_no_store_is_asked_for_an_id_that_it_cannot_hold(path: str, parameter: str, name: str) -> None:
    told = path_parameters(path)
    assert misnamed({parameter: "sku:1 é"}, told) is None
    assert misnamed({parameter: name}, told) is not None
