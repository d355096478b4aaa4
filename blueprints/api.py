"""The HTTP API: what one machine and the fleet are, hold and sold."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.answers import answer
from blueprints.questions import DayAsked, SalesAsked, asked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.views import fleet, machines
from vending.views.answers.fleet import FleetSummary
from vending.views.answers.machines import Machine, Sales

bp = func.Blueprint()


@route(
    bp,
    "get_machine",
    Route("GET", "api/v1/machines/{machineId}", Role.READ, asks=DayAsked, gives=Machine, problems=(404,)),
)
async def get_machine(req: func.HttpRequest) -> func.HttpResponse:
    """One machine, with its sales of a day."""
    machine, zone = req.route_params["machineId"], wiring.settings().default_time_zone
    return await answer(
        req,
        lambda: machines.machine(
            wiring.view_stores(), machine, zone, datetime.now(UTC), asked(req.params, DayAsked).iso()
        ),
        missing=f"No machine {machine!r} is in the catalog or ever sent an event.",
    )


@route(
    bp,
    "get_machine_sales",
    Route(
        "GET", "api/v1/machines/{machineId}/sales", Role.READ, asks=SalesAsked, gives=Sales, problems=(404,)
    ),
)
async def get_machine_sales(req: func.HttpRequest) -> func.HttpResponse:
    """The sales of one machine."""
    machine = req.route_params["machineId"]
    return await answer(
        req,
        lambda: machines.sales(wiring.view_stores(), machine, *asked(req.params, SalesAsked).bounds()),
        missing=f"No machine {machine!r} ever reported stock or sales.",
    )


@route(
    bp,
    "get_fleet_summary",
    Route("GET", "api/v1/fleet/summary", Role.READ, asks=DayAsked, gives=FleetSummary),
)
async def get_fleet_summary(req: func.HttpRequest) -> func.HttpResponse:
    """The fleet now, a day's sales and the week before."""
    zone = wiring.settings().default_time_zone
    return await answer(
        req,
        lambda: fleet.summary(
            wiring.view_stores(), zone, asked(req.params, DayAsked).iso(), datetime.now(UTC)
        ),
    )
