"""What rules find in a machine by the policy that is in force for it.

A rule that is switched off finds nothing wrong, so its open alert closes. In a maintenance window nothing is
found at all: alerts stay as they are, and nobody is notified; what is wrong still at its end opens then.
Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from vending.alerts import rules
from vending.alerts.policy import DEFAULTS, Policy, Thresholds
from vending.alerts.rules.evidence import Audited, Day, Registers, Stock
from vending.alerts.transitions import Finding
from vending.catalog import policies
from vending.catalog.cataloged import Cataloged
from vending.catalog.policies import Terms


class InForce:
    """The policies of machines, as of a version of the catalog: those of alike machines are one object."""

    def __init__(self, catalog: Cataloged) -> None:
        self.catalog = catalog
        self._held: dict[tuple[str, ...], Policy] = {}

    def of(self, machine: str, now: datetime) -> Policy:
        """The machine's policy."""
        if not self.catalog.policies:
            return DEFAULTS
        ids = tuple(self.catalog.layers(machine, now))
        held = self._held.get(ids)
        if held is None:
            terms = sound(policies.in_force(self.catalog.policies, ids))
            held = self._held[ids] = Policy(terms=terms, version=self.catalog.version)
        return held


def findings(evidence: Stock | Day | Audited | Registers) -> list[Finding]:
    """What all the rules on this evidence find, as the policy in it wants; see also :func:`stamped`."""
    policy = evidence.policy
    if policy is DEFAULTS:
        return rules.findings(evidence)
    if policy.maintained_until(evidence.now) is not None:
        return []
    found = rules.findings(evidence)
    return [replace(one, firing=False) if policy.switched_off(one.rule) else one for one in found]


def stamped(found: Sequence[Finding], policy: Policy) -> list[Finding]:
    """The findings with the version of the policy that they were found by, and the severity that it gives
    them. Apart, because most findings change no alert."""
    if policy is DEFAULTS:
        return list(found)
    return [replace(one, catalog=policy.version, severity=policy.severity(one.rule)) for one in found]


def sound(terms: Terms) -> Terms:
    """Without what this version's rules do not take: a newer version may have written it, and it is in
    nobody's way. Imports refuse it."""
    thresholds = {
        rule.name: _sound(terms.thresholds[rule.name], rule.thresholds)
        for rule in rules.every()
        if rule.name in terms.thresholds
    }
    return replace(terms, thresholds=thresholds)


def _sound(values: Mapping[str, Any], shape: type[Thresholds]) -> dict[str, Any]:
    found = {name: value for name, value in values.items() if _taken({name: value}, shape)}
    return found if _taken(found, shape) else {}


def _taken(values: Mapping[str, Any], shape: type[Thresholds]) -> bool:
    try:
        msgspec.convert(values, shape)
    except msgspec.ValidationError:
        return False
    return True
