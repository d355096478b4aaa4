"""Commands as people order, see and take them back, and as devices get them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from vending.answer import Answer
from vending.business_day import instant
from vending.catalog.machines import CatalogMachines
from vending.commands.actions import Action
from vending.commands.fetch_commands import Fetched
from vending.commands.send_command import (
    Cancelling,
    CommandAsked,
    Order,
    cancel_command,
    find_command,
    send_command,
)
from vending.commands.store import change_inbox
from vending.documents.commands import PREFIX, Command, EndedCommand, State, ended_id
from vending.events.envelope import Identifier
from vending.ports import Documents, beginning
from vending.readable import readable
from vending.time import millis

ID = r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}"
CURSOR = rf"[0-9]{{1,15}}-{ID}"
"""When a command was asked (ms), and its id: the order of the list."""
Place = tuple[int, str]
Name = tuple[str, str]
"""Machine and command."""


class CommandView(Answer, frozen=True):
    """A command as it is. Times are ISO 8601, UTC."""

    command_id: str
    machine_id: str
    action: Action
    state: State
    asked_at: str
    asked_by: str
    expires_at: str
    deliveries: int
    """How often a device was given it; the last time when, and which."""
    delivered_at: str | None
    device_id: str | None
    ended_at: str | None
    ended_by: str | None
    """Who cancelled it."""
    error: str | None
    late: str | None
    """What a device told of it when it was over otherwise: it did, or did not do, it all the same."""


class CommandsView(Answer, frozen=True):
    """A page of a machine's commands, the newest first."""

    machine_id: str
    commands: list[CommandView]
    next: str | None
    """What ``after`` takes for the next page; null at the end."""


class DueCommand(Answer, frozen=True):
    """What a device is to do."""

    command_id: str
    action: Action
    expires_in_seconds: int
    """From now: then, or later, it is not begun."""


class DueCommands(Answer, frozen=True):
    """In the order in which they are to be done."""

    commands: list[DueCommand]


@dataclass(frozen=True)
class FleetCommands:
    """Where commands are, which machines there are, and how ids are made."""

    commands: Documents
    placed: CatalogMachines
    new_id: Callable[[], str]

    async def knows(self, machine: str) -> bool:
        """Whether the catalog has the machine. Raises Transient."""
        return (await self.placed.named()).knows(machine)


async def send(
    stores: FleetCommands, machine: str, asked: CommandAsked, by: str, now: datetime
) -> CommandView | None:
    """The command as it was queued; None for an unknown machine. Raises Taken, TooMany, Transient."""
    if not await stores.knows(machine):
        return None
    command_id = asked.command_id if isinstance(asked.command_id, str) else stores.new_id()
    order = Order(machine, command_id, by, millis(now))
    return view(machine, await send_command(order, asked, stores.commands))


async def cancel(stores: FleetCommands, name: Name, by: str, now: datetime) -> CommandView | None:
    """The command, cancelled; None where there is none. Raises NotQueued, Transient."""
    if not _possible(name):
        return None
    found = await cancel_command(*name, Cancelling(by, millis(now)), stores.commands)
    return view(name[0], found) if found else None


async def one(stores: FleetCommands, name: Name, now: datetime) -> CommandView | None:
    """The command, or None. Raises Transient."""
    found = await find_command(*name, stores.commands, millis(now)) if _possible(name) else None
    return view(name[0], found) if found else None


async def listed(
    stores: FleetCommands, machine: str, limit: int, after: str, now: datetime
) -> CommandsView | None:
    """A page of those of the last 90 days; None for an unknown machine. Raises Transient.

    Open ones are one point read. Of the others id and time are read, of the page's the whole.
    """
    if not await stores.knows(machine):
        return None
    opened = await change_inbox(machine, stores.commands, millis(now), lambda inbox: list(inbox.opened))
    rows = stores.commands.select(machine, *beginning(PREFIX), fields=("id", "askedAt"))
    ended = {row.body["id"].removeprefix(PREFIX): row.body["askedAt"] async for row in rows}
    # The inbox was read first: what has left it since is among the others.
    known = {command.command_id: command for command in opened if command.command_id not in ended}
    places: list[Place] = [(command.asked_at, name) for name, command in known.items()]
    places += [(at, name) for name, at in ended.items()]
    older = sorted((x for x in places if not after or x < _parsed(after)), reverse=True)
    page = older[:limit]
    known |= await _ended(stores.commands, machine, [name for _, name in page if name in ended])
    found = [view(machine, known[name]) for _, name in page if name in known]
    return CommandsView(machine, found, "{}-{}".format(*page[-1]) if len(older) > len(page) else None)


def due(fetched: Fetched) -> DueCommands:
    """As the device gets it."""
    return DueCommands(
        [
            DueCommand(each.command_id, _action(each), (each.expires_at - fetched.now) // 1000)
            for each in fetched.commands
        ]
    )


def view(machine: str, command: Command) -> CommandView:
    """As people see it."""
    return CommandView(
        command_id=command.command_id,
        machine_id=machine,
        action=_action(command),
        state=command.state,
        asked_at=instant(command.asked_at),
        asked_by=command.asked_by,
        expires_at=instant(command.expires_at),
        deliveries=command.deliveries,
        delivered_at=_instant(command.delivered_at),
        device_id=command.device,
        ended_at=_instant(command.ended_at),
        ended_by=command.ended_by,
        error=command.error,
        late=command.late,
    )


async def _ended(documents: Documents, machine: str, names: list[str]) -> dict[str, Command]:
    """Those that are over, without malformed ones."""
    if not names:
        return {}
    wanted = [ended_id(name) for name in names]
    rows = documents.select(machine, ("id", "in", wanted))
    found = [readable(row.body, EndedCommand) async for row in rows]
    return {each.command.command_id: each.command for each in found if each}


def _possible(name: Name) -> bool:
    """Whether there can be such a command: a store takes not every text for an id."""
    return bool(re.fullmatch(Identifier, name[0]) and re.fullmatch(ID, name[1]))


def _action(command: Command) -> Action:
    """As it was validated when it was asked."""
    action: Action = msgspec.convert(command.action, Action)
    return action


def _instant(at: int | None) -> str | None:
    return None if at is None else instant(at)


def _parsed(cursor: str) -> Place:
    at, _, name = cursor.partition("-")
    return int(at), name
