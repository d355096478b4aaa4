"""``hot-holding``: a hot zone does not hold the temperature that keeps food safe."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import LockingThresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.cold_chain import cold_readings
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Register
from vending.events.climate import HOT_LIMIT


class HotHoldingThresholds(LockingThresholds, frozen=True):
    """Of a hot zone."""

    cool_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 120
    """For which it may be below the limit."""
    band_celsius: Annotated[float, Meta(ge=0, le=10)] = 1
    """By how much it must be above the limit for the alert to close."""


class HotHolding(RegisterRule):
    """A zone is hot that once had a hot reading and never a cold one."""

    name = "hot-holding"
    family = "temp"
    closes = "evidence"
    severity = "critical"
    thresholds = HotHoldingThresholds
    title = "Zone {} is not hot enough"
    component = "zone"
    opens = "below 57 °C for over 120 minutes, in a zone that was hot once and never cold"
    closes_when = "1 °C above the limit"
    times = frozenset({"hotUntil"})

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """By the newest reading of the zone and the newest hot one."""
        said = evidence.policy.of(self.name, HotHoldingThresholds)
        hot = evidence.entry.get(f"hot:{component}")
        cold = cold_readings(evidence.entry, component)
        at, celsius = register[2:4]
        firing: bool | None = None
        if hot is None or any(cold) or celsius >= HOT_LIMIT + said.band_celsius:
            firing = False
        elif celsius < HOT_LIMIT and at > hot[2] + said.cool_minutes * MINUTE:
            firing = True
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register, hot, *cold),
            firing=firing,
            at=at,
            detail={"celsius": celsius, "limit": HOT_LIMIT, "hotUntil": hot[2] if hot else at},
        )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is not hot enough"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is hot again"
