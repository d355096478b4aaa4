"""``cash-box``: there is soon no room for bills, or for the coins that no tube takes."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Register


class CashBoxThresholds(Thresholds, frozen=True):
    """Of the room in the machine's two boxes."""

    bills: Annotated[int, Meta(ge=1, le=10_000)] = 500
    """That the validator's stacker takes."""
    coins_minor: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """That the cash box takes, in minor units. None: nobody knows, and it is never full."""
    full_percent: Annotated[float, Meta(gt=0, le=100)] = 90
    """Of the room, from which on the alert opens."""
    band_percent: Annotated[float, Meta(ge=0, le=100)] = 10
    """By how much less there must be for it to close."""


class CashBox(RegisterRule):
    """By the newest level that the machine told: ``bills`` are counted, ``coins`` are minor units."""

    name = "cash-box"
    family = "cashbox"
    closes = "evidence"
    severity = "info"
    thresholds = CashBoxThresholds
    title = "The box for {} is nearly full"
    component = "`bills`, `coins`"
    opens = "bills fill nine tenths of the stacker (500); coins, of what a policy says that the box takes"
    closes_when = "a tenth less than that"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """One for each of the two that is told."""
        said = evidence.policy.of(self.name, CashBoxThresholds)
        room, held = said.bills if component == "bills" else said.coins_minor, register[3]
        percent = 100 * held / room if room else 0.0
        firing = None if percent > said.full_percent - said.band_percent else False
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register),
            firing=True if percent >= said.full_percent else firing,
            at=register[2],
            detail={"held": held, "room": room},
        )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: the box for {facts.component} is nearly full"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: the box for {facts.component} has room again"
