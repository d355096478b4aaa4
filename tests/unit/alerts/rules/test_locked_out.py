"""Selections that a machine locked itself."""

from typing import Any

import pytest

from tests.unit.alerts.rules.registers import START, found, verdict

LOCKED = {"locked:main": [1, 5, START, 3]}


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        (None, True),
        ([1, 6, START, "v", "fill", True], True),  # somebody is there
        ([1, 6, START, "v", "fill", False], False),
        ([1, 6, START, "v", "repair", False], False),
        ([1, 6, START, "v", "collect", False], True),  # who collects cash sees to nothing
        ([1, 4, START, "v", "fill", False], True),  # before it
        ([2, 1, START, "v", "fill", False], False),  # a new board numbers from 1
    ],
)
def test_open_until_somebody_served_it(visit: list[Any] | None, expected: bool) -> None:
    assert verdict("locked-out", LOCKED | ({"visit": visit} if visit else {})) is expected


def test_the_machine_itself_says_that_it_locks_none() -> None:
    opened, closed = found("locked-out", LOCKED), found("locked-out", {"locked:main": [1, 6, START, 0]})
    assert (opened.firing, closed.firing) == (True, False)
    assert closed.order > opened.order
    assert verdict("locked-out", {"locked:main": [1, 5, START, 1]}) is True


def test_a_lockout_after_the_visit_locks_it_again() -> None:
    served = {"visit": [1, 6, START, "v", "fill", False]}
    assert verdict("locked-out", {"locked:main": [1, 7, START, 2]} | served) is True
