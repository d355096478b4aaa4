"""The HTTP API: commands to machines, for people."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.answers import answer, created, done, problem
from blueprints.callers import caller
from blueprints.questions import NothingAsked, asked
from blueprints.questions_commands import CommandsAsked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.commands.send_command import CommandAsked, NotQueued, Taken, TooMany
from vending.views import commands
from vending.views.commands import CommandsView, CommandView

bp = func.Blueprint()
OF_MACHINE = "api/v1/machines/{machineId}/commands"
NO_MACHINE = "The catalog has no such machine."
NO_COMMAND = "The machine has no such command; those that are over are kept for 90 days."


@route(
    bp,
    "post_machine_command",
    Route(
        "POST", OF_MACHINE, Role.OPERATE,
        takes=CommandAsked, gives=CommandView, status=201, problems=(404, 409, 415),
    ),
)  # fmt: skip
async def post_machine_command(req: func.HttpRequest) -> func.HttpResponse:
    """Order something of a machine; one command, however often it is sent with one id."""
    machine, by, sent = req.route_params["machineId"], caller(req).name, list[CommandView]()

    async def send(order: CommandAsked) -> CommandView | None:
        found = await commands.send(wiring.fleet_commands(), machine, order, by, datetime.now(UTC))
        sent.extend([found] if found else [])
        return found

    try:
        said = await created(req, CommandAsked, send, missing=NO_MACHINE)
    except (Taken, TooMany) as fault:
        return problem(409, "Conflict", f"{fault}.")
    if sent:
        said.headers["Location"] = f"/api/v1/machines/{machine}/commands/{sent[0].command_id}"
    return said


@route(
    bp,
    "get_machine_commands",
    Route("GET", OF_MACHINE, Role.READ, asks=CommandsAsked, gives=CommandsView, problems=(404,)),
)
async def get_machine_commands(req: func.HttpRequest) -> func.HttpResponse:
    """The commands of one machine, the newest first."""
    machine = req.route_params["machineId"]

    async def view() -> CommandsView | None:
        wanted = asked(req.params, CommandsAsked)
        stores = wiring.fleet_commands()
        return await commands.listed(stores, machine, wanted.limit, wanted.after, datetime.now(UTC))

    return await answer(req, view, missing=NO_MACHINE)


@route(
    bp,
    "get_machine_command",
    Route("GET", f"{OF_MACHINE}/{{commandId}}", Role.READ, gives=CommandView, problems=(404,)),
)
async def get_machine_command(req: func.HttpRequest) -> func.HttpResponse:
    """One command, and what became of it."""
    machine, command = req.route_params["machineId"], req.route_params["commandId"]

    async def view() -> CommandView | None:
        asked(req.params, NothingAsked)
        return await commands.one(wiring.fleet_commands(), (machine, command), datetime.now(UTC))

    return await answer(req, view, missing=NO_COMMAND)


@route(
    bp,
    "post_command_cancel",
    Route("POST", f"{OF_MACHINE}/{{commandId}}/cancel", Role.OPERATE, gives=CommandView, problems=(404, 409)),
)
async def post_command_cancel(req: func.HttpRequest) -> func.HttpResponse:
    """Take a command back, while no device was given it."""
    machine, command, by = req.route_params["machineId"], req.route_params["commandId"], caller(req).name

    async def cancel() -> CommandView | None:
        asked(req.params, NothingAsked)
        return await commands.cancel(wiring.fleet_commands(), (machine, command), by, datetime.now(UTC))

    try:
        return await done(req, cancel, missing=NO_COMMAND)
    except NotQueued as fault:
        return problem(409, "Conflict", f"{fault}.")
