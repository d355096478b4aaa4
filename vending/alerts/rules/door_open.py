"""``door-open``: the service door is open for too long, or though nobody is there."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE, LastingRule
from vending.documents.conditions import Register


class DoorOpenThresholds(Thresholds, frozen=True):
    """Of the service door."""

    open_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 10
    """For which it may be open."""
    unattended_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 2
    """For which it may be outside a visit: its event and the visit's come one after the other."""


class DoorOpen(LastingRule):
    """A machine that never told of a visit has none to be outside of."""

    name = "door-open"
    family = "door"
    closes = "evidence"
    severity = "warning"
    thresholds = DoorOpenThresholds
    title = "The service door is open"
    component = "`machine`"
    opens = (
        "the door is open for over 10 minutes, or for over 2 outside a visit, where the machine tells of "
        "visits"
    )
    closes_when = "it is shut"

    def due(self, _: str, register: Register, evidence: Registers) -> int | None:
        """The earlier of the two. A visit that ended while the door was open left it so."""
        if not register[3]:
            return None
        said = evidence.policy.of(self.name, DoorOpenThresholds)
        at: int = register[2]
        due = at + said.open_minutes * MINUTE
        visit = evidence.entry.get("visit")
        if visit is not None and not visit[5]:
            due = min(due, max(at, visit[2]) + said.unattended_minutes * MINUTE)
        return int(due) + 1

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: the service door is open"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: the service door is shut"
