"""P5: events that wait for more than half of the hub's retention raise one alert, which ends by itself."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.archive import FakeArchive, FakeHub
from tests.support.events import NOON
from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from tests.support.metrics import FakeMetrics
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_lag import LagStores, alert_of_lag, watch_lag
from vending.archive.layout import STANDING, WAITING
from vending.notifications.notify import notify
from vending.notifications.outgoing import Outgoing

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class FakeCheckpoints:
    """The port Checkpoints: what a test says."""

    def __init__(self) -> None:
        self.numbers: dict[str, dict[str, int]] = {"ingest_telemetry": {}, "archive_telemetry": {}}

    async def done(self) -> dict[str, dict[str, int]]:
        return self.numbers


class World:
    """A hub of 24 hours, and sweeps over it."""

    def __init__(self) -> None:
        self.hub, self.checkpoints, self.blobs = FakeHub(p0=-1, p1=-1), FakeCheckpoints(), FakeArchive()
        self.lag = LagStores(self.hub, self.checkpoints, self.blobs, "1", 24 * HOUR, 5 * MINUTE)
        self.alerts, self.queue, self.metrics = FakeDocuments("machineId"), FakeQueue(), FakeMetrics()
        self.stores = AlertStores(FakeDocuments("machineId"), FakeDocuments("id"), self.alerts, self.queue)

    async def sweep(self, hours: float) -> dict[str, str]:
        """A sweep at a time after noon; the state of each alert that there is."""
        now = NOON + hours * HOUR
        findings = await watch_lag(self.lag, self.metrics, now)
        await alert_of_lag(findings, self.stores, now)
        return self.states("lag")

    def states(self, rule: str) -> dict[str, str]:
        """Component → state of the alerts of a rule."""
        alerts = self.alerts.bodies("alert")
        return {alert["component"]: alert["state"] for alert in alerts if alert["rule"] == rule}

    def done(self, **numbers: int) -> None:
        """The functions (``ingest``, ``archive``) have done this number of both partitions."""
        for name, number in numbers.items():
            self.checkpoints.numbers[f"{name}_telemetry"] = {"0": number, "1": number}

    async def notified(self) -> list[str]:
        """What people read of it."""
        webhook, messages = FakeWebhook(), self.queue.messages
        self.queue.messages = []
        for message in messages:
            await notify(message, Outgoing(self.alerts, webhook), NOON)
        return [str(posted["text"]) for _, posted in webhook.posted]


async def test_a_lag_over_half_the_retention_opens_one_alert_and_catching_up_closes_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.hub.last = {"0": 100, "1": 100}
    world.done(ingest=100, archive=100)
    assert await world.sweep(0) == {}
    world.hub.last = {"0": 200, "1": 200}
    assert await world.sweep(1) == {}
    world.done(archive=200)
    assert await world.sweep(12.9) == {}
    assert not [record for record in caplog.records if "events wait for" in record.getMessage()]
    assert await world.sweep(13.1) == {"ingest_telemetry": "open"}
    assert await world.sweep(14) == {"ingest_telemetry": "open"}
    lags = [record for record in caplog.records if "events wait for" in record.getMessage()]
    assert [record.levelno for record in lags] == [logging.ERROR] * 2
    assert "events wait for ingest_telemetry for more than half of the hub's retention" in (
        await world.notified()
    )
    world.done(ingest=200)
    assert await world.sweep(15) == {"ingest_telemetry": "closed"}
    assert "ingest_telemetry has caught up" in await world.notified()


async def test_the_age_is_a_figure_by_function() -> None:
    world = World()
    world.hub.last = {"0": 5, "1": 5}
    world.done(archive=5)
    await world.sweep(0)
    await world.sweep(2)
    assert world.metrics.sums("waiting") == {
        ("function=ingest_telemetry",): 7200,
        ("function=archive_telemetry",): 0,
    }


async def test_the_hub_is_told_of_without_any_document() -> None:
    """What holds events up is often Cosmos DB: then the log and the figure must still come."""

    def away(operation: str, key: str) -> None:
        raise AssertionError(f"{operation} {key}")

    world = World()
    for documents in (world.alerts, world.stores.machines, world.stores.conditions):
        assert isinstance(documents, FakeDocuments)
        documents.fault = away
    world.hub.last = {"0": 5, "1": 5}
    await watch_lag(world.lag, world.metrics, NOON)
    (found, *_) = await watch_lag(world.lag, world.metrics, NOON + 13 * HOUR)
    assert (found.component, found.firing) == ("archive_telemetry", True)


async def test_the_hubs_numbers_are_written_a_hundred_times_in_its_retention_not_each_minute() -> None:
    world = World()
    versions = set()
    for minute in range(24 * 60):
        world.hub.last = {"0": minute, "1": minute}
        world.done(ingest=minute, archive=minute)
        assert await world.sweep(minute / 60) == {}
        found = await world.blobs.find(WAITING)
        assert found
        versions.add(found[1])
    assert 90 <= len(versions) <= 101
    assert await world.blobs.find(STANDING) is None, "nothing waited, so there is nothing to remember"


async def test_a_partition_that_stands_still_opens_an_alert_within_minutes_and_closes_when_it_moves() -> None:
    """One message that no trigger can bind repeats its batch for ever; all else goes on."""
    world = World()
    world.hub.last = {"0": 100, "1": 100}
    world.done(ingest=100, archive=100)
    world.checkpoints.numbers["ingest_telemetry"]["1"] = 41
    for minute in range(6):
        world.hub.last = {"0": 100 + minute, "1": 100 + minute}
        world.done(archive=100 + minute)
        world.checkpoints.numbers["ingest_telemetry"]["0"] = 100 + minute
        await world.sweep(minute / 60)
        assert world.states("partition-standing-still") == {}
    await world.sweep(6 / 60)
    assert world.states("partition-standing-still") == {"ingest_telemetry:1": "open"}
    (alert,) = world.alerts.bodies("alert")
    assert alert["machineId"] == "$hub"
    assert alert["detail"] == {
        "function": "ingest_telemetry", "partition": "1", "standingSeconds": 360, "doneUntil": 41, "next": 42,
        "behind": 64, "command": "vendctl partitions, then vendctl partitions clear 1",
    }  # fmt: skip
    (text,) = await world.notified()
    for said in ("before number 42", "`vendctl partitions clear 1`", "no trigger can bind", "throttles"):
        assert said in text
    world.checkpoints.numbers["ingest_telemetry"]["1"] = 42
    await world.sweep(7 / 60)
    assert world.states("partition-standing-still") == {"ingest_telemetry:1": "closed"}
    assert await world.notified() == ["ingest_telemetry:1 moves again"]


async def test_a_standing_partition_is_remembered_over_restarts_and_by_whoever_sweeps() -> None:
    """What a sweep knows lies in a blob: another process, or one after a pause, finds the same."""
    world = World()
    world.hub.last = {"0": 5, "1": 5}
    world.done(archive=5)
    await world.sweep(0)
    after = World()
    after.blobs, after.lag = world.blobs, replace(after.lag, blobs=world.blobs)
    after.hub.last = {"0": 9, "1": 5}
    after.done(archive=5)
    after.checkpoints.numbers["archive_telemetry"] = {"0": 9, "1": 5}
    await after.sweep(3)
    assert after.states("partition-standing-still") == {
        "ingest_telemetry:0": "open",
        "ingest_telemetry:1": "open",
    }


async def test_a_sweep_that_was_overtaken_opens_nothing_again() -> None:
    """Two sweeps at once: the one that looked earlier ends later, and is not believed."""
    world = World()
    world.hub.last = {"0": 5, "1": 5}
    world.done(archive=5, ingest=5)
    world.checkpoints.numbers["ingest_telemetry"]["0"] = 3
    await world.sweep(0)
    await world.sweep(0.1)
    assert world.states("partition-standing-still") == {"ingest_telemetry:0": "open"}
    stale = await watch_lag(world.lag, world.metrics, NOON + 0.15 * HOUR)
    world.done(ingest=5)
    await world.sweep(0.2)
    await alert_of_lag(stale, world.stores, NOON + 0.15 * HOUR)
    assert world.states("partition-standing-still") == {"ingest_telemetry:0": "closed"}
