"""Nothing heard for too long."""

from typing import Any

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Registers
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry

MINUTE = 60_000


def findings(entry: Entry, now: int, silent_after: int, **thresholds: Any) -> list[Finding]:
    policy = Policy({"silent": thresholds})
    return list(rules.named("silent").findings(Registers("m1", entry, now, silent_after, policy=policy)))


def test_a_machine_is_silent_when_its_last_sign_is_too_old() -> None:
    entry = {"seen": [2, 50, 100 * MINUTE, "ntp"]}
    (fresh,) = findings(entry, 130 * MINUTE, 30 * MINUTE)
    (stale,) = findings(entry, 130 * MINUTE + 1, 30 * MINUTE)
    assert (fresh.firing, stale.firing) == (False, True)
    assert fresh.order < stale.order < (2, 51, 0)
    assert stale.at == 100 * MINUTE


def test_imported_events_are_no_sign_of_life_and_none_of_death() -> None:
    assert findings({"seen": [2, 50, 0, "import"]}, 10**12, MINUTE) == []


@pytest.mark.parametrize(
    ("interval", "thresholds", "minutes"),
    [
        (None, {}, 60),
        ([900], {}, 60),  # three of them are less than an hour
        ([1_200], {}, 60),
        ([1_201], {}, 60.05),
        ([7_200], {}, 360),  # heard from every two hours
        ([7_200], {"afterMinutes": 5}, 5),  # a policy goes before what the device says,
        (None, {"afterMinutes": 5}, 5),  # and before the app's setting
        (None, {"afterMinutes": 3 * 24 * 60}, 3 * 24 * 60),  # passed by a van every other day
    ],
)
def test_for_how_long_a_machine_may_be_quiet(
    interval: list[int] | None, thresholds: dict[str, float], minutes: float
) -> None:
    entry: Entry = {"seen": [1, 5, 0, "ntp"]}
    if interval:
        entry["heartbeat.interval"] = [1, 5, 0, *interval]
    for late, firing in ((-1, False), (0, False), (1, True)):
        (found,) = findings(entry, int(minutes * MINUTE) + late, 60 * MINUTE, **thresholds)
        assert found.firing is firing
