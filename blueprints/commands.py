"""The HTTP API: commands to machines, for people."""

from datetime import UTC, datetime

import azure.functions as func
from msgspec import to_builtins

from blueprints.answers import answer, body_refused
from blueprints.questions import NothingAsked, asked
from blueprints.questions_commands import CommandsAsked
from blueprints.routes import Route, route
from blueprints.writing import MAKES, body_of, write, written
from vending import wiring
from vending.access.roles import Role
from vending.commands.send_command import CommandAsked
from vending.views import commands
from vending.views.commands import CommandsView, CommandView
from vending.writes.order_command import CancelCommand, OrderCommand
from vending.writes.request import Answer

bp = func.Blueprint()
OF_MACHINE = "api/v1/machines/{machineId}/commands"
NO_MACHINE = "The catalog has no such machine."
NO_COMMAND = "The machine has no such command; those that are over are kept for 90 days."


@route(
    bp,
    "post_machine_command",
    Route(
        "POST", OF_MACHINE, Role.OPERATE,
        takes=CommandAsked, gives=CommandView, status=201, problems=MAKES,
    ),
)  # fmt: skip
async def post_machine_command(req: func.HttpRequest) -> func.HttpResponse:
    """Order something of a machine; one command, however often it is sent with one id."""
    machine, at = req.route_params["machineId"], list[str]()

    async def order() -> Answer:
        plan = OrderCommand(wiring.fleet_commands(), machine, body_of(req, CommandAsked))
        found = await write(req, "command", f"machines/{machine}/commands", plan)
        at.append(to_builtins(found.body)["commandId"])
        return found

    said = await written(req, order)
    if at:
        said.headers["Location"] = f"/api/v1/machines/{machine}/commands/{at[0]}"
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
    Route("POST", f"{OF_MACHINE}/{{commandId}}/cancel", Role.OPERATE, gives=CommandView, problems=MAKES),
)
async def post_command_cancel(req: func.HttpRequest) -> func.HttpResponse:
    """Take a command back, while no device was given it."""
    machine, command = req.route_params["machineId"], req.route_params["commandId"]

    async def cancel() -> Answer:
        plan = CancelCommand(wiring.fleet_commands(), machine, command)
        return await write(req, "command cancel", f"machines/{machine}/commands/{command}", plan)

    return body_refused(req) or await written(req, cancel)
