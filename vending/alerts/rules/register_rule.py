"""What the rules on condition registers have in common: each looks at the registers of one family."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from vending.alerts.alerts import Finding
from vending.alerts.rules.base import Rule
from vending.alerts.rules.evidence import Registers
from vending.documents.conditions import Entry, Register
from vending.state import conditions


class RegisterRule(Rule[Registers], abstract=True):
    """Evaluates ``{family}:{component}``, or ``{family}``, of which the component is ``machine``."""

    evidence = Registers
    family: str

    def findings(self, evidence: Registers) -> list[Finding]:
        """One for each register of the family."""
        found = []
        for name, register in evidence.entry.items():
            family, _, component = name.partition(":")
            if family == self.family:
                finding = self.evaluate(component or "machine", register, evidence)
                found += [finding] if finding is not None else []
        return found + self._renamed(found, evidence.entry)

    @abstractmethod
    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding | None:
        """What one register says; None where it is no evidence."""

    def _renamed(self, found: Sequence[Finding], entry: Entry) -> list[Finding]:
        """Alerts by the names of schema 1 (see :mod:`conditions`) are over where no register has such a name
        any more."""
        over: dict[str, Finding] = {}
        for finding in sorted(found, key=lambda finding: finding.order):
            name = conditions.of_before(finding.component)
            if name != finding.component and f"{self.family}:{name}" not in entry:
                over[name] = replace(finding, component=name, firing=False, detail={})
        return list(over.values())
