"""``locked-out``: the machine itself locked selections, because their goods may be spoiled."""

from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry, Register

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
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, *telling(evidence.entry, component)),
            firing=locked(evidence.entry, component),
            at=register[2],
            detail={"selections": register[3]},
        )

    def opened(self, facts: Facts) -> str:
        count = facts.detail["selections"]
        said = f"{count} selections" if count > 1 else "1 selection"
        return f"{facts.machine}: zone {facts.component} was too warm, and the machine locked {said}"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is no longer locked"


def telling(entry: Entry, zone: str) -> list[Register | None]:
    """The registers that tell whether a zone is locked."""
    return [entry.get(f"locked:{zone}"), entry.get("visit")]


def locked(entry: Entry, zone: str) -> bool:
    """Whether the machine locked selections of a zone, and no visit that may have unlocked them has ended."""
    register, visit = telling(entry, zone)
    if register is None or register[3] == 0:
        return False
    if visit is None or visit[:2] <= register[:2]:
        return True
    _, reason, started = visit[3:6]
    return bool(started) or reason not in SERVICE
