"""HTTP routes as they are declared: address, role, what is asked and what is answered, in one place.

``ROUTES`` holds all of them by the function's name; whatever is said of routes elsewhere derives from it.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import wraps
from inspect import getdoc
from typing import Any

import azure.functions as func
from msgspec import Struct

from blueprints.answers import problem
from blueprints.bounds import misnamed
from blueprints.callers import LEVELS, admit
from blueprints.compression import plain_tags
from blueprints.finishing import finished
from blueprints.questions import NothingAsked
from blueprints.request_ids import identified, request_id
from vending.access.roles import Role
from vending.openapi.parts import path_parameters
from vending.openapi.shapes import Json

log = logging.getLogger(__name__)
type Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. Shapes are Structs; ``path`` has no slash at its beginning and names in braces."""

    method: str
    path: str
    role: Role
    asks: type[Struct] = NothingAsked
    """Its query parameters."""
    takes: type[Struct] | None = None
    """The JSON of its body."""
    gives: type | None = None
    """The JSON of its answer; None where it answers something else."""
    media: tuple[str, ...] = ("application/json",)
    """Media types of its answer; ``gives`` is the shape of the first."""
    status: int = 200
    """Where all went well."""
    alike: tuple[int, ...] = ()
    """Further statuses with an answer of the same shape."""
    problems: tuple[int, ...] = ()
    """The statuses of problem details that it has beyond those which any route has."""
    says: str = ""
    """What it does, in the words of its function."""

    @property
    def methods(self) -> list[str]:
        """The verbs, as the host takes them. What is not declared is 404 on the platform, HEAD too."""
        return ["GET", "HEAD"] if self.method == "GET" else [self.method]


ROUTES: dict[str, Route] = {}


def route(bp: func.Blueprint, name: str, declared: Route) -> Callable[[Handler], Any]:
    """Declare the function ``name`` on the blueprint; it is called only for callers with the route's role
    and for an address whose names are such as the OpenAPI document says."""
    names = path_parameters(declared.path)

    def declare(handler: Handler) -> Any:
        @wraps(handler)
        async def admitted(req: func.HttpRequest) -> func.HttpResponse:
            with identified(req.headers):
                try:
                    answer = await _refused(req, declared.role, names) or await handler(plain_tags(req))
                except Exception:
                    # The host logs what was raised, and answers 500; this line says whose request it was.
                    log.error("%s failed: request %s", name, request_id())
                    raise
                return finished(req, answer)

        ROUTES[name] = replace(declared, says=getdoc(handler) or "")
        level = LEVELS[declared.role]
        built = bp.route(declared.path, methods=declared.methods, auth_level=level)(admitted)
        return bp.function_name(name)(built)

    return declare


async def _refused(req: func.HttpRequest, role: Role, names: list[Json]) -> func.HttpResponse | None:
    """What the handler is not asked: a caller without the role, an address of what cannot be."""
    asks = await admit(req, role)
    if isinstance(asks, func.HttpResponse):
        return asks
    said = misnamed(req.route_params, names)
    return problem(404, "Not Found", said) if said else None
