"""``power-lost``: the machine has no mains, or too little of it; its gateway lives on its battery."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE, LastingRule
from vending.documents.alerts import Detail
from vending.documents.conditions import Register


class PowerLostThresholds(Thresholds, frozen=True):
    """Of the mains."""

    off_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 5
    """For which they may be away."""


class PowerLost(LastingRule):
    """From ``off`` or ``brownout`` to ``on``."""

    name = "power-lost"
    family = "power"
    closes = "evidence"
    severity = "warning"
    thresholds = PowerLostThresholds
    title = "The machine has no power"
    component = "`machine`"
    opens = "`power` `off` or `brownout` for over 5 minutes"
    closes_when = "`power` `on`"

    def due(self, _: str, register: Register, evidence: Registers) -> int | None:
        """A while after the newest report that they are away."""
        if register[3] == "on":
            return None
        said = evidence.policy.of(self.name, PowerLostThresholds)
        return int(register[2] + said.off_minutes * MINUTE) + 1

    def facts(self, _: str, register: Register) -> Detail:
        """What the machine said of them."""
        return {"power": register[3]}

    def opened(self, facts: Facts) -> str:
        what = "has too little power" if facts.detail["power"] == "brownout" else "is without power"
        return f"{facts.machine} {what}"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine} has power again"
