"""Commands to machines, as operators order and read them on a terminal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from vending import wiring
from vending.commands.send_command import CommandAsked
from vending.views import commands
from vending.views.commands import CommandView

NO_MACHINE = "the catalog has no machine {!r}"


def asked(action: Mapping[str, Any], expires: int, command_id: str | None) -> CommandAsked:
    """The order. Raises ValueError with the path of what is wrong."""
    said: dict[str, Any] = {"action": action, "expiresInSeconds": expires}
    if command_id is not None:
        said["commandId"] = command_id
    try:
        return msgspec.convert(said, CommandAsked)
    except msgspec.ValidationError as fault:
        raise ValueError(str(fault)) from fault


def action(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What to do, of the options that were given. Raises ValueError for a price that is no whole number."""
    prices, selections = given.get("prices"), given.get("selections")
    found: dict[str, Any] = {"kind": kind}
    if selections:
        found["selections"] = selections.split(",")
    if prices:
        found["prices"] = dict(map(_price, prices.split(",")))
    return found | {name: given[name] for name in ("version", "currency") if given.get(name)}


async def send(machine: str, order: CommandAsked, by: str) -> CommandView:
    """The command as it was queued. Raises ValueError, Taken, TooMany."""
    found = await commands.send(wiring.fleet_commands(), machine, order, by, datetime.now(UTC))
    if found is None:
        raise ValueError(NO_MACHINE.format(machine))
    return found


async def listed(machine: str, limit: int) -> list[CommandView]:
    """The newest. Raises ValueError."""
    found = await commands.listed(wiring.fleet_commands(), machine, limit, "", datetime.now(UTC))
    if found is None:
        raise ValueError(NO_MACHINE.format(machine))
    return found.commands


async def cancel(machine: str, command: str, by: str) -> CommandView:
    """The command, cancelled. Raises ValueError, NotQueued."""
    found = await commands.cancel(wiring.fleet_commands(), (machine, command), by, datetime.now(UTC))
    if found is None:
        raise ValueError(f"{machine} has no command {command!r}")
    return found


def figures(found: CommandView) -> dict[str, Any]:
    """For programs: as the API shows it."""
    shown: dict[str, Any] = msgspec.to_builtins(found)
    return shown


def table(found: Sequence[CommandView]) -> str:
    """For people, a line each."""
    return "\n".join(map(line, found)) or "no commands"


def line(one: CommandView) -> str:
    """What it is, and what became of it."""
    kind = figures(one)["action"]["kind"]
    why = one.error or (f"told late: {one.late}" if one.late else "")
    parts = (one.asked_at, f"{one.state:<9}", f"{kind:<10}", one.command_id, f"by {one.asked_by}", why)
    return "  ".join(filter(None, parts))


def _price(text: str) -> tuple[str, int]:
    selection, _, minor = text.partition("=")
    if not minor.isascii() or not minor.isdigit():
        raise ValueError(f"{text!r} is no price: give SELECTION=MINOR UNITS, such as A1=150")
    return selection, int(minor)
