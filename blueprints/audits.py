"""The HTTP API: audits of a machine's own meters."""

import azure.functions as func

from blueprints.answers import answer
from blueprints.questions import AuditsAsked, asked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.views import audits
from vending.views.audits import MachineAudits

bp = func.Blueprint()


@route(
    bp,
    "get_machine_audits",
    Route(
        "GET",
        "api/v1/machines/{machineId}/audits",
        Role.READ,
        asks=AuditsAsked,
        gives=MachineAudits,
        problems=(404,),
    ),
)
async def get_machine_audits(req: func.HttpRequest) -> func.HttpResponse:
    """The audits of one machine."""
    machine = req.route_params["machineId"]
    return await answer(
        req,
        lambda: audits.audits(wiring.view_stores(), machine, asked(req.params, AuditsAsked).query()),
    )
