"""One log line at most for a batch on the good path, and the figures that are told of it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import pytest

from blueprints import alerts, archive, ingest
from tests.support.events import World, level, temperature, vend
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue
from tests.support.metrics import FakeMetrics
from tests.support.trigger_batch import bodies, metadata, system_row
from vending import wiring
from vending.adapters import metering
from vending.adapters.decoding import QuickConverter
from vending.alerts.raise_alerts import AlertStores
from vending.archive.append import Tails
from vending.errors import Transient
from vending.settings import Settings
from vending.wiring import process

BATCH = [level(1, 8), *(vend(number) for number in range(2, 30)), temperature(30), vend(40)]


def charged(operation: str, key: str) -> None:
    """Each access is charged for, and throttled before."""
    metering.charge(operation, 2.5)
    metering.throttled()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> FakeMetrics:
    found = FakeMetrics()
    for module in (wiring, process):
        monkeypatch.setattr(module, "metrics", lambda: found)
        monkeypatch.setattr(module, "decoder", lambda: "quick")
        monkeypatch.setattr(module, "settings", lambda: Settings("telemetry", "vendstream"))
    return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(machines=FakeDocuments("machineId", charged))
    monkeypatch.setattr(wiring, "ingest_stores", lambda: world.stores)
    return world


def batch(sent: Sequence[bytes], age: timedelta = timedelta(seconds=9)) -> Any:
    """A trigger's batch whose oldest event is that old."""
    first = datetime.now(UTC) - age
    rows = [
        system_row(number, enqueued=first + timedelta(milliseconds=number)) for number, _ in enumerate(sent)
    ]
    return QuickConverter.decode(bodies(sent), trigger_metadata=metadata(rows))


async def call(function: Any, argument: Any) -> None:
    await function.build().get_user_function()(argument)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]


async def test_ingest_tells_what_became_of_each_event(
    world: World, told: FakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await call(ingest.ingest_telemetry, batch(BATCH))
    (line,) = lines(caplog)
    assert line.startswith("applied 31 of 31 events (0 duplicates, 0 dead letters, 11 missing), partition 3")
    assert line.endswith(", 2 throttled")
    f = "function=ingest_telemetry"
    assert told.sums("events") == {(f, "outcome=applied"): 31, (f, "outcome=duplicate"): 0}
    assert told.sums("batch.size") == {(f,): 31}
    assert told.sums("holes") == {(f,): 11}
    assert told.sums("holes.closed") == {(f,): 0}
    assert told.sums("request.units") == {(f,): 5}
    assert told.sums("throttles") == {(f,): 2}
    assert 9 <= told.sums("lag")[f,] < 600


async def test_ingest_tells_duplicates_and_dead_letters_by_reason(
    world: World, told: FakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    await call(ingest.ingest_telemetry, batch(BATCH))
    told.told.clear()
    caplog.set_level(logging.INFO)
    await call(ingest.ingest_telemetry, batch([*BATCH, vend(41), b"{", vend(2, price=1), b"}"]))
    f = "function=ingest_telemetry"
    assert told.sums("events") == {
        (f, "outcome=applied"): 3,  # a level and a reading are no ledger events; and one vend is new
        (f, "outcome=duplicate"): 29,
        (f, "outcome=dead-lettered", "reason=not-json"): 2,
        (f, "outcome=dead-lettered", "reason=conflict"): 1,
    }
    # One line for the batch, and one for each dead letter.
    assert len(lines(caplog)) == 4


async def test_a_batch_that_waits_tells_what_it_was_charged(
    world: World, told: FakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(operation: str, key: str) -> None:
        metering.charge(operation, 1)
        raise Transient("429")

    world.machines.fault = away
    with pytest.raises(Transient):
        await call(ingest.ingest_telemetry, batch(BATCH))
    assert told.sums("request.units") == {("function=ingest_telemetry",): 1}
    assert not told.sums("events")


async def test_the_archive_tells_new_events_and_old_ones(
    told: FakeMetrics, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, tails = FakeBlobs(), Tails()
    monkeypatch.setattr(wiring, "archive_blobs", lambda: blobs)
    monkeypatch.setattr(wiring, "archive_tails", lambda: tails)
    first, both = batch(BATCH[:20]), batch(BATCH)
    await call(archive.archive_telemetry, first)
    caplog.set_level(logging.INFO)
    await call(archive.archive_telemetry, both)
    (line,) = lines(caplog)
    assert line.startswith("archived 11 of 31 events, partition 3, oldest ")
    f = "function=archive_telemetry"
    assert told.sums("events") == {(f, "outcome=archived"): 31, (f, "outcome=duplicate"): 20}
    assert told.sums("batch.size") == {(f,): 51}
    assert told.sums("lag").keys() == {(f,)}


async def test_the_change_feed_is_silent_until_an_alert_changes(
    told: FakeMetrics, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    stores = AlertStores(world.machines, world.conditions, FakeDocuments("machineId"), FakeQueue())
    monkeypatch.setattr(wiring, "alert_stores", lambda: stores)
    monkeypatch.setattr(wiring, "ingest_stores", lambda: world.stores)

    async def change(*bodies: bytes) -> None:
        await world.take(*wiring.hub_events(batch(bodies)))
        changed = world.machines.bodies("stock")[0] | {"_ts": int(datetime.now(UTC).timestamp())}
        await call(alerts.watch_machines, func.DocumentList([func.Document.from_dict(changed)]))

    caplog.set_level(logging.INFO)
    await change(level(1, 2), vend(2))
    assert lines(caplog) == []
    await change(vend(3))
    (line,) = lines(caplog)
    assert line.startswith("evaluated 1 machines, 1 alerts changed, oldest ")
    f = "function=watch_machines"
    assert told.sums("alerts") == {(f,): 1}
    assert told.sums("batch.size") == {(f,): 2}
    assert told.sums("lag").keys() == {(f,)}


async def test_that_batches_are_decoded_slowly_is_logged_once_and_within_an_invocation(
    world: World, told: FakeMetrics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As the app is imported nothing can be logged: the host drops what belongs to no invocation."""
    monkeypatch.setattr(process, "decoder", lambda: "library: QUICK_DECODING is false")
    monkeypatch.setattr(process, "_said", set())
    for _ in range(3):
        await call(ingest.ingest_telemetry, batch(BATCH))
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == ["batches are decoded slowly by the library: QUICK_DECODING is false"]
