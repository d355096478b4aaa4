"""The OpenAPI 3.1 document: paths from the routes, schemas from the types, faults from their table."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from msgspec import structs

from vending.access.roles import Role
from vending.openapi import parts
from vending.openapi.problem_types import Problem
from vending.openapi.shapes import Json, components, query_parameters

ABOUT = (
    "What the machines of a vending fleet are, hold and sold, and what is wrong with them. Times are ISO 8601"
    " in UTC, days the local days of sites, money minor units of ISO 4217 currencies, temperatures degrees"
    " Celsius. Fields may be added; clients ignore those that they do not know. What GET reads, HEAD asks"
    " for; OPTIONS says which verbs an address has."
)
WITHOUT_BODY = "No key, or a wrong one: answered by the host, without a body."


class Declared(Protocol):
    """A route as it is declared."""

    @property
    def method(self) -> str:
        """Its verb."""

    @property
    def path(self) -> str:
        """Without a slash at its beginning."""

    @property
    def role(self) -> Role:
        """Whom it lets in."""

    @property
    def asks(self) -> type:
        """Its query."""

    @property
    def takes(self) -> type | None:
        """Its body."""

    @property
    def gives(self) -> type | None:
        """Its answer."""

    @property
    def media(self) -> tuple[str, ...]:
        """Media types of the answer."""

    @property
    def status(self) -> int:
        """Where all went well."""

    @property
    def alike(self) -> tuple[int, ...]:
        """Further statuses with the same shape."""

    @property
    def problems(self) -> tuple[int, ...]:
        """Its own faults."""

    @property
    def says(self) -> str:
        """Its function's docstring."""


def document(routes: Mapping[str, Declared], version: str) -> Json:
    """The document of the routes below ``api/``, by the names of their functions; the same for the same."""
    told = {name: one for name, one in routes.items() if one.path.startswith("api/") and "*" not in one.path}
    kinds = [kind for one in told.values() for kind in (one.takes, one.gives) if kind]
    schemas, shapes = components([*kinds, Problem])
    paths: dict[str, Json] = {}
    for name, one in sorted(told.items(), key=lambda pair: (pair[1].path, pair[1].method)):
        paths.setdefault(f"/{one.path}", {})[one.method.lower()] = _operation(name, one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vendstream", "version": version, "description": ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({_tag(one.path) for one in told.values()})],
        "paths": paths,
        "components": {
            "schemas": shapes,
            "responses": parts.problem_responses(),
            "headers": parts.HEADERS,
            "securitySchemes": parts.SECURITY_SCHEMES,
        },
    }


def _operation(name: str, route: Declared, schemas: Mapping[type, Json]) -> Json:
    summary, _, more = " ".join(route.says.split()).partition(". ")
    parameters = parts.path_parameters(route.path) + query_parameters(route.asks)
    parameters += [parts.IF_MATCH] if 428 in route.problems else []
    parameters += [parts.IDEMPOTENCY_KEY] if 422 in route.problems else []
    operation: Json = {"operationId": name, "tags": [_tag(route.path)], "summary": summary.rstrip(".")}
    operation["description"] = " ".join(filter(None, [more, _needs(route.role)]))
    operation["security"] = parts.security(route.role)
    operation |= {"parameters": parameters} if parameters else {}
    if route.takes:
        content = {"application/json": {"schema": schemas[route.takes]}}
        needed = any(field.required for field in structs.fields(route.takes))
        operation["requestBody"] = {"required": needed, "content": content}
    return operation | {"responses": _responses(route, schemas)}


def _responses(route: Declared, schemas: Mapping[type, Json]) -> Json:
    """By status, in order."""
    found: Json = {str(status): _success(route, schemas) for status in (route.status, *route.alike)}
    if route.method == "GET" and not route.alike:
        found["304"] = {"description": "Nothing changed since.", "headers": parts.headers("ETag")}
    if route.role not in (Role.ANYBODY, Role.DEVICE):
        found["401"] = {"description": WITHOUT_BODY}
    for status in {400, *_faults_of(route)} - {int(known) for known in found}:
        found[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return dict(sorted(found.items()))


def _faults_of(route: Declared) -> Iterable[int]:
    yield from route.problems
    if route.role is not Role.ANYBODY:
        yield from (403, 503)
    if route.role is Role.DEVICE:
        yield 401


def _success(route: Declared, schemas: Mapping[type, Json]) -> Json:
    tagged = ("ETag",) if route.method == "GET" and not route.alike else ()
    described = _first_line(route.gives.__doc__ or "" if route.gives else route.says)
    content = {media: {"schema": _schema(route, media, schemas)} for media in route.media}
    return {
        "description": described,
        "headers": parts.headers("X-Request-Id", *tagged),
        **({"content": content} if route.status != 204 else {}),
    }


def _schema(route: Declared, media: str, schemas: Mapping[type, Json]) -> Json:
    if route.gives and media == route.media[0]:
        return schemas[route.gives]
    if media.startswith("image/"):
        return {"type": "string", "contentMediaType": media}
    return {"type": "string"} if media.startswith("text/") else {"type": "object"}


def _first_line(said: str) -> str:
    return said.partition("\n")[0]


def _needs(role: Role) -> str:
    if role is Role.ANYBODY:
        return "Open to anybody."
    return "For the device itself." if role is Role.DEVICE else f"Needs the role `{role.value}`."


def _tag(path: str) -> str:
    """The collection that a path is about."""
    found: list[Any] = re.findall(r"^api/(?:v1/)?(\w+)", path)
    return str(found[0]) if path.startswith("api/v1/") else "app"
