"""Devices with another firmware than the one that is wanted."""

from datetime import UTC, datetime

import msgspec
import pytest

from tests.unit.alerts.rules.registers import HOUR, START, found, verdict
from vending.alerts.policy import Policy
from vending.alerts.rules.firmware_drift import FirmwareDriftThresholds

OLD = {"firmware": [1, 5, START, "4.2.1"]}
DUE = datetime.fromtimestamp((START + HOUR) / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    ("wanted", "expected"), [(None, False), ("4.2.1", False), ("4.2.10", True), ("4.2.1 ", True)]
)
def test_it_is_compared_letter_by_letter(wanted: str | None, expected: bool) -> None:
    assert verdict("firmware-drift", OLD, START, wanted=wanted) is expected


@pytest.mark.parametrize(("late", "expected"), [(-1, None), (0, True), (1, True)])
def test_an_update_has_until_its_date(late: int, expected: bool | None) -> None:
    assert verdict("firmware-drift", OLD, START + HOUR + late, wanted="4.3.0", due=DUE) is expected


def test_an_update_closes_it() -> None:
    old = found("firmware-drift", OLD, START, wanted="4.3.0")
    new = found("firmware-drift", {"firmware": [1, 6, START, "4.3.0"]}, START, wanted="4.3.0")
    assert (old.firing, new.firing) == (True, False)
    assert new.order > old.order


def test_a_date_without_a_zone_is_refused() -> None:
    policy = Policy({"firmware-drift": {"wanted": "4.3.0", "due": "2026-03-01T12:00:00"}})
    with pytest.raises(msgspec.ValidationError):
        policy.of("firmware-drift", FirmwareDriftThresholds)
