"""The event types' JSON Schemas and tables in ``docs/events``, from the code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from vending.events.envelope import TYPE_PREFIX, TYPE_SUFFIX, Envelope
from vending.events.event import MAX_BODY, MAX_DEPTH
from vending.events.event_types import EVENT_TYPES
from vending.events.fields import END

ROOT = Path(__file__).parents[1]
FOLDER, EXAMPLES = ROOT / "docs" / "events", ROOT / "tests" / "events"
FROM, TO = "<!-- generated: vendctl schemas -->", "<!-- end -->"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def schema(name: str) -> Schema:
    """The whole event of one type: its envelope with its data."""
    shape = EVENT_TYPES[name]
    _, parts = msgspec.json.schema_components((Envelope, shape), ref_template="#/$defs/{name}")
    envelope, data = parts.pop("Envelope"), parts.pop(shape.__name__)
    properties = envelope["properties"] | {"data": data, "type": {"const": type_of(name)}}
    required = list(envelope["required"])
    if shape.kind == "ledger":
        required.append("ledgersequence")
    else:
        del properties["ledgersequence"]
    return {
        "$schema": DIALECT,
        "$id": file_of(name),
        "title": type_of(name),
        "description": data["description"],
        "type": "object",
        "properties": properties,
        "required": required,
    } | ({"$defs": parts} if parts else {})


def _ecmascript(text: str) -> str:
    """In JSON Schema's regular expressions a ``$`` is the end already."""
    return text.replace(json.dumps(END)[1:-1], "$")


def type_of(name: str) -> str:
    """The CloudEvents type."""
    return f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}"


def file_of(name: str) -> str:
    """The schema's file."""
    return f"{name}{TYPE_SUFFIX}.schema.json"


def files() -> Iterator[tuple[Path, str]]:
    """Every generated file and its text. The prose of README.md around the markers stays."""
    for name in EVENT_TYPES:
        yield FOLDER / file_of(name), _ecmascript(json.dumps(schema(name), indent=2)) + "\n"
    before, _, rest = (FOLDER / "README.md").read_text().partition(FROM)
    _, _, after = rest.partition(TO)
    yield FOLDER / "README.md", f"{before}{FROM}\n\n{tables()}\n{TO}{after}"


def tables() -> str:
    """The tables of README.md."""
    lines = [
        f"An event has at most {MAX_BODY:,} bytes and nests at most {MAX_DEPTH} deep.",
        "",
        "| type | kind | says | schema | example |",
        "|---|---|---|---|---|",
    ]
    for name, shape in EVENT_TYPES.items():
        says = (shape.__doc__ or "").split("\n", maxsplit=1)[0].replace("``", "`")
        example = f"[example](../../tests/events/{name}.json)"
        lines.append(f"| `{name}` | {shape.kind} | {says} | [schema]({file_of(name)}) | {example} |")
    for name in EVENT_TYPES:
        found = schema(name)
        lines += ["", f"### {name}", "", "| field | required | value |", "|---|---|---|", *_rows(found)]
    return "\n".join(lines) + "\n"


def _rows(found: Schema) -> Iterator[str]:
    defs: dict[str, Schema] = found.get("$defs", {})

    def rows(shape: Schema, prefix: str) -> Iterator[str]:
        for field, value in shape["properties"].items():
            need = "yes" if field in shape.get("required", ()) else ""
            yield f"| `{prefix}{field}` | {need} | {_value(value)} |"
            parts = (value, "."), (value.get("items"), "[]."), (value.get("additionalProperties"), ".*.")
            for part, below in parts:
                if isinstance(part, dict) and (inner := part.get("$ref")):
                    yield from rows(defs[inner.rpartition("/")[2]], f"{prefix}{field}{below}")

    yield from rows(found["properties"]["data"], "")


def _value(value: Schema) -> str:
    if "enum" in value:
        words = ", ".join(f"`{word}`" for word in value["enum"])
    else:
        words = str(value.get("type", "object" if "$ref" in value else "any"))
    bounds = [f"{value.get('minimum', '')}..{value.get('maximum', '')}"] if "minimum" in value else []
    bounds += [f"at most {value[key]} {what}" for key, what in _LONGEST.items() if key in value]
    if "pattern" in value:
        bounds.append(f"`{value['pattern'].replace(END, '$')}`")
    if "default" in value:
        bounds.append(f"default `{json.dumps(value['default'])}`")
    return ", ".join([words, *bounds])


_LONGEST = {"maxLength": "characters", "maxItems": "entries"}


def stale() -> tuple[list[tuple[Path, str]], list[Path]]:
    """Files that are not what the code says, with what they should be; and schemas of no type any more."""
    generated = list(files())
    known = {path for path, _ in generated}
    old = [(path, text) for path, text in generated if not path.exists() or path.read_text() != text]
    return old, [path for path in FOLDER.glob("*.schema.json") if path not in known]


def write(old: list[tuple[Path, str]], strays: list[Path]) -> None:
    """Bring them in line."""
    for path, text in old:
        path.write_text(text)
    for path in strays:
        path.unlink()
