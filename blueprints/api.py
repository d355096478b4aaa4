"""The HTTP API: what machines and the fleet are, hold and sold."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.answers import answer
from blueprints.questions import AlertsAsked, DayAsked, MachinesAsked, SalesAsked, asked
from vending import wiring
from vending.views import alerts, fleet, machines

bp = func.Blueprint()


@bp.function_name("get_machines")
@bp.route("api/v1/machines", methods=["GET"])
async def get_machines(req: func.HttpRequest) -> func.HttpResponse:
    """A page of the fleet."""
    return await answer(
        req,
        lambda: machines.machines(
            wiring.view_stores(), asked(req.params, MachinesAsked).query(), datetime.now(UTC)
        ),
    )


@bp.function_name("get_machine")
@bp.route("api/v1/machines/{machineId}", methods=["GET"])
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


@bp.function_name("get_machine_sales")
@bp.route("api/v1/machines/{machineId}/sales", methods=["GET"])
async def get_machine_sales(req: func.HttpRequest) -> func.HttpResponse:
    """The sales of one machine."""
    machine = req.route_params["machineId"]
    return await answer(
        req,
        lambda: machines.sales(wiring.view_stores(), machine, *asked(req.params, SalesAsked).bounds()),
        missing=f"No machine {machine!r} ever reported stock or sales.",
    )


@bp.function_name("get_fleet_summary")
@bp.route("api/v1/fleet/summary", methods=["GET"])
async def get_fleet_summary(req: func.HttpRequest) -> func.HttpResponse:
    """The fleet now, a day's sales and the week before."""
    zone = wiring.settings().default_time_zone
    return await answer(
        req,
        lambda: fleet.summary(
            wiring.view_stores(), zone, asked(req.params, DayAsked).iso(), datetime.now(UTC)
        ),
    )


@bp.function_name("get_alerts")
@bp.route("api/v1/alerts", methods=["GET"])
async def get_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """The open alerts."""
    return await answer(
        req,
        lambda: alerts.alerts(wiring.view_stores(), asked(req.params, AlertsAsked).limit, datetime.now(UTC)),
    )
