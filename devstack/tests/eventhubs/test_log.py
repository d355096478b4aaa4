"""The log on disk: torn tails, damage, full disks, positions, retention."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstack.eventhubs.log.entry import Damaged
from devstack.eventhubs.log.folder import FolderLock, Locked
from devstack.eventhubs.log.partition_log import PartitionLog


def put(log: PartitionLog, *payloads: bytes, at: int = 1000) -> list[int]:
    """Append one entry; the offsets of its events."""
    builder = log.begin(at)
    offsets = []
    for payload in payloads:
        offsets.append(builder.offset)
        builder.add(payload)
    log.commit(builder)
    log.publish(builder.sequence, builder.last_offset, builder.time_ms)
    return offsets


def everything(log: PartitionLog) -> list[bytes]:
    found: list[bytes] = []
    sequence = log.first_sequence
    while events := log.read(sequence):
        assert [event.sequence for event in events] == list(range(sequence, sequence + len(events)))
        found += [event.payload for event in events]
        sequence = events[-1].sequence + 1
    return found


def test_events_come_back_with_their_offsets_after_a_restart(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path, segment_bytes=300)
    offsets = [offset for n in range(50) for offset in put(log, b"a%d" % n, b"b%d" % n, at=n)]
    for reopened in (log, PartitionLog(tmp_path, segment_bytes=300)):
        assert everything(reopened) == [b"%c%d" % (c, n) for n in range(50) for c in b"ab"]
        assert [reopened.read(n, 1)[0].offset for n in range(100)] == offsets
        assert (reopened.published_offset, reopened.published_time) == (offsets[-1], 49)
    assert len(list(tmp_path.glob("*.log"))) > 5
    log.close()


@given(cut=st.integers(1, 10_000), garbage=st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_torn_tail_costs_only_the_unfinished_entry(
    tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = PartitionLog(folder)
    put(log, b"first", b"second")
    whole = log.active.size
    put(log, *[b"x" * 50] * 20)
    log.close()
    (path,) = folder.glob("*.log")
    os.truncate(path, max(whole, log.active.size - cut))
    with path.open("ab") as file:
        file.write(garbage)
    again = PartitionLog(folder)
    assert everything(again) in ([b"first", b"second"], [b"first", b"second", *[b"x" * 50] * 20])
    put(again, b"next")
    assert everything(PartitionLog(folder))[-1] == b"next"
    again.close()


def test_damage_before_the_tail_is_refused_not_cut(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    for n in range(3):
        put(log, b"event%d" % n)
    log.close()
    (path,) = tmp_path.glob("*.log")
    data = bytearray(path.read_bytes())
    data[35] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match="events follow"):
        PartitionLog(tmp_path)
    assert path.stat().st_size == len(data)


def test_a_missing_segment_is_refused(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path, segment_bytes=100)
    for n in range(9):
        put(log, b"x" * 60, at=n)
    log.close()
    sorted(tmp_path.glob("*.log"))[3].unlink()
    with pytest.raises(Damaged, match="missing"):
        PartitionLog(tmp_path, segment_bytes=100)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = PartitionLog(tmp_path)
    put(log, b"before")
    real, calls = os.pwrite, [0]

    def full(fd: int, data: bytes, pos: int) -> int:
        calls[0] += 1
        if calls[0] > 1:
            raise OSError(errno.ENOSPC, "no space left on device")
        return real(fd, bytes(data[:10]), pos)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="no space"):
            put(log, b"lost")
    assert log.broken is None
    put(log, b"after")
    assert everything(log) == [b"before", b"after"] == everything(PartitionLog(tmp_path))
    log.close()


@given(
    times=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    wanted=st.integers(-1, 8),
    inclusive=st.booleans(),
    segment=st.integers(40, 400),
)
@settings(max_examples=80, deadline=None)
def test_positions_equal_a_plain_search(
    tmp_path_factory: pytest.TempPathFactory, times: list[int], wanted: int, inclusive: bool, segment: int
) -> None:
    log = PartitionLog(tmp_path_factory.mktemp("log"), segment_bytes=segment)
    clock, known, sequence = 0, [], 0
    for step in times:
        clock += step // 3
        for offset in put(log, *[b"p" * step] * (1 + step % 3), at=clock):
            known.append((sequence, offset, clock))
            sequence += 1
    fits = [n for n, _, t in known if t > wanted or (inclusive and t == wanted)]
    assert log.after_time(wanted, inclusive=inclusive) == (fits[0] if fits else sequence)
    for probe in {offset + shift for _, offset, _ in known for shift in (-1, 0, 1)}:
        fits = [n for n, o, _ in known if o > probe or (inclusive and o == probe)]
        assert log.after_offset(probe, inclusive=inclusive) == (fits[0] if fits else sequence)
    log.close()


def test_retention_by_time_removes_whole_segments_and_never_renumbers(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path, segment_bytes=200)
    for n in range(20):
        put(log, b"x" * 100, at=n * 1000)
    last = log.published_offset
    assert log.expire(older_than_ms=10_000, roll_before_ms=0, most_bytes=None) > 0
    first = log.first_sequence
    assert 8 <= first <= 10
    assert log.read(0)[0].sequence == first
    assert log.after_offset(0, inclusive=True) == first
    log.expire(older_than_ms=10**9, roll_before_ms=10**9, most_bytes=None)
    assert (log.first_sequence, log.next_sequence, log.published_offset) == (20, 20, last)
    assert everything(log) == []
    log.close()
    again = PartitionLog(tmp_path, segment_bytes=200)
    assert again.next_sequence == 20
    put(again, b"new")
    assert again.read(0)[0].sequence == 20
    assert again.published_offset > last
    again.close()


def test_retention_by_size(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path, segment_bytes=1000)
    for _ in range(100):
        put(log, b"x" * 100)
    log.expire(older_than_ms=0, roll_before_ms=0, most_bytes=3000)
    assert 1900 <= log.size <= 3000
    assert log.next_sequence == 100
    log.close()


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    put(log, b"a", at=5000)
    put(log, b"b", at=3000)
    assert [event.time_ms for event in log.read(0)] == [5000, 5000]
    log.close()


def test_unpublished_events_are_not_read(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    put(log, b"a")
    builder = log.begin(1)
    builder.add(b"waiting for the disk")
    log.commit(builder)
    assert [event.payload for event in log.read(0)] == [b"a"]
    log.close()


def test_one_server_for_a_folder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(Locked, match="in use"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()
