"""What the rules have in common on something that is wrong only when it lasts."""

from abc import abstractmethod

from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.alerts import Detail
from vending.documents.conditions import Register

MINUTE = 60_000
"""Milliseconds."""


class LastingRule(RegisterRule, abstract=True):
    """Fires from a moment on, unless an event comes first.

    Before that moment it says nothing: what is reported again, for the same reason, ends no open alert.
    """

    @abstractmethod
    def due(self, component: str, register: Register, evidence: Registers) -> int | None:
        """From when on it is wrong, in milliseconds since 1970 UTC; None where nothing is."""

    def facts(self, component: str, register: Register) -> Detail:  # noqa: ARG002 - for those that tell some
        """The detail of the alert."""
        return {}

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding | None:
        """By the clock."""
        due = self.due(component, register, evidence)
        lasted = due is not None and due <= evidence.now
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register, elapsed=lasted),
            firing=lasted or (None if due is not None else False),
            at=register[2],
            detail=self.facts(component, register),
        )

    def next_look(self, component: str, register: Register, evidence: Registers) -> int | None:
        """When it has lasted for long enough."""
        due = self.due(component, register, evidence)
        return due if due is not None and due > evidence.now else None
