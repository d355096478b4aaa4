"""Of all the rules on registers: a verdict that changes is never taken for a stale one.

Alerts ignore a finding whose order is no greater than the one that they were evaluated on.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.rules.registers import (
    MINUTE,
    MINUTES,
    POLICIES,
    VALUES,
    evidence,
    looked_at,
    registers,
)
from vending.alerts import rules
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule
from vending.alerts.transitions import Finding
from vending.events.event_types import REGISTERS

RULES = [rule for rule in rules.every() if isinstance(rule, RegisterRule)]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def changed(rule: RegisterRule, before: Registers, after: Registers) -> Iterator[tuple[Finding, Finding]]:
    """Findings of one alert that says something else after than before."""
    held = {finding.id: finding for finding in rule.findings(before)}
    for finding in rule.findings(after):
        if finding.firing is not None and finding.id in held and held[finding.id].firing != finding.firing:
            yield held[finding.id], finding


@each_rule
@given(data=st.data())
@settings(max_examples=300)
def test_a_newer_register_counts_also_where_it_comes_late(rule: RegisterRule, data: st.DataObject) -> None:
    names = looked_at(rule)
    machine, name = data.draw(evidence(names)), data.draw(st.sampled_from(names))
    held, newer = machine.entry.get(name), data.draw(registers(name))
    if held is not None and newer[:2] <= held[:2]:
        newer[:2] = [held[0], held[1] + 1]
    after = replace(machine, entry=machine.entry | {name: newer})
    for before, now in changed(rule, machine, after):
        assert now.order > before.order


@each_rule
@given(data=st.data(), later=MINUTES)
def test_time_counts(rule: RegisterRule, data: st.DataObject, later: int) -> None:
    machine = data.draw(evidence(looked_at(rule)))
    for before, now in changed(rule, machine, replace(machine, now=machine.now + later * MINUTE)):
        assert now.order > before.order


@each_rule
@given(data=st.data(), placed=st.booleans())
def test_a_newer_catalog_counts(rule: RegisterRule, data: st.DataObject, placed: bool) -> None:
    machine, policy = data.draw(evidence(looked_at(rule))), data.draw(st.sampled_from(POLICIES))
    version = machine.catalog_version + 1
    after = replace(machine, policy=policy, placed=placed, catalog_version=version)
    for before, now in changed(rule, machine, after):
        assert now.order > before.order


def test_each_family_that_a_rule_looks_at_is_tried_here() -> None:
    families = {name.partition(":")[0] for name in VALUES}
    assert {rule.family for rule in RULES} <= families <= {"seen", *REGISTERS}
    assert looked_at(next(rule for rule in RULES if rule.name == "cold-chain")) == [
        "defrost:main", "door", "fair:main", "good:main", "locked:main", "mild:main", "temp:main", "visit",
    ]  # fmt: skip
