"""What people do with alerts."""

import azure.functions as func

from blueprints.routes import Route, route
from blueprints.writing import WRITES, body_of, condition, write, written
from vending import wiring
from vending.access.roles import Role
from vending.writes.alert_acts import (
    Acknowledge,
    ActOnAlert,
    AddNote,
    AlertAct,
    AlertActed,
    Assign,
    Resolve,
    Snooze,
    Unacknowledge,
    Unsnooze,
    alert_named,
)
from vending.writes.request import Answer

bp = func.Blueprint()


def _act(verb: str, takes: type[AlertAct] | None = None) -> Route:
    path = f"api/v1/alerts/{{machineId}}/{{alertId}}/{verb}"
    return Route("POST", path, Role.OPERATE, takes=takes, gives=AlertActed, problems=WRITES)


async def _attend(req: func.HttpRequest, verb: str, kind: type[AlertAct]) -> func.HttpResponse:
    async def answer() -> Answer:
        name = alert_named(req.route_params["machineId"], req.route_params["alertId"])
        plan = ActOnAlert(wiring.alerts(), name, body_of(req, kind), condition(req))
        return await write(req, f"alert {verb}", f"alerts/{name}", plan)

    return await written(req, answer)


@route(bp, "post_alert_acknowledge", _act("acknowledge"))
async def post_alert_acknowledge(req: func.HttpRequest) -> func.HttpResponse:
    """Somebody knows of it: it escalates no more."""
    return await _attend(req, "acknowledge", Acknowledge)


@route(bp, "post_alert_unacknowledge", _act("unacknowledge"))
async def post_alert_unacknowledge(req: func.HttpRequest) -> func.HttpResponse:
    """Nobody is at it any more: it escalates again."""
    return await _attend(req, "unacknowledge", Unacknowledge)


@route(bp, "post_alert_snooze", _act("snooze", Snooze))
async def post_alert_snooze(req: func.HttpRequest) -> func.HttpResponse:
    """Nobody is notified of it before a time."""
    return await _attend(req, "snooze", Snooze)


@route(bp, "post_alert_unsnooze", _act("unsnooze"))
async def post_alert_unsnooze(req: func.HttpRequest) -> func.HttpResponse:
    """Its snooze is over now."""
    return await _attend(req, "unsnooze", Unsnooze)


@route(bp, "post_alert_assign", _act("assign", Assign))
async def post_alert_assign(req: func.HttpRequest) -> func.HttpResponse:
    """It is somebody's."""
    return await _attend(req, "assign", Assign)


@route(bp, "post_alert_note", _act("note", AddNote))
async def post_alert_note(req: func.HttpRequest) -> func.HttpResponse:
    """A note is kept with it."""
    return await _attend(req, "note", AddNote)


@route(bp, "post_alert_resolve", _act("resolve", Resolve))
async def post_alert_resolve(req: func.HttpRequest) -> func.HttpResponse:
    """Closed by hand."""
    return await _attend(req, "resolve", Resolve)
