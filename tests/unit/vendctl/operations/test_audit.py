"""What an audit says of what it found."""

from typing import Any

import pytest

from vendctl.operations.audit import (
    Finding,
    Holding,
    Report,
    behind,
    changes,
    differences,
    gaps,
    told,
)
from vending.archive.manifest import DeviceHoles, Entry, RawBlob


def test_a_partition_misses_what_no_hour_holds_up_to_its_highest_number() -> None:
    holding = Holding(held=[[0, 4], [8, 9]])
    assert (holding.count, holding.through, holding.missing()) == (7, 9, [[5, 7]])
    assert Holding(held=[[2, 3]]).missing() == [[0, 1]]


def test_a_look_at_some_hours_goes_on_from_those_before() -> None:
    """Gaps that were open then may be filled later."""
    holding = Holding(base=9, held=[[5, 5], [12, 12]], open=[[5, 7]])
    assert holding.missing() == [[6, 7], [10, 11]]
    nothing = Holding(base=9, open=[[5, 7]])
    assert (nothing.count, nothing.through, nothing.missing()) == (0, 9, [[5, 7]])
    late = Holding(base=9, held=[[5, 6]], open=[[5, 7]])
    assert (late.through, late.missing()) == (9, [[7, 7]])


def test_a_report_is_complete_when_nothing_was_found() -> None:
    report = Report()
    assert (report.complete, report.figures()["complete"]) == (True, True)
    report.findings.append(Finding("damaged-blob", "raw/x", "cut off"))
    assert (report.complete, report.figures()["complete"]) == (False, False)


def test_a_report_as_json() -> None:
    report = Report(
        events=7,
        hours=2,
        compacted_hours=1,
        open_hours=["date=2026-03-01/hour=13/"],
        orphans=["parquet/x"],
        partitions={"1/1": Holding(), "1/0": Holding(held=[[0, 4], [8, 9]])},
        devices=DeviceHoles(1, 2, [("a", 1, 3, 4)]),
        findings=[Finding("missing-events", "1/0", "gone", [[5, 7]])],
    )
    figures = report.figures()
    assert figures == {
        "complete": False,
        "events": 7,
        "hours": 2,
        "compactedHours": 1,
        "openHours": ["date=2026-03-01/hour=13/"],
        "orphans": ["parquet/x"],
        "partitions": {
            "1/0": {"count": 7, "first": 0, "last": 9, "missing": [[5, 7]]},
            "1/1": {"count": 0, "first": None, "last": None, "missing": []},
        },
        "deviceHoles": {"devices": 1, "missing": 2, "examples": [("a", 1, 3, 4)]},
        "findings": [{"kind": "missing-events", "where": "1/0", "detail": "gone", "numbers": [[5, 7]]}],
    }
    assert list(figures["partitions"]) == ["1/0", "1/1"]


def test_a_finding_is_a_line_of_a_table() -> None:
    assert str(Finding("missing-events", "1/0", "gone")) == "missing-events           1/0: gone"
    assert Finding("missing-events", "1/0", "gone").numbers == []


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([[3, 3]], "3"),
        ([[3, 3], [5, 7]], "3, 5-7"),
        ([[n, n] for n in range(0, 10, 2)], "0, 2, 4, 6, 8"),
        ([[n, n] for n in range(0, 14, 2)], "0, 2, 4, 6, 8 and 2 more ranges"),
    ],
)
def test_numbers_are_told_as_ranges_and_the_first_five_of_them(numbers: Any, text: str) -> None:
    assert told(numbers) == text


def test_raw_blobs_that_are_not_as_they_were_compacted_are_told() -> None:
    then = Entry(through=9, gaps=[], raw=[RawBlob(name, '"1"', 7) for name in ("kept", "grown", "gone")])
    now = [RawBlob("kept", '"1"', 7), RawBlob("grown", '"2"', 9), RawBlob("new", '"1"', 7)]
    assert changes(then, now) == ["gone is gone", "new is new", "grown was written to"]
    assert changes(then, then.raw) == []


def test_the_fields_that_a_manifest_tells_wrongly() -> None:
    says, holds = Entry(through=9, gaps=[], count=7), Entry(through=8, gaps=[], count=7, sha256="ab")
    assert list(differences(says, holds, ("through", "gaps", "count"))) == [
        "through is 9, the raw blobs say 8"
    ]
    assert list(differences(says, holds, ("count", "sha256"))) == ["sha256 is '', the raw blobs say 'ab'"]


def test_what_the_hub_gave_out_and_the_archive_does_not_hold() -> None:
    report = Report(partitions={"1/0": Holding(held=[[0, 9]]), "1/1": Holding(held=[[0, 3]])})
    found = list(behind(report, "1", [("0", 0, 9), ("1", 2, 8), ("2", 0, -1)]))
    assert found == [
        Finding(
            "not-archived",
            "1/1",
            "the hub gave out numbers up to 8, the archive holds them up to 3",
            [[4, 8]],
        )
    ]
    assert "1/2" in report.partitions, "a partition without an event is told too"


@pytest.mark.parametrize(
    ("first", "gone"),
    [
        (4, ""),
        (5, "; up to 4 the hub does not keep them any more"),
        (9, "; up to 8 the hub does not keep them any more"),
        (20, "; up to 8 the hub does not keep them any more"),
    ],
)
def test_numbers_that_the_hub_has_forgotten_are_told(first: int, gone: str) -> None:
    """Nobody can archive them any more."""
    report = Report(partitions={"1/0": Holding(held=[[0, 3]])})
    (found,) = behind(report, "1", [("0", first, 8)])
    assert found.detail == f"the hub gave out numbers up to 8, the archive holds them up to 3{gone}"


def test_each_hole_is_a_finding_by_partition() -> None:
    partitions = {"1/1": Holding(held=[[1, 1]]), "1/0": Holding(held=[[0, 4], [8, 8], [10, 10]])}
    assert list(gaps(partitions)) == [
        Finding("missing-events", "1/0", "no raw blob holds 5-7 (3 events)", [[5, 7]]),
        Finding("missing-events", "1/0", "no raw blob holds 9 (1 events)", [[9, 9]]),
        Finding("missing-events", "1/1", "no raw blob holds 0 (1 events)", [[0, 0]]),
    ]
