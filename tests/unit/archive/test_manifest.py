"""What a manifest says of an hour, and what it carries into the next one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import NOON
from vending.archive.manifest import (
    NOTHING_BEFORE,
    SCHEMA,
    DeviceHoles,
    Entry,
    Manifest,
    RawBlob,
    Table,
    carried,
    count,
    device_holes,
    subtract,
)
from vending.errors import Transient
from vending.state.intervals import Intervals

numbers = st.sets(st.integers(0, 30))


def runs(held: set[int]) -> Intervals:
    """The numbers as runs, sorted."""
    firsts = sorted(n for n in held if n - 1 not in held)
    lasts = sorted(n for n in held if n + 1 not in held)
    return [[first, last] for first, last in zip(firsts, lasts, strict=True)]


def those(intervals: Intervals) -> set[int]:
    return {n for first, last in intervals for n in range(first, last + 1)}


@given(numbers, numbers)
def test_what_is_held_is_taken_out_and_nothing_else(asked: set[int], held: set[int]) -> None:
    left = subtract(runs(asked), runs(held))
    assert those(left) == asked - held
    assert left == sorted(left)
    assert count(left) == len(asked - held)


def test_an_entry_goes_on_from_the_hour_before() -> None:
    first = carried(Entry(through=-1, gaps=[], numbers=[[0, 4], [8, 9]]), NOTHING_BEFORE)
    assert (first.through, first.gaps) == (9, [[5, 7]])
    second = carried(Entry(through=-1, gaps=[], numbers=[[6, 6], [12, 12]]), first)
    assert (second.through, second.gaps) == (12, [[5, 5], [7, 7], [10, 11]])
    empty = carried(Entry(through=-1, gaps=[]), second)
    assert (empty.through, empty.gaps) == (12, second.gaps)
    late = carried(Entry(through=-1, gaps=[], numbers=[[5, 5]]), empty)
    assert (late.through, late.gaps) == (12, [[7, 7], [10, 11]])


def test_the_first_event_of_all_is_number_0() -> None:
    assert carried(Entry(through=-1, gaps=[], numbers=[[0, 0]]), NOTHING_BEFORE).through == 0
    nothing = carried(Entry(through=-1, gaps=[]), NOTHING_BEFORE)
    assert (nothing.through, nothing.gaps) == (-1, [])
    assert carried(Entry(through=-1, gaps=[], numbers=[[2, 2]]), NOTHING_BEFORE).gaps == [[0, 1]]


def test_the_lowest_and_highest_number_of_an_hour() -> None:
    some = Entry(through=9, gaps=[], numbers=[[3, 4], [8, 9]])
    assert (some.first, some.last) == (3, 9)
    none = Entry(through=9, gaps=[])
    assert (none.first, none.last) == (None, None)


def test_what_devices_skipped_is_told_by_device_and_epoch() -> None:
    seen = {
        ("b", 1): [[1, 1], [4, 4]],
        ("a", 2): [[7, 9]],
        ("a", 1): [[1, 2], [5, 5], [7, 8]],
    }
    assert device_holes(seen) == DeviceHoles(2, 5, [("a", 1, 3, 4), ("a", 1, 6, 6), ("b", 1, 2, 3)])


def test_of_many_holes_twenty_are_told_and_all_are_counted() -> None:
    holes = device_holes({("a", 1): [[2 * n, 2 * n] for n in range(31)]})
    assert (holes.devices, holes.missing, len(holes.examples)) == (1, 30, 20)
    assert holes.examples[-1] == ("a", 1, 39, 39)
    assert device_holes({}) == DeviceHoles()


MANIFEST = Manifest(
    NOON,
    {
        "1/0": Entry(
            through=9,
            gaps=[[5, 7]],
            count=7,
            numbers=[[0, 4], [8, 9]],
            sha256="ab",
            raw=[RawBlob("raw/x", '"1"', 70)],
            table=Table("parquet/x", 700, "cd"),
            devices=DeviceHoles(1, 1, [("a", 1, 3, 3)]),
        ),
        "1/1": Entry(through=-1, gaps=[]),
    },
)


def test_a_manifest_is_read_back_and_tells_first_and_last_too() -> None:
    data = MANIFEST.encode()
    assert Manifest.decode(data) == MANIFEST
    told = json.loads(data)["partitions"]
    assert [(told[key]["first"], told[key]["last"]) for key in ("1/0", "1/1")] == [(0, 9), (None, None)]


def test_a_manifest_is_the_same_bytes_whoever_writes_it_and_can_be_read_by_people() -> None:
    other = Manifest(NOON, dict(reversed(MANIFEST.partitions.items())))
    assert other.encode() == MANIFEST.encode()
    assert MANIFEST.encode().startswith(b'{\n "hour": "2026-03-01T12:00:00Z",\n')
    assert MANIFEST.encode().endswith(b"\n}\n")


def test_a_manifest_of_newer_code_is_waited_for() -> None:
    newer = Manifest(NOON, {}, schema=SCHEMA + 1).encode()
    with pytest.raises(Transient, match="the manifest has schema 2, this version knows 1"):
        Manifest.decode(newer)
