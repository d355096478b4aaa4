"""What became of what operators asked of a machine: commands, price lists and planograms."""

from typing import Literal

from msgspec import UNSET, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import Code, Text


class CommandResult(Reading, frozen=True):
    """What became of a command."""

    command_id: Code
    status: Literal["received", "succeeded", "failed", "expired"]
    error: Text | UnsetType = UNSET

    types = ("command.result",)
    writes = (Register("command", ("commandId", "status")),)
    columns = fills()

    def registers(self, _: str) -> Registers:
        return {"command": [self.command_id, self.status]}


class Applied(Reading, frozen=True):
    """A price list or a planogram took effect on the machine."""

    version: Code

    types = ("price.applied", "planogram.applied")
    writes = (Register("price.applied", ("version",)), Register("planogram.applied", ("version",)))
    columns = fills()

    def registers(self, name: str) -> Registers:
        return {name: [self.version]}
