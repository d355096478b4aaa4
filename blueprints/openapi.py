"""What programs ask about the API itself: its OpenAPI document, and the kinds of fault."""

from functools import cache

import azure.functions as func
import msgspec

from blueprints.answers import answer, page
from blueprints.questions import NothingAsked, asked
from blueprints.routes import ROUTES, Route, route
from vending import wiring
from vending.access.roles import Role
from vending.openapi.document import document
from vending.openapi.problem_types import PATH, PROBLEM_TYPES, ProblemType, address

bp = func.Blueprint()


@route(bp, "get_openapi", Route("GET", "api/openapi.json", Role.ANYBODY))
async def get_openapi(req: func.HttpRequest) -> func.HttpResponse:
    """This document."""
    return page(req, encoded(), "application/json")


@route(
    bp,
    "get_problem_type",
    Route("GET", f"{PATH}{{type}}", Role.ANYBODY, gives=ProblemType, problems=(404,)),
)
async def get_problem_type(req: func.HttpRequest) -> func.HttpResponse:
    """A kind of fault, where its address leads."""
    kinds = {kind.type: kind for kind in PROBLEM_TYPES.values()}

    async def view() -> ProblemType | None:
        asked(req.params, NothingAsked)
        return kinds.get(address(req.route_params["type"]))

    return await answer(req, view, missing="There is no such kind of fault.")


@cache
def encoded() -> bytes:
    """The document, made at the first request: by then every route is declared."""
    return msgspec.json.format(msgspec.json.encode(document(ROUTES, wiring.version())), indent=1)
