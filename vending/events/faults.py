"""What a machine says is wrong with it: faults, and selections that it locked."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.climate import ZONES
from vending.events.fields import Celsius, Code, Selection, Text

ESCAPE = "~"
"""Stands for a ``:`` within a word of a register's name; no :data:`Code` may hold it."""


class Fault(Reading, frozen=True):
    """A fault that began or ended; ``code`` is an EVA, MDB or vendor code."""

    component: Code
    code: Code
    code_system: Literal["eva", "mdb", "vendor"] = "eva"
    text: Text | UnsetType = UNSET

    types = ("fault.raised", "fault.cleared")
    writes = (Register("fault", kept=32),)
    columns = fills("component", "code")

    def registers(self, name: str) -> Registers:
        words = [word.replace(":", ESCAPE) for word in (self.component, self.code)]
        return {":".join(["fault", *words]): [name == "fault.raised"]}


class HealthLockout(Reading, frozen=True):
    """The machine locked perishable selections itself, or, where it names none, locks none any more."""

    zone: Code
    celsius: Celsius
    locked_selections: Annotated[list[Selection], Meta(max_length=120)]
    cause: Code

    types = ("health.lockout",)
    writes = (Register("lockout", ("zone", "celsius")), Register("locked", kept=ZONES))
    columns = fills()

    def registers(self, _: str) -> Registers:
        """Of the zone, how many selections it locks."""
        return {
            "lockout": [self.zone, self.celsius],
            f"locked:{self.zone}": [len(self.locked_selections)],
        }
