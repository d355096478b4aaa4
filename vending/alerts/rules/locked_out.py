"""``locked-out``: the machine itself locked selections, because their goods may be spoiled."""

from vending.alerts.alerts import Finding
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.documents.conditions import Register

SERVICE = ("fill", "repair")
"""Visits that see to what is locked: the food codes keep it locked until somebody served and restocked it."""


class LockedOut(RegisterRule):
    """Until the machine says that it locks none, or a visit has ended since."""

    name = "locked-out"
    family = "locked"
    closes = "evidence"
    severity = "critical"
    title = "Zone {}: the machine locked its selections"
    component = "zone"
    opens = "`health.lockout`: the machine itself locked selections"
    closes_when = "it says that it locks none, or a visit to fill or repair ended since"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """By the zone's newest lockout and the machine's newest visit."""
        selections = register[3]
        visit = evidence.entry.get("visit")
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register, visit),
            firing=selections > 0 and not _served(register, visit),
            at=register[2],
            detail={"selections": selections},
        )

    def opened(self, facts: Facts) -> str:
        count = facts.detail["selections"]
        said = f"{count} selections" if count > 1 else "1 selection"
        return f"{facts.machine}: zone {facts.component} was too warm, and the machine locked {said}"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is no longer locked"


def _served(register: Register, visit: Register | None) -> bool:
    """Whether a visit that may have unlocked it ended after it."""
    if visit is None or visit[:2] <= register[:2]:
        return False
    _, reason, started = visit[3:6]
    return not started and reason in SERVICE
