"""Types as JSON Schema, for the document's components and for its parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

type Json = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"


def components(kinds: Iterable[type]) -> tuple[dict[type, Json], Json]:
    """The schema of each type, most of them a reference, and the components that they refer to."""
    asked = list(dict.fromkeys(kinds))
    schemas, found = msgspec.json.schema_components(asked, ref_template=REFERENCE)
    return dict(zip(asked, schemas, strict=True)), found


def query_parameters(asks: type) -> list[Json]:
    """A Struct's fields as parameters of the query, in their order."""
    schemas, found = components([asks])
    shape = _resolved(schemas[asks], found)
    required = set(shape.get("required", ()))
    return [
        _parameter(name, name in required, _inlined(schema, found))
        for name, schema in shape.get("properties", {}).items()
    ]


def _parameter(name: str, required: bool, schema: Json) -> Json:
    """The description of the value is the parameter's. An empty value is none: the host takes it out."""
    said = {key: schema.pop(key) for key in ("description",) if key in schema}
    empty = {} if required else {"allowEmptyValue": True}
    return {"name": name, "in": "query", "required": required, **said, **empty, "schema": schema}


def _inlined(schema: Json, found: Mapping[str, Json]) -> Json:
    """Without null, which a query cannot say: a parameter that is not given is left out."""
    schema = dict(_resolved(schema, found))
    if schema.get("default", "") is None or schema.get("default") == "":
        del schema["default"]
    choices = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        return {**_resolved(choices[0], found), **schema}
    return {**schema, "anyOf": choices} if choices else schema


def _resolved(schema: Json, found: Mapping[str, Json]) -> Json:
    reference = schema.get("$ref")
    return found[reference.rpartition("/")[2]] if reference else schema
