"""Commands ordered and taken back over HTTP, as writes: recorded, and done once under one key.

A command's id makes it one command however often it is sent. Where the caller gives none it is the request's,
which a repetition under the same key has too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import UNSET
from msgspec.structs import replace

from vending.commands.send_command import CommandAsked, NotQueued, Taken, TooMany
from vending.views import commands
from vending.views.commands import FleetCommands
from vending.writes.perform import Change
from vending.writes.refusals import NoTarget, Unsuitable
from vending.writes.request import Answer, Request


@dataclass(frozen=True)
class OrderCommand:
    """The plan of a command to one machine."""

    stores: FleetCommands
    machine: str
    asked: CommandAsked

    async def __call__(self, request: Request) -> Change | Answer:
        """Queues it. Raises Refusal, Transient."""
        if not await self.stores.knows(self.machine):
            raise NoTarget("The catalog has no such machine.")
        given = self.asked.command_id is not UNSET
        order = self.asked if given else replace(self.asked, command_id=request.id)

        async def commit() -> Answer:
            try:
                found = await commands.send(self.stores, self.machine, order, request.by, _moment(request))
            except (Taken, TooMany) as fault:
                raise Unsuitable(f"{fault}.") from fault
            return Answer(201, found)

        return Change(None, order, commit)


@dataclass(frozen=True)
class CancelCommand:
    """The plan of taking a command back, while no device was given it."""

    stores: FleetCommands
    machine: str
    command: str

    async def __call__(self, request: Request) -> Change | Answer:
        """Cancels it. Raises Refusal, Transient."""
        name = (self.machine, self.command)
        if (held := await commands.one(self.stores, name, _moment(request))) is None:
            raise NoTarget("The machine has no such command; those that are over are kept for 90 days.")

        async def commit() -> Answer:
            try:
                found = await commands.cancel(self.stores, name, request.by, _moment(request))
            except NotQueued as fault:
                raise Unsuitable(f"{fault}.") from fault
            return Answer(200, found)

        return Change(held, replace(held, state="cancelled"), commit)


def _moment(request: Request) -> datetime:
    return datetime.fromtimestamp(request.at / 1000, UTC)
