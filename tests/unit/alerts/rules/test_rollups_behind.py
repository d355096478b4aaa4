"""``rollups-behind``: each shard by itself, and the days that fail for good."""

from datetime import UTC, datetime, timedelta

import pytest

from vending.alerts import rules
from vending.alerts.rules.evidence import Rollups
from vending.alerts.rules.rollups_behind import LONGEST_CLOSING

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMIT = timedelta(minutes=15)
TICK = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("waits", "firing"),
    [
        ([None], set()),
        ([LIMIT - TICK], set()),
        ([LIMIT], set()),
        ([LIMIT + TICK], {"shard-0"}),
        ([None, LIMIT + TICK, LIMIT], {"shard-1"}),
        ([-TICK], set()),
    ],
)
def test_a_shard_is_behind_beyond_the_limit(waits: list[timedelta | None], firing: set[str]) -> None:
    shards = [NOW - wait if wait is not None else None for wait in waits]
    found = rules.findings(Rollups(shards, 0, NOW, LIMIT))
    assert [one.component for one in found] == [*(f"shard-{n}" for n in range(len(waits))), "days", "closing"]
    assert {one.component for one in found if one.firing} == firing


@pytest.mark.parametrize(("uncounted", "firing"), [(0, False), (1, True)])
def test_days_that_fail_for_good_are_an_alert_of_their_own(uncounted: int, firing: bool) -> None:
    found, _ = rules.findings(Rollups([], uncounted, NOW, LIMIT))
    assert (found.component, found.firing, found.machine) == ("days", firing, "$rollups")


@pytest.mark.parametrize(
    ("late", "firing"), [(None, False), (LONGEST_CLOSING, False), (LONGEST_CLOSING + TICK, True)]
)
def test_a_day_that_does_not_close_is_an_alert_of_its_own(late: timedelta | None, firing: bool) -> None:
    _, found = rules.findings(Rollups([], 0, NOW, LIMIT, NOW - late if late else None))
    assert (found.component, found.firing, found.machine) == ("closing", firing, "$rollups")
