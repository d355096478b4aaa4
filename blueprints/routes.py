"""HTTP routes as they are declared: address, role, what is asked and what is answered, in one place.

``ROUTES`` holds all of them by the function's name; whatever is said of routes elsewhere derives from it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import azure.functions as func
from msgspec import Struct

from blueprints.callers import LEVELS, admit
from blueprints.questions import NothingAsked
from vending.access.roles import Role

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
    status: int = 200
    """Where all went well."""
    problems: tuple[int, ...] = ()
    """The statuses of problem details that it has beyond those which any route has."""
    head: bool = False
    """Whether HEAD is answered too: what is not declared is 404 on the platform."""

    @property
    def methods(self) -> list[str]:
        """The verbs, as the host takes them."""
        return [self.method, "HEAD"] if self.head else [self.method]


ROUTES: dict[str, Route] = {}


def route(bp: func.Blueprint, name: str, declared: Route) -> Callable[[Handler], Any]:
    """Declare the function ``name`` on the blueprint; it is called only for callers with the route's role."""

    def declare(handler: Handler) -> Any:
        @wraps(handler)
        async def admitted(req: func.HttpRequest) -> func.HttpResponse:
            asks = await admit(req, declared.role)
            return asks if isinstance(asks, func.HttpResponse) else await handler(req)

        ROUTES[name] = declared
        level = LEVELS[declared.role]
        built = bp.route(declared.path, methods=declared.methods, auth_level=level)(admitted)
        return bp.function_name(name)(built)

    return declare
