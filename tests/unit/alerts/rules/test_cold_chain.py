"""Zones that are too warm."""

from typing import Any

import msgspec
import pytest

from tests.unit.alerts.rules.registers import MINUTE, START, found, verdict
from vending.alerts.policy import Policy
from vending.alerts.rules.cold_chain import ColdChainThresholds, Jurisdiction
from vending.alerts.transitions import Finding, transition
from vending.documents.alerts import Alert
from vending.documents.conditions import Entry
from vending.events.climate import Temperature

Minutes = float


def zone(celsius: float, minutes: Minutes, **others: list[Any]) -> Entry:
    """Good at first; so warm, so many minutes later."""
    at = START + round(minutes * MINUTE)
    return {"temp:main": [1, 9, at, celsius], "good:main": [1, 5, START, 4.0]} | others


def after(minutes: Minutes) -> int:
    return START + round(minutes * MINUTE)


@pytest.mark.parametrize(
    ("celsius", "minutes", "expected"),
    [
        (5.0, 600, None),  # at the limit: neither too warm nor cold again
        (5.1, 600, True),
        (5.1, 15, None),  # exactly as long as it may be
        (5.1, 15 + 1 / MINUTE, True),
        (9.0, 14.99, None),
        (4.6, 600, None),
        (4.5, 600, False),  # exactly the band below the limit
        (4.4, 600, False),
    ],
)
def test_too_warm_for_too_long(celsius: float, minutes: Minutes, expected: bool | None) -> None:
    assert verdict("cold-chain", zone(celsius, minutes)) is expected


@pytest.mark.parametrize("cause", ["door", "defrost:main"])
@pytest.mark.parametrize(
    ("begun", "minutes", "expected"),
    [
        (10, 40, None),  # exactly the half hour after it
        (10, 40 + 1 / MINUTE, True),
        (10, 39.99, None),
        (-100, 15 + 1 / MINUTE, True),  # long before
        (-20, 15 + 1 / MINUTE, True),  # that ends before the 15 minutes do
    ],
)
def test_after_the_door_and_after_a_defrost_it_may_recover(
    cause: str, begun: Minutes, minutes: Minutes, expected: bool | None
) -> None:
    said = [False] if cause == "door" else []
    entry = zone(9.0, minutes) | {cause: [1, 7, after(begun), *said]}
    assert verdict("cold-chain", entry) is expected


def test_where_the_machine_locked_the_zone_it_is_told_already() -> None:
    warm = zone(9.0, 20) | {"locked:main": [1, 8, after(15), 3]}
    assert verdict("cold-chain", warm) is None
    assert verdict("cold-chain", warm | {"locked:main": [1, 8, after(15), 0]}) is True
    served = warm | {"visit": [1, 10, after(18), "v", "repair", False]}
    assert verdict("cold-chain", served) is True, "nobody mended it"


def test_a_defrost_of_another_zone_is_no_excuse() -> None:
    assert verdict("cold-chain", zone(9.0, 20) | {"defrost:top": [1, 7, after(10)]}) is True


@pytest.mark.parametrize(
    ("profile", "limit", "band"), [("default", 5.0, "fair"), ("NV", 4.4, "good"), ("MN", 7.2, "mild")]
)
def test_each_jurisdiction_has_its_limit_and_knows_the_newest_reading_within_it(
    profile: Jurisdiction, limit: float, band: str
) -> None:
    """Long ago it was colder yet: that does not say for how long it is too warm."""
    held = {"good:main": [1, 2, START - 600 * MINUTE, 4.0], f"{band}:main": [1, 5, START, limit]}
    for celsius, minutes, expected in (
        (limit + 0.1, 15, None),
        (limit + 0.1, 16, True),
        (limit, 16, None),
        (limit - 0.6, 16, False),
    ):
        entry = held | {"temp:main": [1, 9, after(minutes), celsius]}
        assert verdict("cold-chain", entry, profile=profile) is expected


def test_every_reading_belongs_to_one_band() -> None:
    def bands(celsius: float) -> list[str]:
        return sorted(Temperature("z", celsius).registers("temperature"))

    for celsius, band in ((4.4, "good"), (4.5, "fair"), (5.0, "fair"), (5.1, "mild"), (7.2, "mild")):
        assert bands(celsius) == [f"{band}:z", "temp:z"]
    assert bands(7.3) == bands(56.9) == ["temp:z"]
    assert bands(57.0) == ["hot:z", "temp:z"]


def test_a_zone_that_never_was_cold_is_no_cold_zone() -> None:
    assert verdict("cold-chain", {"temp:boiler": [1, 9, 10**12, 92.0]}) is False
    assert verdict("cold-chain", {"temp:boiler": [1, 9, 10**12, 4.9]}) is False


def test_a_late_good_reading_counts() -> None:
    opened = found("cold-chain", zone(9.0, 16))
    late = found("cold-chain", zone(9.0, 16) | {"good:main": [1, 8, after(10), 4.0]})
    assert (opened.firing, late.firing) == (True, None)
    assert late.order > opened.order
    older = zone(9.0, 16) | {"fair:main": [1, 3, START - MINUTE, 5.0]}
    assert found("cold-chain", older).firing is True


@pytest.mark.parametrize(
    "wrong", [{"profile": "TX"}, {"warmMinutes": -1}, {"graceMinutes": "30"}, {"bandCelsius": 4.1}]
)
def test_thresholds_have_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        Policy({"cold-chain": wrong}).of("cold-chain", ColdChainThresholds)


@pytest.mark.parametrize("every", [5, 16, 20, 47])
def test_a_day_of_flapping_around_the_limit_is_one_episode(every: int) -> None:
    """±0.2 °C, in readings that come so many minutes apart; then it is cold again, and that is told once."""
    alert: Alert | None = None
    openings, entry = 0, dict[str, list[Any]]()
    readings = [5.0 + (0.2 if number % 2 else -0.2) for number in range(24 * 60 // every)]
    for number, celsius in enumerate([4.0, *readings, 9.0, *readings, 4.0]):
        at = START + number * every * MINUTE
        said = Temperature("main", round(celsius, 1)).registers("temperature")
        entry |= {name: [1, number + 1, at, *value] for name, value in said.items()}
        change = transition(alert, found("cold-chain", entry), at)
        if change is not None:
            alert = change.alert
            openings += alert.state == "open"
    assert alert is None or alert.state == "closed"
    assert openings == (alert.episode if alert else 0) <= 1
    assert openings == (every > 15), "readings closer than 15 minutes are never too warm for longer"


def test_what_is_told_of_it() -> None:
    finding: Finding = found("cold-chain", zone(9.0, 16))
    assert finding.detail == {"celsius": 9.0, "limit": 5.0, "goodUntil": START}
