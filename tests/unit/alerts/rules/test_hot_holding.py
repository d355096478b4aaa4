"""Hot zones that are not hot enough."""

import pytest

from tests.unit.alerts.rules.registers import MINUTE, START, verdict
from vending.documents.conditions import Entry


def zone(celsius: float, minutes: float) -> Entry:
    at = START + round(minutes * MINUTE)
    return {"temp:soup": [1, 9, at, celsius], "hot:soup": [1, 5, START, 65.0]}


@pytest.mark.parametrize(
    ("celsius", "minutes", "expected"),
    [
        (56.9, 120, None),
        (56.9, 120 + 1 / MINUTE, True),
        (56.9, 119.99, None),
        (57.0, 600, None),
        (57.9, 600, None),
        (58.0, 600, False),
        (20.0, 600, True),
    ],
)
def test_too_cool_for_too_long(celsius: float, minutes: float, expected: bool | None) -> None:
    assert verdict("hot-holding", zone(celsius, minutes)) is expected


def test_a_cold_zone_whose_sensor_once_said_85_degrees_is_no_hot_one() -> None:
    cold = zone(20.0, 600) | {"good:soup": [1, 2, START, 3.0]}
    assert verdict("hot-holding", cold) is False


def test_a_zone_that_never_was_hot_is_none() -> None:
    assert verdict("hot-holding", {"temp:soup": [1, 9, START, 20.0]}) is False


def test_a_policy_says_for_how_long() -> None:
    assert verdict("hot-holding", zone(50.0, 31), coolMinutes=30) is True
