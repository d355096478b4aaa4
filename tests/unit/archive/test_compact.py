"""Compaction: what is closed becomes Parquet, exactly, whatever arrives late, dies or contends."""

import contextlib
import io
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import msgspec
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from tests.support.archive import FakeArchive, FakeHub, hub_event, reading
from tests.support.events import NOON
from vending.adapters import parquet
from vending.archive.append import archive
from vending.archive.columns import hub_event as restored
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Archive, Compacted
from vending.archive.layout import CLOSING, HOUR, blob_name, manifest_name
from vending.archive.manifest import Entry, Manifest
from vending.archive.write_table import AT_ONCE, BYTES_AT_ONCE
from vending.errors import Conflict, Transient
from vending.events.hub_event import HubEvent

ONE = NOON + HOUR
LATER = ONE + timedelta(minutes=10)
"""Ten past one: the hour from noon may be closed."""


def fleet(count: int, start: int = 0, at: datetime = NOON, partition: str = "0") -> list[HubEvent]:
    """Readings of three machines, a second apart, among them one body that is no JSON."""
    return [
        hub_event(n, b"\xff no json", at=at, step=1, partition=partition)
        if n % 10 == 9
        else reading(n, f"m{n % 3}", n // 3 + 1, at=at, partition=partition)
        for n in range(start, start + count)
    ]


def compaction(blobs: FakeArchive, hub: FakeHub) -> Archive:
    return Archive(blobs, hub, "1", parquet.ParquetTable, parquet.version())


async def run(blobs: FakeArchive, hub: FakeHub, now: datetime = LATER) -> Compacted:
    return await compact_archive(compaction(blobs, hub), now)


async def manifest(blobs: FakeArchive, hour: datetime = NOON) -> Manifest:
    found = await blobs.find(manifest_name(hour))
    assert found is not None, f"no manifest of {hour}"
    return Manifest.decode(found[0])


async def entry(blobs: FakeArchive, hour: datetime = NOON, key: str = "1/0") -> Entry:
    return (await manifest(blobs, hour)).partitions[key]


async def rows(blobs: FakeArchive, held: Entry) -> list[dict[str, Any]]:
    assert held.table is not None
    found: list[dict[str, Any]] = pq.read_table(io.BytesIO(await blobs.read(held.table.name))).to_pylist()
    return found


async def events(blobs: FakeArchive, held: Entry) -> list[HubEvent]:
    found = [restored(row) for row in await rows(blobs, held)]
    return sorted(found, key=lambda event: event.sequence)


def tables(blobs: FakeArchive) -> list[str]:
    return [name for name in blobs.committed if name.endswith(".parquet")]


async def test_a_closed_hour_becomes_parquet_that_gives_back_every_event() -> None:
    blobs, given = FakeArchive(), fleet(100)
    await archive(given, blobs)
    outcome = await run(blobs, FakeHub(p0=99))
    held = await entry(blobs)
    assert await events(blobs, held) == given
    assert (outcome.events, held.count, held.numbers, held.gaps, held.through) == (
        100,
        100,
        [[0, 99]],
        [],
        99,
    )
    assert held.table is not None
    assert len(await blobs.read(held.table.name)) == held.table.size


async def test_rows_are_typed_and_sorted_by_machine() -> None:
    blobs = FakeArchive()
    await archive(fleet(30), blobs)
    await run(blobs, FakeHub(p0=29))
    found = await rows(blobs, await entry(blobs))
    order = [(row["machine"] is None, row["machine"], row["sequence"]) for row in found]
    assert order == sorted(order, key=lambda key: (key[0], key[1] or "", key[2]))
    assert found[0]["machine"] == "m0"
    assert (found[0]["type"], found[0]["zone"], found[0]["celsius"]) == ("temperature", "main", 4.5)
    assert found[0]["time"] == NOON
    assert [row["fault"] for row in found[-3:]] == ["not-json"] * 3


async def test_an_hour_is_not_closed_while_the_archive_is_behind_the_hub() -> None:
    blobs, hub, given = FakeArchive(), FakeHub(p0=99), fleet(100)
    await archive(given[:90], blobs)
    outcome = await run(blobs, hub)
    assert outcome.tables == []
    hub.last["0"] = 5000  # the hub goes on; only what it had when it was first asked counts
    await archive(given[90:], blobs)
    await run(blobs, hub, LATER + timedelta(minutes=10))
    assert (await entry(blobs)).count == 100


async def test_an_hour_is_not_closed_before_its_grace_has_passed() -> None:
    blobs = FakeArchive()
    await archive(fleet(10), blobs)
    await run(blobs, FakeHub(p0=9), ONE + timedelta(minutes=4))
    assert tables(blobs) == []
    await run(blobs, FakeHub(p0=9), ONE + timedelta(minutes=6))
    assert len(tables(blobs)) == 1


async def test_each_partition_closes_by_itself() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=9, p1=9)
    await archive(fleet(10), blobs)
    await archive(fleet(5, partition="1"), blobs)
    await run(blobs, hub)
    assert list((await manifest(blobs)).partitions) == ["1/0"]
    await archive(fleet(10, partition="1"), blobs)
    await run(blobs, hub, LATER + HOUR)
    assert {key: held.count for key, held in (await manifest(blobs)).partitions.items()} == {
        "1/0": 10,
        "1/1": 10,
    }


async def test_numbers_are_carried_through_empty_hours() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=19)
    await archive(fleet(10), blobs)
    await archive(fleet(10, start=10, at=NOON + 3 * HOUR), blobs)
    await run(blobs, hub, NOON + 5 * HOUR)
    assert [(await entry(blobs, NOON + n * HOUR)).through for n in range(4)] == [9, 9, 9, 19]
    assert [(await entry(blobs, NOON + n * HOUR)).gaps for n in range(4)] == [[], [], [], []]


async def test_a_gap_stays_open_in_every_later_hour_until_it_is_filled() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=39)
    first, second = fleet(20), fleet(20, start=20, at=ONE)
    await archive([*first[:5], *first[8:18]], blobs)
    await archive(second, blobs)
    await run(blobs, hub, NOON + 3 * HOUR)
    assert (await entry(blobs)).gaps == [[5, 7]]
    assert (await entry(blobs, ONE)).gaps == [[5, 7], [18, 19]]
    await archive(first, blobs)
    await run(blobs, hub, NOON + 4 * HOUR)
    assert (await entry(blobs)).gaps == []
    assert (await entry(blobs, ONE)).gaps == []


async def test_a_late_append_is_compacted_again_and_the_old_file_goes() -> None:
    blobs, hub, given = FakeArchive(), FakeHub(p0=19), fleet(20)
    await archive([*given[:5], *given[6:]], blobs)
    await run(blobs, hub)
    (before,) = tables(blobs)
    await archive(given, blobs)
    outcome = await run(blobs, hub, LATER + timedelta(minutes=10))
    assert tables(blobs) == outcome.tables != [before]
    assert await events(blobs, await entry(blobs)) == given


async def test_nothing_new_writes_no_file_and_no_manifest() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=9)
    await archive(fleet(10), blobs)
    await run(blobs, hub)
    before = {name: blob for name, blob in blobs.committed.items() if name != CLOSING}
    outcome = await run(blobs, hub, LATER + timedelta(minutes=1))
    assert (outcome.tables, outcome.manifests) == ([], [])
    assert {name: blob for name, blob in blobs.committed.items() if name != CLOSING} == before


async def test_an_earlier_life_of_the_hub_is_closed_and_carried_on() -> None:
    blobs = FakeArchive()
    await archive([replace(event, generation="0") for event in fleet(10)], blobs)
    await archive(fleet(10, at=ONE), blobs)
    await run(blobs, FakeHub(p0=9), NOON + 3 * HOUR)
    assert (await entry(blobs, NOON, "0/0")).count == 10
    assert (await entry(blobs, ONE, "0/0")).through == 9
    assert (await entry(blobs, ONE)).gaps == []


async def test_holes_in_a_devices_own_numbers_are_told() -> None:
    blobs = FakeArchive()
    await archive([reading(n, "m1", sequence) for n, sequence in enumerate([3, 4, 7, 9])], blobs)
    await run(blobs, FakeHub(p0=3))
    holes = (await entry(blobs)).devices
    assert (holes.devices, holes.missing) == (1, 3)
    assert holes.examples == [("dev-m1", 1, 5, 6), ("dev-m1", 1, 8, 8)]


async def test_a_truncated_blob_is_reported_and_its_neighbours_are_compacted() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=9, p1=9)
    await archive(fleet(10), blobs)
    await archive(fleet(10, partition="1"), blobs)
    name = blob_name(fleet(1)[0])
    version, blocks = blobs.committed[name]
    blobs.committed[name] = (version, {block: data[:-5] for block, data in blocks.items()})
    outcome = await run(blobs, hub)
    assert [str(damage) for damage in outcome.damaged] == [f"{name}: cut off in the middle of a gzip member"]
    assert (await entry(blobs, key="1/1")).count == 10
    assert (await entry(blobs)).table is None


async def test_a_blob_that_was_written_whole_proves_nothing_and_stays_open() -> None:
    blobs = FakeArchive()
    await archive(fleet(10), blobs)
    name = blob_name(fleet(1)[0])
    blobs.put(name, await blobs.read(name))
    outcome = await run(blobs, FakeHub(p0=9))
    assert "did not write" in str(outcome.damaged[0])
    assert tables(blobs) == []


async def test_raw_blobs_that_lost_events_never_replace_a_good_file() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=9)
    await archive(fleet(10), blobs)
    await run(blobs, hub)
    await blobs.delete(blob_name(fleet(1)[0]))
    outcome = await run(blobs, hub, LATER + timedelta(minutes=1))
    assert "lost" in str(outcome.damaged[0])
    assert await events(blobs, await entry(blobs)) == fleet(10)


class Died(Exception):
    """The process ended here."""


async def _settled(given: Sequence[HubEvent], late: Sequence[HubEvent]) -> FakeArchive:
    """An archive with a compacted first hour and something late in it."""
    blobs = FakeArchive()
    await archive(given, blobs)
    await run(blobs, FakeHub(p0=39))
    await archive(late, blobs)
    return blobs


@pytest.mark.parametrize("death", range(24))
async def test_a_death_anywhere_leaves_the_old_or_the_new_and_the_next_run_finishes(death: int) -> None:
    given = [*fleet(20), *fleet(20, start=20, at=ONE)]
    blobs = await _settled([*given[:5], *given[6:]], given)
    before = await entry(blobs)
    steps = iter(range(1000))

    def dies(operation: str, name: str) -> None:
        if next(steps) == death:
            raise Died(f"{operation} {name}")

    blobs.fault = blobs.after = dies
    with contextlib.suppress(Died):
        await run(blobs, FakeHub(p0=39), NOON + 4 * HOUR)
    blobs.fault = blobs.after = lambda operation, name: None
    held = await entry(blobs)
    assert await events(blobs, held) == ([*given[:5], *given[6:20]] if held == before else given[:20])
    await run(blobs, FakeHub(p0=39), NOON + 5 * HOUR)
    assert await events(blobs, await entry(blobs)) == given[:20]
    assert await events(blobs, await entry(blobs, ONE)) == given[20:]
    assert (await entry(blobs, ONE)).gaps == []


async def test_a_blob_that_grows_while_it_is_read_waits_for_the_next_run() -> None:
    blobs, hub, given = FakeArchive(), FakeHub(p0=9), fleet(10)
    await archive(given[:9], blobs)

    def grow(operation: str, name: str) -> None:
        if operation == "chunks":
            raise Conflict(name)

    hub.last["0"] = 8
    blobs.fault = grow
    outcome = await run(blobs, hub)
    assert (outcome.contended, tables(blobs)) == ([NOON], [])
    blobs.fault = lambda operation, name: None
    await run(blobs, hub, LATER + timedelta(minutes=1))
    assert (await entry(blobs)).count == 9


async def test_newer_states_and_manifests_wait_for_newer_code() -> None:
    blobs = FakeArchive()
    await archive(fleet(10), blobs)
    await blobs.replace(CLOSING, b'{"schema": 99}', None)
    with pytest.raises(Transient, match="99"):
        await run(blobs, FakeHub(p0=9))


async def test_what_it_remembers_lies_apart_and_may_be_lost() -> None:
    """In the archive each of its versions would be kept like an event's (docs/decisions/0095)."""
    blobs, apart, hub = FakeArchive(), FakeArchive(), FakeHub(p0=9)
    await archive(fleet(10), blobs)
    made = replace(compaction(blobs, hub), remembered=apart)
    assert (await compact_archive(made, LATER)).tables
    assert (await blobs.find(CLOSING), list(apart.committed)) == (None, [CLOSING])
    held = dict(blobs.committed)
    again = await compact_archive(replace(made, remembered=FakeArchive()), LATER + timedelta(minutes=10))
    assert (again.visited > 0, again.tables, again.manifests) == (True, [], [])
    assert blobs.committed == held


async def test_an_empty_archive_closes_nothing() -> None:
    outcome = await run(FakeArchive(), FakeHub(p0=-1))
    assert (outcome.tables, outcome.manifests) == ([], [])


async def test_old_hours_are_forgotten_but_the_newest_stays() -> None:
    blobs, hub = FakeArchive(), FakeHub(p0=9)
    await archive(fleet(10), blobs)
    await run(blobs, hub)
    await run(blobs, hub, NOON + timedelta(days=4))
    found = await blobs.find(CLOSING)
    assert found is not None
    watched = sorted(msgspec.json.decode(found[0])["hours"])
    assert watched[0] >= (NOON + timedelta(days=2) - HOUR).isoformat()
    assert (await entry(blobs, NOON + timedelta(days=3))).through == 9


async def test_blobs_of_other_hands_are_passed_over() -> None:
    blobs = FakeArchive()
    blobs.put("raw/a-note.txt", b"hello")
    await archive(fleet(10), blobs)
    assert (await run(blobs, FakeHub(p0=9))).events == 10


async def test_a_hub_whose_numbers_went_back_closes_nothing() -> None:
    blobs = FakeArchive()
    await archive(fleet(10), blobs)
    await run(blobs, FakeHub(p0=9))
    await archive(fleet(5, at=NOON + HOUR), blobs)
    outcome = await run(blobs, FakeHub(p0=4), NOON + 3 * HOUR)
    assert "set HUB_GENERATION" in str(outcome.damaged[0])
    assert await blobs.find(manifest_name(ONE)) is None


async def test_a_long_backlog_is_done_in_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vending.archive.compact_hour.HOURS_A_RUN", 3)
    blobs, hub = FakeArchive(), FakeHub(p0=79)
    for number in range(8):
        await archive(fleet(10, start=10 * number, at=NOON + number * 12 * HOUR), blobs)
    runs: list[Compacted] = []
    while not runs or runs[-1].more:
        runs.append(await run(blobs, hub, NOON + timedelta(days=9)))
    assert sum(done.events for done in runs) == 80
    assert all(len(done.manifests) <= 3 for done in runs)
    assert (await entry(blobs, NOON + timedelta(days=8))).through == 79
    assert (await entry(blobs, NOON + timedelta(days=8))).gaps == []


class Weighed(parquet.ParquetTable):
    """A table that notes how much Arrow memory is held after each step."""

    peak = 0
    groups = 8_192

    def __init__(self) -> None:
        super().__init__(group_rows=self.groups)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        assert len(rows) <= AT_ONCE
        super().add(rows)
        Weighed.peak = max(Weighed.peak, pa.total_allocated_bytes())


async def test_memory_is_bounded_by_row_groups_and_not_by_the_hour() -> None:
    """100,000 events of 400 bytes are 40 MB; a row group of 8,192 of them is 4 MB, held twice at most."""
    blobs, count = FakeArchive(), 100_000
    bodies = [reading(n, f"m{n % 500}", n + 1).body.ljust(400) for n in range(4096)]
    for start in range(0, count, 4096):
        numbers = range(start, min(start + 4096, count))
        await archive([hub_event(n, bodies[n % 4096], step=0.03) for n in numbers], blobs)
    before = pa.total_allocated_bytes()
    made = Archive(blobs, FakeHub(p0=count - 1), "1", Weighed, "weighed")
    outcome = await compact_archive(made, LATER)
    assert outcome.events == count
    assert Weighed.peak - before < 20 * 2**20
    held = await entry(blobs)
    assert held.table is not None
    file = pq.ParquetFile(io.BytesIO(await blobs.read(held.table.name)))
    assert (file.metadata.num_rows, file.num_row_groups) == (count, -(-count // Weighed.groups))
    assert restored(file.read_row_group(3).slice(0, 1).to_pylist()[0]).body in bodies


class Threaded(parquet.ParquetTable):
    """A table that notes which threads work on it."""

    threads: ClassVar[list[set[int]]] = []

    def __init__(self) -> None:
        super().__init__(group_rows=AT_ONCE)
        Threaded.threads.append(set())

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        Threaded.threads[-1].add(threading.get_ident())
        super().add(rows)

    def close(self) -> bytes:
        Threaded.threads[-1].add(threading.get_ident())
        return super().close()


async def test_a_file_is_made_by_one_thread_and_gives_its_memory_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each thread would keep what Arrow freed in it; the event loop's is none of them."""
    blobs, count, released = FakeArchive(), 3 * AT_ONCE + 1, []
    for partition in ("0", "1"):
        for start in range(0, count, 4096):
            part = fleet(min(4096, count - start), start, partition=partition)
            await archive([replace(event, enqueued=NOON) for event in part], blobs)
    pool = SimpleNamespace(release_unused=lambda: released.append(threading.get_ident()))
    monkeypatch.setattr(pa, "default_memory_pool", lambda: pool)
    hub = FakeHub(p0=count - 1, p1=count - 1)
    outcome = await compact_archive(Archive(blobs, hub, "1", Threaded, "threaded"), LATER)
    assert outcome.events == 2 * count
    assert [len(one) for one in Threaded.threads] == [1, 1]
    assert [{one} for one in released] == Threaded.threads
    assert threading.get_ident() not in released


class Handed(parquet.ParquetTable):
    """A table that notes how many bytes of bodies it is handed at a time, in groups of 4 MiB."""

    most = 0

    def __init__(self) -> None:
        super().__init__(group_bytes=4 * 2**20)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        Handed.most = max(Handed.most, sum(len(row["body"]) for row in rows))
        super().add(rows)


async def test_an_hour_of_large_bodies_is_taken_by_bytes() -> None:
    """30 events of a megabyte are few: what is in memory is bounded by bytes, row groups too."""
    blobs, bodies = FakeArchive(), [bytes(1_000_000), b"\xff" * 1_000_000, b'"' * 1_000_000]
    events = [hub_event(n, bodies[n % 3]) for n in range(30)]
    await archive(events, blobs)
    made = Archive(blobs, FakeHub(p0=29), "1", Handed, "handed")
    assert (await compact_archive(made, LATER)).events == 30
    assert Handed.most <= BYTES_AT_ONCE + 1_000_000
    held = await entry(blobs)
    assert held.table is not None
    file = pq.ParquetFile(io.BytesIO(await blobs.read(held.table.name)))
    assert file.num_row_groups >= 6
    assert sorted(map(restored, file.read().to_pylist()), key=lambda event: event.sequence) == events
