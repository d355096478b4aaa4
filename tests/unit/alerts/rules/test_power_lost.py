"""Machines without mains."""

import pytest

from tests.unit.alerts.rules.registers import MINUTE, START, found, verdict


@pytest.mark.parametrize("state", ["off", "brownout"])
@pytest.mark.parametrize(("late", "expected"), [(-1, None), (0, None), (1, True), (60 * MINUTE, True)])
def test_power_may_be_away_for_five_minutes(state: str, late: int, expected: bool | None) -> None:
    assert verdict("power-lost", {"power": [1, 5, START, state]}, START + 5 * MINUTE + late) is expected


def test_power_that_is_back_closes_it_at_once() -> None:
    away = found("power-lost", {"power": [1, 5, START, "off"]}, START + 6 * MINUTE)
    back = found("power-lost", {"power": [1, 6, START, "on"]}, START + 6 * MINUTE)
    assert (away.firing, back.firing) == (True, False)
    assert back.order > away.order


def test_a_policy_says_for_how_long() -> None:
    away = {"power": [1, 5, START, "off"]}
    assert verdict("power-lost", away, START + 1, offMinutes=0) is True
    assert verdict("power-lost", away, START + 6 * MINUTE, offMinutes=60) is None
