"""Lag, account and gaps of the archive: from what the sweep, compaction and ingest left, nothing noted."""

from datetime import timedelta

import pytest

from tests.support.archive import FakeArchive, FakeHub, reading
from tests.support.events import NOON, hub_event
from tests.support.fakes import FakeDocuments
from tests.support.metrics import FakeMetrics
from tests.unit.alerts.test_watch_lag import FakeCheckpoints
from vending.adapters import parquet
from vending.alerts.watch_lag import LagStores, watch_lag
from vending.archive.append import archive
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Archive
from vending.errors import Rejected
from vending.ingest.count_refusals import count_refusals
from vending.views.account import AccountStores, account
from vending.views.archive_gaps import ArchiveStores, archive_gaps
from vending.views.lag import HubStores, lag

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class World:
    """A hub of two partitions of which 0 is read and 1 stands, with an archive that lacks two numbers."""

    def __init__(self) -> None:
        self.hub, self.checkpoints = FakeHub(p0=100, p1=50), FakeCheckpoints()
        self.archive, self.remembered = FakeArchive(), FakeArchive()
        self.conditions = FakeDocuments("id")

    def stores(self, generation: str = "1") -> AccountStores:
        """As an instance sees them that remembers nothing."""
        hub = HubStores(self.hub, self.checkpoints, self.remembered, generation)
        held = ArchiveStores(self.archive, self.remembered, generation)
        return AccountStores(hub, held, self.conditions)

    async def sweep(self, minutes: int) -> None:
        watched = LagStores(self.hub, self.checkpoints, self.remembered, "1", 24 * HOUR, 5 * MINUTE)
        await watch_lag(watched, FakeMetrics(), NOON + minutes * MINUTE)

    async def compact(self, hours: int) -> None:
        at = Archive(self.archive, self.hub, "1", parquet.ParquetTable, parquet.version(), self.remembered)
        await compact_archive(at, NOON + hours * HOUR + 10 * MINUTE)


@pytest.fixture
async def world() -> World:
    world = World()
    world.checkpoints.numbers = {
        "ingest_telemetry": {"0": 100, "1": 20}, "archive_telemetry": {"0": 90}
    }  # fmt: skip
    return world


async def test_each_partition_of_each_function(world: World) -> None:
    for minutes in (0, 20, 40):
        await world.sweep(minutes)
    found = await lag(world.stores().hub, NOON + HOUR)
    assert [(x.function, x.partition, x.last, x.done, x.behind) for x in found.partitions] == [
        ("archive_telemetry", "0", 100, 90, 10),
        ("archive_telemetry", "1", 50, -1, 51),
        ("ingest_telemetry", "0", 100, 100, 0),
        ("ingest_telemetry", "1", 50, 20, 30),
    ]
    assert [(x.function, x.behind) for x in found.functions] == [
        ("archive_telemetry", 61), ("ingest_telemetry", 30)
    ]  # fmt: skip
    done, stands = found.partitions[2:]
    assert (done.waiting_since, done.standing_since) == (None, None)
    assert (stands.waiting_since, stands.standing_since) == ("2026-03-01T12:00:00.000Z",) * 2
    assert found.functions[1].waiting_since == "2026-03-01T12:00:00.000Z"


async def test_a_checkpoint_that_moved_does_not_stand_and_waits_for_younger_events(world: World) -> None:
    await world.sweep(0)
    world.hub.last["1"] = 60
    await world.sweep(20)
    world.checkpoints.numbers["ingest_telemetry"]["1"] = 55
    row = (await lag(world.stores().hub, NOON + HOUR)).partitions[3]
    assert (row.behind, row.waiting_since, row.standing_since) == (5, "2026-03-01T12:20:00.000Z", None)


async def test_another_life_of_the_hub_has_other_numbers(world: World) -> None:
    await world.sweep(0)
    found = await lag(world.stores("2").hub, NOON + HOUR)
    assert {(x.waiting_since, x.standing_since) for x in found.partitions} == {(None, None)}


async def test_looking_notes_nothing_and_asks_the_hub_once_in_five_seconds(world: World) -> None:
    await world.sweep(0)
    before, asked = dict(world.remembered.committed), []
    ends = world.hub.ends

    async def counted() -> object:
        asked.append(1)
        return await ends()

    world.hub.ends = counted  # type: ignore[assignment, method-assign]
    stores = world.stores()
    for seconds in (0, 3, 4, 6):
        await lag(stores.hub, NOON + timedelta(seconds=seconds))
        await account(stores, NOON + timedelta(seconds=seconds))
    assert len(asked) == 2
    assert world.remembered.committed == before


async def test_before_any_sweep_or_compaction(world: World) -> None:
    found = await lag(world.stores().hub, NOON)
    assert {x.waiting_since for x in found.partitions} == {None}
    gaps = await archive_gaps(world.stores().archive)
    assert (gaps.missing, gaps.closed_until, gaps.partitions) == (0, None, [])
    told = await account(world.stores(), NOON)
    assert (told.accepted, told.ingested, told.archived, told.compacted) == (152, 122, 91, 0)


async def test_gaps_are_those_of_the_newest_manifest_that_has_the_partition(world: World) -> None:
    world.hub.last = {"0": 9, "1": 3}
    await archive([reading(n, "m1", n + 1) for n in range(10) if n not in (4, 7)], world.archive)
    await archive([reading(n, "m2", n + 1, partition="1") for n in range(4)], world.archive)
    await world.compact(1)
    gaps = await archive_gaps(world.stores().archive)
    assert [(x.partition, x.hour, x.through, x.missing, x.gaps) for x in gaps.partitions] == [
        ("0", "2026-03-01T12:00:00.000Z", 9, 2, [[4, 4], [7, 7]]),
        ("1", "2026-03-01T12:00:00.000Z", 3, 0, []),
    ]
    assert (gaps.missing, gaps.closed_until) == (2, "2026-03-01T13:10:00.000Z")
    # An hour later partition 1 has events that the archive does not hold yet: it is not closed.
    world.hub.last = {"0": 9, "1": 8}
    await world.compact(2)
    gaps = await archive_gaps(world.stores().archive)
    assert [(x.partition, x.hour) for x in gaps.partitions] == [
        ("0", "2026-03-01T13:00:00.000Z"),
        ("1", "2026-03-01T12:00:00.000Z"),
    ]
    assert gaps.closed_until == "2026-03-01T13:10:00.000Z"


async def test_an_account_of_numbers_alone(world: World) -> None:
    world.hub.last = {"0": 9, "1": 3}
    world.checkpoints.numbers = {
        "ingest_telemetry": {"0": 9, "1": 3}, "archive_telemetry": {"0": 9, "1": 3}
    }  # fmt: skip
    await archive([reading(n, "m1", n + 1) for n in range(10) if n != 4], world.archive)
    await archive([reading(n, "m2", n + 1, partition="1") for n in range(4)], world.archive)
    await world.compact(1)
    refused = [
        (hub_event(n, b"{"), Rejected(reason, "")) for n, reason in enumerate(["not-json"] * 3 + ["defect"])
    ]
    await count_refusals(world.conditions, refused)
    found = await account(world.stores(), NOON + 2 * HOUR)
    assert (found.accepted, found.ingested, found.archived, found.compacted, found.missing) == (
        14,
        14,
        14,
        14,
        1,
    )
    assert found.refused == {"defect": 1, "not-json": 3}
    assert [(x.partition, x.accepted, x.missing) for x in found.partitions] == [("0", 10, 1), ("1", 4, 0)]
    assert (await account(world.stores(), NOON + 25 * HOUR)).refused == {}


async def test_it_costs_the_same_whatever_was_sent(world: World) -> None:
    world.hub.last = {"0": 499, "1": -1}
    await archive([reading(n, "m1", n + 1) for n in range(500)], world.archive)
    await world.compact(1)
    before = world.archive.requests + world.remembered.requests + world.conditions.requests
    await account(world.stores(), NOON + HOUR)
    spent = world.archive.requests + world.remembered.requests + world.conditions.requests - before
    assert spent == 3, "what compaction remembers, a manifest, the counts of refused events"
