"""Events that wait too long in the hub."""

from datetime import UTC, datetime, timedelta

import pytest

from vending.alerts import rules
from vending.alerts.rules.evidence import Backlog
from vending.alerts.standing import Halts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


@pytest.mark.parametrize(("hours", "firing"), [(0, False), (12, False), (12.1, True), (30, True)])
def test_more_than_half_of_the_retention_fires(hours: float, firing: bool) -> None:
    waits = {"ingest_telemetry": timedelta(hours=hours)}
    backlog = Backlog(waits, Halts("1"), {}, {}, NOON, DAY, timedelta())
    (found,) = rules.named("lag").findings(backlog)
    assert (found.machine, found.component, found.firing) == ("$hub", "ingest_telemetry", firing)
    assert found.detail == {"waitingSeconds": round(hours * 3600), "limitSeconds": 43_200}
