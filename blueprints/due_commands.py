"""The HTTP API: what a device is to do, for the device."""

import asyncio

import azure.functions as func
import msgspec

from blueprints.answers import PATIENCE, away, body_refused, problem
from blueprints.callers import caller
from blueprints.files import NOSNIFF
from blueprints.questions import Faulty, asked
from blueprints.questions_commands import DueAsked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.commands.fetch_commands import Fetched, fetch_commands
from vending.errors import Transient
from vending.events.publishers import Publisher
from vending.views.commands import DueCommands, due

bp = func.Blueprint()


@route(
    bp,
    "get_machine_due_commands",
    Route(
        "GET", "api/v1/machines/{machineId}/due-commands", Role.DEVICE,
        asks=DueAsked, gives=DueCommands, problems=(401, 403, 429),
    ),
)  # fmt: skip
async def get_machine_due_commands(req: func.HttpRequest) -> func.HttpResponse:
    """What the device in the machine is to do now: 204 for nothing. Retry-After says when to ask again."""
    device = caller(req).publisher
    if device is None:
        raise TypeError("only devices are admitted here")
    return body_refused(req) or await _answer(req, device)


async def _answer(req: func.HttpRequest, who: Publisher) -> func.HttpResponse:
    try:
        wait = asked(req.params, DueAsked).wait
        async with asyncio.timeout(wait + PATIENCE):
            return _due(await fetch_commands(who, wiring.command_polls(), wait))
    except Faulty as fault:
        return problem(400, "Bad Request", str(fault))
    except (Transient, TimeoutError) as fault:
        return away(req, fault)


def _due(found: Fetched) -> func.HttpResponse:
    headers = {"Cache-Control": "no-store", "Retry-After": str(found.retry_after), **NOSNIFF}
    if not found.commands:
        return func.HttpResponse(status_code=204, headers=headers)
    body = msgspec.json.encode(due(found))
    return func.HttpResponse(body, mimetype="application/json", headers=headers)
