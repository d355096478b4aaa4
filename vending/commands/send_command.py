"""Somebody orders something of a machine: a command is queued, or taken back while no device has it."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from vending.commands.actions import Action
from vending.commands.inbox import TooMany as TooMany
from vending.commands.store import change_inbox, read_ended, read_inbox, write_inbox
from vending.documents.commands import Command
from vending.events.fields import Code
from vending.ports import Documents
from vending.retry import retry_on_conflict

MINUTE, DAY = 60, 86_400
Lifetime = Annotated[int, Meta(ge=MINUTE, le=7 * DAY)]


class CommandAsked(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the caller says of a command. With an id of the caller's own it is queued once, however often it
    is sent."""

    action: Action
    command_id: Code | UnsetType = UNSET
    expires_in_seconds: Lifetime = DAY


@dataclass(frozen=True, slots=True)
class Order:
    """A command to one machine, with its id, by somebody, at a time (ms)."""

    machine: str
    command_id: str
    by: str
    now: int


@dataclass(frozen=True, slots=True)
class Cancelling:
    """Who takes a command back, and when (ms)."""

    by: str
    now: int


class Taken(Exception):
    """The id is that of another command."""


class NotQueued(Exception):
    """A device has it, or it is over."""


async def send_command(order: Order, asked: CommandAsked, documents: Documents) -> Command:
    """The command as it is queued; as it is now, where it was sent before. Raises Taken, TooMany,
    Transient."""
    new = Command(
        command_id=order.command_id,
        action=msgspec.to_builtins(asked.action),
        asked_at=order.now,
        asked_by=order.by,
        expires_at=order.now + 1000 * asked.expires_in_seconds,
    )

    async def attempt() -> Command:
        # The inbox first: what leaves it after that moves its version, so that the write below conflicts.
        held = await read_inbox(order.machine, documents, order.now)
        known = held.inbox.known(new.command_id) or await _ended(order, documents)
        if known is None:
            held.inbox.ask(new)
        await write_inbox(held, documents)
        return new if known is None else _same(known, new)

    return await retry_on_conflict(f"the commands of {order.machine}", attempt)


async def cancel_command(machine: str, command: str, who: Cancelling, documents: Documents) -> Command | None:
    """The command, cancelled; None where there is none. Raises NotQueued, Transient."""
    await change_inbox(machine, documents, who.now, lambda inbox: inbox.cancel(command, who.by))
    found = await find_command(machine, command, documents, who.now)
    if found is not None and found.state != "cancelled":
        raise NotQueued(f"{command} is {found.state}; only what no device was given can be cancelled")
    return found


async def find_command(machine: str, command: str, documents: Documents, now: int) -> Command | None:
    """The command as it is; one that expired is so for good from here on. Raises Transient."""
    held = await change_inbox(machine, documents, now, lambda inbox: inbox.find(command))
    if held is not None:
        return held
    ended = await read_ended(machine, command, documents)
    return ended[0].command if ended else None


async def _ended(order: Order, documents: Documents) -> Command | None:
    ended = await read_ended(order.machine, order.command_id, documents)
    return ended[0].command if ended else None


def _same(known: Command, new: Command) -> Command:
    """The known command, if it is what was asked again. Raises Taken."""
    lives = [one.expires_at - one.asked_at for one in (known, new)]
    if known.action != new.action or lives[0] != lives[1]:
        raise Taken(f"{new.command_id} is another command already: {known.action['kind']}")
    return known
