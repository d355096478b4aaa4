"""Events that wait too long in the hub."""

from datetime import UTC, datetime, timedelta

import pytest

from vending.alerts import rules
from vending.alerts.rules.evidence import Backlog
from vending.alerts.standing import Halts
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


@pytest.mark.parametrize(("hours", "firing"), [(0, False), (12, False), (12.1, True), (30, True)])
def test_more_than_half_of_the_retention_fires(hours: float, firing: bool) -> None:
    waits = {"ingest_telemetry": timedelta(hours=hours)}
    backlog = Backlog(waits, Halts("1"), {}, {}, NOON, DAY, timedelta())
    (found,) = rules.named("lag").findings(backlog)
    assert (found.machine, found.component, found.firing) == ("$hub", "ingest_telemetry", firing)
    assert found.at == millis(NOON - timedelta(hours=hours)), "since when they wait"
    assert found.detail == {"waitingSeconds": round(hours * 3600), "limitSeconds": 43_200}


def test_the_log_says_how_long_they_wait_and_how_long_the_hub_keeps_them() -> None:
    backlog = Backlog({"archive_telemetry": timedelta(hours=13)}, Halts("1"), {}, {}, NOON, DAY, timedelta())
    rule = rules.named("lag")
    (found,) = rule.findings(backlog)
    assert (
        rule.logged(found) == "archive_telemetry: events wait for 13:00:00; the hub keeps them 1 day, 0:00:00"
    )
