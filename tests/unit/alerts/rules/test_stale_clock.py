"""Devices that do not know the time."""

from typing import Any

import pytest

from tests.unit.alerts.rules.registers import HOUR, START, found, verdict
from vending.alerts import rules
from vending.alerts.rules.evidence import Registers
from vending.documents.conditions import Entry

BOOT: dict[str, list[Any]] = {"boot": [1, 1, START, "power"]}


@pytest.mark.parametrize(
    ("clock", "late", "expected"),
    [
        ("none", -1, None),
        ("none", 0, None),
        ("none", 1, True),
        ("rtc", 1, False),
        ("ntp", 1, False),
    ],
)
def test_an_hour_after_its_start_it_should_know(clock: str, late: int, expected: bool | None) -> None:
    entry = BOOT | {"seen": [1, 9, START + HOUR + late, clock]}
    assert verdict("stale-clock", entry) is expected


@pytest.mark.parametrize(("uptime", "expected"), [(3_600, None), (3_601, True)])
def test_a_heartbeat_tells_the_start_too(uptime: int, expected: bool | None) -> None:
    entry: Entry = {"seen": [1, 9, START, "none"], "heartbeat": [1, 9, START, uptime, 0]}
    assert verdict("stale-clock", entry) is expected


def test_the_later_start_counts() -> None:
    entry = BOOT | {"seen": [1, 9, START + 2 * HOUR, "none"], "heartbeat": [1, 8, START + 2 * HOUR, 60, 0]}
    assert verdict("stale-clock", entry) is None


def test_a_device_that_tells_of_no_start_may_have_started_just_now() -> None:
    assert verdict("stale-clock", {"seen": [1, 9, START, "none"]}) is None


def test_imports_say_nothing_of_a_clock_and_a_late_boot_counts() -> None:
    imported = Registers("m1", {"seen": [1, 9, START, "import"]}, START, HOUR)
    assert rules.named("stale-clock").findings(imported) == []
    stale = found("stale-clock", BOOT | {"seen": [1, 9, START + 2 * HOUR, "none"]})
    late = {"boot": [1, 7, START + 90 * 60_000, "watchdog"], "seen": [1, 9, START + 2 * HOUR, "none"]}
    assert (stale.firing, found("stale-clock", late).firing) == (True, None)
    assert found("stale-clock", late).order > stale.order


def test_a_policy_says_for_how_long() -> None:
    entry = BOOT | {"seen": [1, 9, START + HOUR + 1, "none"]}
    assert verdict("stale-clock", entry, unsetMinutes=120) is None
