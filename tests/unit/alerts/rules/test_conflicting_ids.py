"""Devices that contradict what was said under the same id."""

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Refusals
from vending.alerts.transitions import Finding

HOUR = 3_600_000


def found(conflicts: dict[str, int], now: int, **thresholds: float) -> Finding:
    evidence = Refusals({}, conflicts, now, Policy({"conflicting-ids": thresholds}))
    (finding,) = rules.named("conflicting-ids").findings(evidence)
    return finding


@pytest.mark.parametrize(("late", "expected"), [(-1, True), (0, True), (1, False)])
def test_it_is_open_for_a_day_after_the_newest(late: int, expected: bool) -> None:
    assert found({"dev-17": 5}, 5 + 24 * HOUR + late).firing is expected
    assert found({"dev-17": 5}, 5 + HOUR + late, quietHours=1).firing is expected


def test_nobody_contradicts_anybody() -> None:
    assert found({}, HOUR).firing is False


def test_it_names_the_newest_and_counts_the_others_of_the_day() -> None:
    finding = found({"dev-1": 1, "dev-2": 30 * HOUR, "dev-3": 29 * HOUR}, 31 * HOUR)
    assert finding.detail == {"devices": 2, "device": "dev-2"}
    assert finding.at == 30 * HOUR
