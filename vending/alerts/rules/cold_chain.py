"""``cold-chain``: a cold zone has been too warm for longer than a refill takes."""

from vending.alerts.alerts import Finding
from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule
from vending.documents.conditions import Register
from vending.state import conditions


class ColdChainThresholds(Thresholds, frozen=True):
    """Of a cold zone."""

    grace_minutes: float = 30
    """For which it may be too warm: a refill with an open door takes that long."""


class ColdChain(RegisterRule):
    """Too warm since the newest good reading. A zone that never had a good one is no cold zone (a boiler)."""

    name = "cold-chain"
    family = "temp"
    closes = "evidence"
    severity = "critical"
    thresholds = ColdChainThresholds
    title = "Zone {} is too warm"
    times = frozenset({"goodUntil"})

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """By the newest reading of the zone and the newest good one."""
        epoch, sequence, at, celsius = register[:4]
        good = evidence.entry.get(f"good:{component}")
        since = good[2] if good is not None else at
        grace = evidence.policy.of(self.name, ColdChainThresholds).grace_minutes * 60_000
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=(epoch, sequence),
            firing=celsius > conditions.COLD_LIMIT and at - since > grace,
            at=at,
            detail={"celsius": celsius, "limit": conditions.COLD_LIMIT, "goodUntil": since},
        )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is too warm"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is cold again"
