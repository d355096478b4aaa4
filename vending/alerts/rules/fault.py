"""``fault``: a component reports a fault that it has not cleared."""

from vending.alerts.alerts import Finding
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule
from vending.documents.conditions import Register


class Fault(RegisterRule):
    """From ``fault.raised`` to ``fault.cleared``."""

    name = "fault"
    family = "fault"
    closes = "evidence"
    severity = "warning"
    title = "Fault {}"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """The component is ``{component}:{code}``."""
        epoch, sequence, at, raised = register[:4]
        return Finding(evidence.machine, self.name, component, (epoch, sequence), bool(raised), at, {})

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: fault {facts.component} opened"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: fault {facts.component} closed"
