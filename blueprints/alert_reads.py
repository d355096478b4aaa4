"""The HTTP API: alerts that are open, those that are over, and one of them."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.lists import Table, list_route, listed
from blueprints.questions import NothingAsked, asked
from blueprints.questions_alerts import AlertsAsked, MachineAlertsAsked
from blueprints.routes import Route, route
from blueprints.versioned import versioned
from vending import wiring
from vending.access.roles import Role
from vending.views import alert_list, one_alert
from vending.views.alert_list import AlertPage
from vending.views.alert_rows import AlertRow
from vending.views.one_alert import Versioned, WholeAlert

bp = func.Blueprint()
TABLE = Table[AlertPage](AlertRow, lambda page: page.alerts, "alerts")


@route(bp, "get_alerts", list_route("api/v1/alerts", AlertsAsked, AlertPage))
async def get_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """Alerts, the newest first; without parameters those that are open."""
    return await listed(
        req,
        lambda: alert_list.alerts(
            wiring.view_stores(), asked(req.params, AlertsAsked).query(), datetime.now(UTC)
        ),
        TABLE,
    )


@route(
    bp,
    "get_machine_alerts",
    list_route("api/v1/machines/{machineId}/alerts", MachineAlertsAsked, AlertPage, 404),
)
async def get_machine_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """Alerts of one machine, the newest first."""
    machine = req.route_params["machineId"]
    return await listed(
        req,
        lambda: alert_list.machine_alerts(
            wiring.view_stores(),
            asked(req.params, MachineAlertsAsked).query(machine),
            machine,
            datetime.now(UTC),
        ),
        TABLE,
    )


@route(
    bp,
    "get_alert",
    Route("GET", "api/v1/alerts/{machineId}/{alertId}", Role.READ, gives=WholeAlert, problems=(404,)),
)
async def get_alert(req: func.HttpRequest) -> func.HttpResponse:
    """One alert, what people did with it, and its episodes."""
    machine, name = req.route_params["machineId"], req.route_params["alertId"]

    async def view() -> Versioned[WholeAlert] | None:
        asked(req.params, NothingAsked)
        return await one_alert.alert(wiring.view_stores(), machine, name, datetime.now(UTC))

    return await versioned(req, view, missing=f"Machine {machine!r} never had an alert {name!r}.")
