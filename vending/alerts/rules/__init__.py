"""The alert rules, a file for each. Everything else asks here for their names, findings and sentences.

Each module of the package is imported, so a new file is a new rule.
"""

import pkgutil
from importlib import import_module
from typing import Any

from vending.alerts.rules import base
from vending.alerts.rules.base import Rule, Unknown
from vending.alerts.rules.evidence import Evidence, Registers
from vending.alerts.rules.register_rule import RegisterRule
from vending.alerts.transitions import Finding
from vending.documents.alerts import Alert, Notification, Severity

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def every() -> list[Rule[Any]]:
    """All registered rules, in the order of their modules' names."""
    return list(base.RULES.values())


def on(kind: type[Evidence]) -> list[Rule[Any]]:
    """The rules that are evaluated on this kind of evidence."""
    return [rule for rule in every() if rule.evidence is kind]


def findings(evidence: Evidence) -> list[Finding]:
    """What all the rules on this kind of evidence find in it."""
    return [finding for rule in on(type(evidence)) for finding in rule.findings(evidence)]


def next_look(machine: Registers) -> int | None:
    """When the machine must be evaluated again though it sends nothing, in milliseconds since 1970 UTC; None
    where no rule on registers waits for a time."""
    looks = [rule.next_look_of(machine) for rule in on(Registers) if isinstance(rule, RegisterRule)]
    return min((look for look in looks if look is not None), default=None)


def named(name: str) -> Rule[Any]:
    """The rule of that name; a stand-in for a rule that only a newer version knows."""
    return base.RULES.get(name) or Unknown(name)


def severity_of(one: Finding | Alert | Notification) -> Severity:
    """As the policy wants it for the machine, else the rule; a rule that this version does not know is a
    warning."""
    return one.severity or named(one.rule).severity


def times() -> set[str]:
    """Names of facts in the details of alerts that are times, in milliseconds since 1970 UTC."""
    return {fact for rule in every() for fact in rule.times}


def subjects() -> set[str]:
    """What stands in the place of a machine in alerts about the app itself: ``$hub`` and the like."""
    return {rule.evidence.subject for rule in every() if rule.evidence.subject}
