"""``firmware-drift``: a device runs another firmware than the one that operators want."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import LastingRule
from vending.documents.alerts import Detail
from vending.documents.conditions import Register
from vending.time import millis


class FirmwareDriftThresholds(Thresholds, frozen=True):
    """Of a device's firmware."""

    wanted: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """As the device says it, letter by letter. None: any."""
    due: Annotated[datetime, Meta(tz=True)] | None = None
    """When devices should have it, with a zone. None: at once."""


class FirmwareDrift(LastingRule):
    """Silent until a policy wants a version; an update has until its date."""

    name = "firmware-drift"
    family = "firmware"
    closes = "evidence"
    severity = "info"
    thresholds = FirmwareDriftThresholds
    title = "The firmware is not the one that is wanted"
    component = "`machine`"
    opens = "another firmware than a policy wants, from the date on that it says"
    closes_when = "it runs what is wanted, or none is wanted any more"

    def due(self, _: str, register: Register, evidence: Registers) -> int | None:
        """The date of the update, or when the device said what it runs."""
        said = evidence.policy.of(self.name, FirmwareDriftThresholds)
        if said.wanted is None or register[3] == said.wanted:
            return None
        at: int = register[2]
        return at if said.due is None else max(at, millis(said.due))

    def facts(self, _: str, register: Register) -> Detail:
        """What runs."""
        return {"firmware": register[3]}

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: firmware {facts.detail['firmware']} is not the one that is wanted"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: the firmware is the one that is wanted"
