"""What operations of the document share: ways to sign in, parameters of paths, headers, faults."""

import re
from typing import Any

from vending.access.roles import Role
from vending.events.envelope import Identifier
from vending.events.fields import END
from vending.openapi.problem_types import MEDIA_TYPE, PROBLEM_TYPES
from vending.openapi.shapes import REFERENCE, Json

NAME = re.compile(r"{(\w+)}")
STORED = {"type": "string", "pattern": rf"^[^/\\?#\x00-\x1f\x7f]{{1,200}}{END}"}
"""What an id may hold in Cosmos DB."""
MACHINE = {"type": "string", "pattern": rf"^{Identifier}{END}"}
SUBJECT = {"type": "string", "pattern": rf"^\$?{Identifier}{END}"}
PATH_PARAMETERS: dict[str, tuple[str, Json, str]] = {
    "commandId": ("As the list of the machine's commands says it.", {}, "lock-a1-monday"),
    "id": ("An entry of the catalog, by its own id.", STORED, "site-0004"),
    "kind": ("A kind of entries of the catalog.", {}, "sites"),
    "visitId": ("As the list of the machine's visits says it.", STORED, "visit-0031"),
    "alertId": ("Rule and component, or an episode, as the list of alerts says it.", STORED, "sold-out:A1"),
    "letterId": ("As the list of dead letters says it.", {}, "1~0~4711"),
    "machineId": ("A machine, as the catalog or its events name it.", MACHINE, "vm-00017"),
    "photoId": ("As the list of photos says it.", {}, "vm-00017~4f1c2b9a6d3e4f708192a3b4c5d6e7f8"),
    "routeId": ("A route, as the catalog's sites name it.", MACHINE, "route-01"),
    "size": ("Pixels at the longest side.", {"enum": ["320", "1280"]}, "320"),
    "type": ("The last part of a problem's `type`.", {}, "not-found"),
}
"""Name in a path → what it is, how it is bounded, an example. One that is not here is any text."""
OTHERWISE = {
    ("api/v1/alerts/", "machineId"): (
        "A machine, or what else alerts are of: `$hub` and the like.",
        SUBJECT,
        "vm-00017",
    ),
}
"""Below a path a name may mean more."""
SECURITY_SCHEMES: Json = {
    "functionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A key of the app; for routes of `Fleet.Admin` its master key.",
    },
    "functionKeyInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "code",
        "description": "The same key. Prefer the header: addresses are in histories and logs.",
    },
    "entraId": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of Entra ID with the app role that the operation names, where App Service"
        " Authentication is on.",
    },
    "publisherToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`SharedAccessSignature …`: the token by which the device sends its events. It opens"
        " the device's own routes alone.",
    },
}
HEADERS: Json = {
    "ETag": {"description": "Of the content; ask with If-None-Match.", "schema": {"type": "string"}},
    "X-Request-Id": {
        "description": "The request's own id, or the one that it was given here.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
}
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what was read: a change of something else is refused.",
    "schema": {"type": "string"},
}
"""Of routes that answer 428 without it."""
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Of your own, new for each write and the same when it is repeated: it is done once,"
    " and answered as the first time, for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}
"""Of routes that answer 422 to one that was another request's."""
WAITING = (429, 503)
"""Statuses that say when to come back."""


def security(role: Role) -> list[Json]:
    """What a caller shows: one of these."""
    if role is Role.ANYBODY:
        return []
    if role is Role.DEVICE:
        return [{"publisherToken": []}]
    return [{"functionKey": []}, {"functionKeyInQuery": []}, {"entraId": [role.value]}]


def path_parameters(path: str) -> list[Json]:
    """The names in braces of a path, as parameters."""
    special = {name: said for (below, name), said in OTHERWISE.items() if path.startswith(below)}
    told = PATH_PARAMETERS | special
    return [_path_parameter(name, *told.get(name, ("", {}, ""))) for name in NAME.findall(path)]


def _path_parameter(name: str, says: str, schema: Json, example: str) -> Json:
    parameter: Json = {"name": name, "in": "path", "required": True}
    parameter |= {"description": says} if says else {}
    parameter["schema"] = {"type": "string", "minLength": 1} | schema
    return parameter | ({"example": example} if example else {})


def headers(*names: str) -> Json:
    """References to headers of an answer."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_responses() -> Json:
    """A response for each status of the table of faults, by ``Problem400`` and the like."""
    found: dict[int, list[Any]] = {}
    for kind in PROBLEM_TYPES.values():
        found.setdefault(kind.status, []).append(kind)
    return {f"Problem{status}": _problem_response(status, kinds) for status, kinds in found.items()}


def _problem_response(status: int, kinds: list[Any]) -> Json:
    said = " ".join(f"`{kind.type}`: {kind.means}" for kind in kinds)
    more = ("Retry-After",) if status in WAITING else ()
    shape = {"schema": {"$ref": REFERENCE.format(name="Problem")}}
    return {"description": said, "headers": headers("X-Request-Id", *more), "content": {MEDIA_TYPE: shape}}
