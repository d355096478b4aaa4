"""``vendctl commands send | list | cancel``."""

from typing import Annotated, Literal

import typer

from devstack.commandline import Answer, NotDone
from vendctl.commands.program import PROGRAM, Environment, deployment

COMMANDS = PROGRAM.group(
    "commands",
    "Order something of a machine. The device in it fetches the order within minutes, does it once, and "
    "tells by an event.",
)
Machine = Annotated[str, typer.Argument(metavar="MACHINE", help="The machine.")]
By = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who does it [default: USER].", show_default=False)
]


@PROGRAM.command("send", COMMANDS)
@deployment("COSMOS")
async def send(
    environment: Environment,
    *,
    machine: Machine,
    kind: Annotated[
        Literal["price-list", "lock", "unlock", "reboot", "read-audit"],
        typer.Argument(metavar="KIND", help="price-list, lock, unlock, reboot or read-audit."),
    ],
    selections: Annotated[
        str, typer.Option(metavar="LIST", help="Lock, unlock: these, by commas; else all.")
    ] = "",
    prices: Annotated[
        str, typer.Option(metavar="LIST", help="Price list: A1=150,A2=200, in minor units.")
    ] = "",
    currency: Annotated[str, typer.Option(metavar="CODE", help="Price list: such as EUR.")] = "",
    list_version: Annotated[
        str, typer.Option("--list-version", metavar="NAME", help="Price list: what it is called.")
    ] = "",
    expires: Annotated[
        int, typer.Option(metavar="SECONDS", help="After which no device begins it: a minute to a week.")
    ] = 86_400,
    command_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Sent again with it, it is the same command.")
    ] = None,
    by: By = "",
) -> Answer:  # fmt: skip
    """Order something.

    A device that is at no command asks every few minutes. What a lock denies, the machine's sales show as
    failed vends with the reason `denied`.
    """
    from vendctl import device_commands
    from vending.commands.send_command import Taken, TooMany

    options = {"selections": selections, "prices": prices, "currency": currency, "version": list_version}
    try:
        order = device_commands.asked(device_commands.action(kind, options), expires, command_id)
        found = await device_commands.send(machine, order, by or environment.get("USER", "") or "vendctl")
    except (ValueError, Taken, TooMany) as fault:
        raise NotDone(str(fault)) from fault
    return Answer(device_commands.figures(found), device_commands.line(found))


@PROGRAM.command("list", COMMANDS)
@deployment("COSMOS")
async def listed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    machine: Machine,
    limit: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="The newest, at most this number.")
    ] = 20,
) -> Answer:
    """List what was ordered of a machine, and what became of it."""
    from vendctl import device_commands

    try:
        found = await device_commands.listed(machine, limit)
    except ValueError as fault:
        raise NotDone(str(fault)) from fault
    return Answer(list(map(device_commands.figures, found)), device_commands.table(found))


@PROGRAM.command("cancel", COMMANDS)
@deployment("COSMOS")
async def cancelled(
    environment: Environment,
    *,
    machine: Machine,
    command: Annotated[str, typer.Argument(metavar="ID", help="As list shows it.")],
    by: By = "",
) -> Answer:
    """Take an order back, while no device was given it."""
    from vendctl import device_commands
    from vending.commands.send_command import NotQueued

    try:
        found = await device_commands.cancel(machine, command, by or environment.get("USER", "") or "vendctl")
    except (ValueError, NotQueued) as fault:
        raise NotDone(str(fault)) from fault
    return Answer(device_commands.figures(found), device_commands.line(found))
