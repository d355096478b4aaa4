"""Until a rule's next look nobody need look at a machine that sends nothing: its verdict stays what it is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.alerts.rules.registers import HOUR, MINUTE, START, evidence, looked_at
from vending.alerts import rules
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule

RULES = [rule for rule in rules.every() if isinstance(rule, RegisterRule)]


def verdicts(rule: RegisterRule, machine: Registers) -> list[tuple[str, bool | None]]:
    return [(found.id, found.firing) for found in rule.findings(machine)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(data=st.data(), later=st.integers(0, 30 * 24 * HOUR))
def test_the_verdict_stays_until_the_next_look(rule: RegisterRule, data: st.DataObject, later: int) -> None:
    machine = data.draw(evidence(looked_at(rule)))
    look = rule.next_look_of(machine)
    assert look is None or look > machine.now
    before = machine.now + later if look is None else min(machine.now + later, look - 1)
    for now in {before, machine.now + later if look is None else look - 1}:
        assert verdicts(rule, replace(machine, now=now)) == verdicts(rule, machine)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(data=st.data())
def test_looks_come_to_an_end(rule: RegisterRule, data: st.DataObject) -> None:
    """So that a sweep that waits for them is idle at last."""
    machine = data.draw(evidence(looked_at(rule)))
    for _ in range(20):
        look = rule.next_look_of(machine)
        if look is None:
            return
        machine = replace(machine, now=look)
    pytest.fail(f"{rule.name} still wants to look at {machine}")


def test_silence_is_found_at_its_very_millisecond() -> None:
    machine = Registers("m1", {"seen": [1, 5, START, "ntp"]}, START, HOUR)
    assert rules.next_look(machine) == START + HOUR + 1
    assert rules.next_look(replace(machine, now=START + HOUR + 1)) is None
    assert rules.next_look(replace(machine, placed=False)) is None
    assert rules.next_look(replace(machine, entry={"temp:main": [1, 5, START, 9.0]})) is None
    assert rules.next_look(replace(machine, silent_after=MINUTE)) == START + MINUTE + 1
