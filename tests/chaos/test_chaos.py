"""A minute of what `make chaos` does for ten: devices that misbehave, on a system that is being broken."""

from pathlib import Path

import pytest

from tests.chaos.course import Plan, run

FAULTS = ("worker-killed", "host-killed", "cosmos-cut-after", "eventhubs-killed", "cosmos-429", "two-hosts")


@pytest.mark.timeout(900)
def test_a_minute_of_chaos_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    course = run(Plan(7, 45, machines=20, faults=FAULTS, beside=False), tmp_path, print)
    assert len(course.faults) >= 3
    assert course.verdict["account"]["lost"] == course.verdict["account"]["doubled"] == 0
    assert course.verdict["rebuilt"]["equal"]
    assert course.verdict["deadLetters"] > 0
