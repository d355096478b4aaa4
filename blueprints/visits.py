"""The HTTP API: visits and collections."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.answers import answer
from blueprints.links import paged
from blueprints.questions import NothingAsked, asked
from blueprints.questions_visits import CollectionsAsked, RouteVisitsAsked, VisitsAsked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.views import visits
from vending.views.route_visits import route_visits
from vending.views.visit_answers import Collections, RouteVisits, Visits, WholeVisit

bp = func.Blueprint()
OF_A_MACHINE = "api/v1/machines/{machineId}"


@route(
    bp,
    "get_machine_visits",
    Route("GET", f"{OF_A_MACHINE}/visits", Role.READ, asks=VisitsAsked, gives=Visits, problems=(404,)),
)
async def get_machine_visits(req: func.HttpRequest) -> func.HttpResponse:
    """The visits of one machine."""
    machine = req.route_params["machineId"]
    return await paged(
        req,
        lambda: visits.visits(
            wiring.view_stores(), machine, asked(req.params, VisitsAsked).query(), datetime.now(UTC)
        ),
    )


@route(
    bp,
    "get_machine_visit",
    Route("GET", f"{OF_A_MACHINE}/visits/{{visitId}}", Role.READ, gives=WholeVisit, problems=(404,)),
)
async def get_machine_visit(req: func.HttpRequest) -> func.HttpResponse:
    """One visit, with all that is known of it."""
    machine, visit = req.route_params["machineId"], req.route_params["visitId"]

    async def view() -> WholeVisit | None:
        asked(req.params, NothingAsked)
        return await visits.visit(wiring.view_stores(), machine, visit)

    return await answer(req, view, missing=f"Nothing of {machine!r} names a visit {visit!r}.")


@route(
    bp,
    "get_machine_collections",
    Route(
        "GET",
        f"{OF_A_MACHINE}/collections",
        Role.READ,
        asks=CollectionsAsked,
        gives=Collections,
        problems=(404,),
    ),
)
async def get_machine_collections(req: func.HttpRequest) -> func.HttpResponse:
    """The collections of one machine."""
    machine = req.route_params["machineId"]
    return await paged(
        req,
        lambda: visits.collections(
            wiring.view_stores(), machine, asked(req.params, CollectionsAsked).query(), datetime.now(UTC)
        ),
    )


@route(
    bp,
    "get_route_visits",
    Route("GET", "api/v1/visits", Role.READ, asks=RouteVisitsAsked, gives=RouteVisits, problems=(404,)),
)
async def get_route_visits(req: func.HttpRequest) -> func.HttpResponse:
    """The visits of a route's machines on a day."""

    async def view() -> RouteVisits | None:
        one, zone = asked(req.params, RouteVisitsAsked), wiring.settings().default_time_zone
        day = one.day.isoformat()
        return await route_visits(wiring.view_stores(), one.route, day, zone, datetime.now(UTC))

    return await answer(req, view, missing="No site of the catalog is on that route.")
