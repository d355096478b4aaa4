"""People at the machine."""

from typing import Literal

from msgspec import UNSET, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import Code


class Visit(Reading, frozen=True):
    """A person came to, or left, the machine."""

    visit_id: Code
    reason: Literal["fill", "collect", "repair"]
    user_ref: Code | UnsetType = UNSET

    types = ("visit.started", "visit.ended")
    writes = (Register("visit", ("visitId", "reason", "started")),)
    columns = fills()

    def registers(self, name: str) -> Registers:
        return {"visit": [self.visit_id, self.reason, name == "visit.started"]}
