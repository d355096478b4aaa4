"""What the rules on condition registers have in common: each looks at the registers of one family."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from vending.alerts.rules.base import Rule
from vending.alerts.rules.evidence import Registers
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry, Register
from vending.events.faults import ESCAPE
from vending.state import conditions

NONE = (-1, -1)
"""The order of a register that was never written."""


class RegisterRule(Rule[Registers], abstract=True):
    """Evaluates ``{family}:{component}``, or ``{family}``, of which the component is ``machine``."""

    evidence = Registers
    family: str

    def findings(self, evidence: Registers) -> list[Finding]:
        """One for each register of the family."""
        found = [self.evaluate(*of, evidence) for of in self._own(evidence)]
        said = [finding for finding in found if finding is not None]
        return said + self._renamed(said, evidence.entry)

    @abstractmethod
    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding | None:
        """What one register says; None where it is no evidence."""

    def next_look(
        self,
        component: str,  # noqa: ARG002 - for those that age
        register: Register,  # noqa: ARG002
        evidence: Registers,  # noqa: ARG002
    ) -> int | None:
        """When :meth:`evaluate` may say something else by time alone: the first such moment after
        ``evidence.now``, in milliseconds since 1970 UTC; None where only an event or the catalog changes it.

        It may be too early, never too late: until then nobody need look at a machine that sends nothing.
        """
        return None

    def next_look_of(self, evidence: Registers) -> int | None:
        """The first of all registers of the family."""
        if type(self).next_look is RegisterRule.next_look:
            return None
        looks = [self.next_look(*of, evidence) for of in self._own(evidence)]
        return min((look for look in looks if look is not None), default=None)

    def _own(self, evidence: Registers) -> Sequence[tuple[str, Register]]:
        """Component and register of the family."""
        return evidence.families.get(self.family, ())

    def _renamed(self, found: Sequence[Finding], entry: Entry) -> list[Finding]:
        """Alerts by the names of schema 1 (see :mod:`conditions`) are over where no register has such a name
        any more."""
        over: dict[str, Finding] = {}
        renamed = [finding for finding in found if ESCAPE in finding.component]
        for finding in sorted(renamed, key=lambda finding: finding.order):
            name = conditions.of_before(finding.component)
            if f"{self.family}:{name}" not in entry:
                over[name] = replace(finding, component=name, firing=False, detail={})
        return list(over.values())


def order_of(evidence: Registers, *registers: Register | None, elapsed: bool = False) -> tuple[int, ...]:
    """The order of a verdict on several registers, of which each only gets newer: it grows with each of them,
    also with one that comes late and stays older than the others; then with the catalog, whose policy may say
    something else; then when time alone has changed the verdict. A register that only ever keeps a verdict
    back (None) need not be among them."""
    newest_first = sorted((tuple(x[:2]) if x else NONE for x in registers), reverse=True)
    return (*chain.from_iterable(newest_first), 2 * evidence.catalog_version + elapsed)
