"""A service door that is open."""

from typing import Any

import pytest

from tests.unit.alerts.rules.registers import MINUTE, START, found, verdict

OPEN = [1, 5, START, True]


def visit(minutes: float, *, started: bool, sequence: int = 6) -> list[Any]:
    return [1, sequence, START + round(minutes * MINUTE), "v-1", "fill", started]


@pytest.mark.parametrize(
    ("visited", "limit"),
    [
        (None, 10),  # it never told of visits
        (visit(-1, started=True, sequence=4), 10),
        (visit(1, started=True), 10),
        (visit(-60, started=False, sequence=4), 2),  # nobody is there
        (visit(4, started=False), 6),  # who was there has left it open
        (visit(9, started=False), 10),  # the earlier of the two
    ],
)
def test_for_how_long_it_may_be_open(visited: list[Any] | None, limit: int) -> None:
    entry = {"door": OPEN} | ({"visit": visited} if visited else {})
    for late, expected in ((-1, None), (0, None), (1, True)):
        assert verdict("door-open", entry, START + limit * MINUTE + late) is expected


def test_a_shut_door_and_one_that_was_never_told_of() -> None:
    assert verdict("door-open", {"door": [1, 5, START, False]}, START + 99 * MINUTE) is False
    opened = found("door-open", {"door": OPEN}, START + 99 * MINUTE)
    assert found("door-open", {"door": [1, 6, START, False]}).order > opened.order > (1, 5)


def test_said_again_it_stays_open() -> None:
    """The newer report begins to count anew, but ends nothing."""
    assert verdict("door-open", {"door": [1, 9, START, True]}, START) is None


def test_a_policy_says_for_how_long() -> None:
    now = START + 31 * MINUTE
    assert verdict("door-open", {"door": OPEN}, now, openMinutes=45) is None
    assert verdict("door-open", {"door": OPEN}, now, openMinutes=30) is True
    gone = {"door": OPEN, "visit": visit(-60, started=False, sequence=4)}
    assert verdict("door-open", gone, now, openMinutes=45, unattendedMinutes=40) is None
    assert verdict("door-open", gone, START + 1, openMinutes=45, unattendedMinutes=0) is True
