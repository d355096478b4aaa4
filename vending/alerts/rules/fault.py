"""``fault``: a component reports a fault that it has not cleared."""

from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.payment_fault import hinders_payment
from vending.alerts.rules.register_rule import RegisterRule
from vending.alerts.transitions import Finding
from vending.documents.conditions import Register


class Fault(RegisterRule):
    """From ``fault.raised`` to ``fault.cleared``; what keeps people from paying is ``payment-fault``'s."""

    name = "fault"
    family = "fault"
    closes = "evidence"
    severity = "warning"
    title = "Fault {}"
    component = "`{component}:{code}`, with `~` for a `:` within either"
    opens = "`fault.raised`, of anything but a means to pay"
    closes_when = "`fault.cleared`"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """The component is ``{component}:{code}``."""
        epoch, sequence, at, raised = register[:4]
        firing = bool(raised) and not hinders_payment(component)
        return Finding(evidence.machine, self.name, component, (epoch, sequence), firing, at, {})

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: fault {facts.component} opened"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: fault {facts.component} closed"
