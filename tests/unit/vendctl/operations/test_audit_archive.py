"""The audit says complete when it is, and otherwise what is wrong, where, and which events."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.archive import FakeArchive, FakeHub, hub_event, reading
from tests.support.events import NOON
from vendctl.operations.audit import Report
from vendctl.operations.audit_archive import Scope, audit_archive
from vending.adapters import parquet
from vending.archive.append import archive
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Archive
from vending.archive.layout import HOUR, blob_name, block_id, manifest_name

FIRST = [reading(n, f"m{n % 3}", n // 3 + 1) for n in range(20)]
SECOND = [reading(n, f"m{n % 3}", n // 3 + 1, at=NOON + HOUR) for n in range(20, 40)]
RAW = blob_name(FIRST[0])
MANIFEST = manifest_name(NOON)
ALL = Scope()


async def healthy(compacted: bool = True) -> FakeArchive:
    """Two hours of 20 events, appended ten at a time."""
    blobs = FakeArchive()
    for events in (FIRST, SECOND):
        await archive(events[:10], blobs)
        await archive(events[10:], blobs)
    if compacted:
        made = Archive(blobs, FakeHub(p0=39), "1", parquet.ParquetTable, parquet.version())
        await compact_archive(made, NOON + 3 * HOUR)
    return blobs


async def audited(
    blobs: FakeArchive,
    last: int = 39,
    scope: Scope = ALL,
    first: int = 0,
) -> Report:
    hub = FakeHub(p0=last)
    hub.first["0"] = first
    return await audit_archive(blobs, "1", await hub.ends(), scope)


def said(report: Report) -> list[tuple[str, str, str]]:
    return [(finding.kind, finding.where, finding.detail) for finding in report.findings]


@pytest.mark.parametrize("compacted", [True, False])
@pytest.mark.parametrize("quick", [True, False])
async def test_a_healthy_archive_is_complete(compacted: bool, quick: bool) -> None:
    report = await audited(await healthy(compacted), scope=Scope(quick=quick))
    assert said(report) == []
    assert (report.complete, report.events, report.hours) == (True, 40, 2)
    assert report.compacted_hours == (2 if compacted else 0)
    assert json.loads(json.dumps(report.figures()))["partitions"]["1/0"] == {
        "count": 40,
        "first": 0,
        "last": 39,
        "missing": [],
    }


async def test_a_missing_block_is_named_with_its_numbers() -> None:
    blobs = await healthy()
    held = await blobs.blocks(RAW)
    await blobs.commit(RAW, [held.ids[0]], {}, held.etag)
    report = await audited(blobs)
    assert said(report) == [
        (
            "changed-since-compaction",
            MANIFEST,
            f"1/0: {RAW} was written to; the manifest held 10-19, the raw blobs do not any more",
        ),
        ("missing-events", "1/0", "no raw blob holds 10-19 (10 events)"),
    ]
    assert report.findings[1].numbers == [[10, 19]]


async def test_a_missing_blob_is_named_with_its_numbers() -> None:
    blobs = await healthy()
    await blobs.delete(RAW)
    report = await audited(blobs)
    assert [finding.kind for finding in report.findings] == ["changed-since-compaction", "missing-events"]
    assert f"{RAW} is gone" in report.findings[0].detail
    assert report.findings[1].numbers == [[0, 19]]


async def test_a_truncated_blob_is_named_with_what_it_lost() -> None:
    blobs = await healthy()
    version, blocks = blobs.committed[RAW]
    cut = {block: data[:40] if block == block_id(10, 19) else data for block, data in blocks.items()}
    blobs.committed[RAW] = (version + 1000, cut)
    kinds = {finding.kind: finding for finding in (await audited(blobs)).findings}
    assert kinds["damaged-blob"].where == RAW
    assert kinds["damaged-blob"].detail == "cut off in the middle of a gzip member"
    assert kinds["missing-events"].numbers == [[10, 19]]


async def test_lines_that_were_taken_out_of_a_block_are_found_by_its_claim() -> None:
    blobs = await healthy(compacted=False)
    _, blocks = blobs.committed[RAW]
    lines = gzip.decompress(blocks[block_id(0, 9)]).splitlines(keepends=True)
    blocks[block_id(0, 9)] = gzip.compress(b"".join([*lines[:4], *lines[5:]]))
    report = await audited(blobs)
    assert said(report) == [
        ("damaged-blob", RAW, "its blocks claim 0-19, it holds 0-3, 5-19"),
        ("missing-events", "1/0", "no raw blob holds 4 (1 events)"),
    ]
    assert (await audited(blobs, scope=Scope(quick=True))).complete  # which is why quick is not the default


def _set(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda entry: entry.__setitem__(field, value)


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (_set("count", 21), "1/0: count is 21, the raw blobs say 20"),
        (_set("numbers", [[0, 18]]), "1/0: numbers is [[0, 18]], the raw blobs say [[0, 19]]"),
        (_set("through", 25), "1/0: through is 25, the raw blobs say 19"),
        (_set("gaps", [[3, 4]]), "1/0: gaps is [[3, 4]], the raw blobs say []"),
    ],
)
async def test_a_forged_manifest_is_told_field_by_field(
    forge: Callable[[dict[str, Any]], None], told: str
) -> None:
    blobs = await healthy()
    body = json.loads(await blobs.read(MANIFEST))
    forge(body["partitions"]["1/0"])
    blobs.put(MANIFEST, json.dumps(body).encode())
    assert said(await audited(blobs)) == [("wrong-manifest", MANIFEST, told)]


async def test_a_forged_digest_is_found_by_reading_only() -> None:
    blobs = await healthy()
    body = json.loads(await blobs.read(MANIFEST))
    body["partitions"]["1/0"]["sha256"] = "0" * 64
    blobs.put(MANIFEST, json.dumps(body).encode())
    ((kind, where, detail),) = said(await audited(blobs))
    assert (kind, where) == ("wrong-manifest", MANIFEST)
    assert detail.startswith(f"1/0: sha256 is '{'0' * 64}'")
    assert (await audited(blobs, scope=Scope(quick=True))).complete


async def test_a_damaged_or_missing_manifest_is_named() -> None:
    blobs = await healthy()
    blobs.put(MANIFEST, b'{"hour": ')
    ((kind, where, _),) = said(await audited(blobs))
    assert (kind, where) == ("damaged-manifest", MANIFEST)
    await blobs.delete(MANIFEST)
    assert said(await audited(blobs)) == [("missing-manifest", MANIFEST, "later hours have one")]


async def test_a_changed_or_missing_parquet_file_is_named() -> None:
    blobs = await healthy()
    name = next(name for name in blobs.committed if name.endswith(".parquet"))
    data = await blobs.read(name)
    blobs.put(name, data[:-1] + b"?")
    assert said(await audited(blobs)) == [("wrong-table", name, "its SHA-256 is not the manifest's")]
    blobs.put(name, data[:-1])
    assert said(await audited(blobs))[0][2] == f"{len(data) - 1} bytes, the manifest says {len(data)}"
    await blobs.delete(name)
    assert said(await audited(blobs)) == [("wrong-table", name, "the manifest names it, and it is not there")]


async def test_what_the_hub_gave_out_and_the_archive_lacks_is_told() -> None:
    blobs = await healthy()
    ((kind, where, detail),) = said(await audited(blobs, last=45))
    assert (kind, where) == ("not-archived", "1/0")
    assert detail == "the hub gave out numbers up to 45, the archive holds them up to 39"
    ((_, _, detail),) = said(await audited(blobs, last=45, first=43))
    assert detail.endswith("; up to 42 the hub does not keep them any more")


async def test_events_that_never_came_are_missing_from_number_0_on() -> None:
    blobs = FakeArchive()
    await archive(FIRST[3:], blobs)
    assert (await audited(blobs, last=19)).findings[0].numbers == [[0, 2]]


async def test_a_scope_goes_on_from_the_manifest_before_it() -> None:
    blobs = await healthy()
    scope = Scope(start=NOON + HOUR)
    report = await audited(blobs, scope=scope)
    assert (report.complete, report.events) == (True, 20)
    await blobs.delete(RAW)
    assert (await audited(blobs, scope=scope)).complete
    assert not (await audited(blobs, scope=Scope(end=NOON + HOUR))).complete


async def test_a_late_append_is_told_until_it_is_compacted() -> None:
    blobs = FakeArchive()
    await archive([*FIRST[:5], *FIRST[6:]], blobs)
    made = Archive(blobs, FakeHub(p0=19), "1", parquet.ParquetTable, parquet.version())
    await compact_archive(made, NOON + 2 * HOUR)
    await archive(FIRST, blobs)
    ((kind, where, detail),) = said(await audited(blobs, last=19))
    assert (kind, where) == ("changed-since-compaction", MANIFEST)
    assert detail == f"1/0: {RAW} was written to"
    await compact_archive(made, NOON + 3 * HOUR)
    assert (await audited(blobs, last=19)).complete


async def test_names_and_blocks_of_other_hands_are_told() -> None:
    blobs = await healthy(compacted=False)
    blobs.put("raw/notes.txt", b"hello")
    blobs.put(RAW, await blobs.read(RAW))
    kinds = {finding.kind: finding.where for finding in (await audited(blobs)).findings}
    assert kinds["alien-blob"] == "raw/notes.txt"
    assert kinds["damaged-blob"] == RAW


async def test_an_event_in_two_hours_is_told() -> None:
    blobs = await healthy(compacted=False)
    await archive([hub_event(5, at=NOON + HOUR)], blobs)
    ((kind, where, _),) = said(await audited(blobs))
    assert (kind, where) == ("duplicate-event", blob_name(hub_event(5, at=NOON + HOUR)))


async def test_what_devices_skipped_is_told_and_is_no_fault_of_the_archive() -> None:
    blobs = FakeArchive()
    await archive([reading(0, "m1", 1), reading(1, "m1", 4)], blobs)
    await archive([reading(2, "m1", 2, at=NOON + HOUR)], blobs)
    report = await audited(blobs, last=2)
    assert report.complete
    assert report.devices.examples == [("dev-m1", 1, 3, 3)]


async def test_a_blob_that_grows_while_it_is_read_is_read_again() -> None:
    blobs = await healthy(compacted=False)
    grown = iter([True])

    def grow(operation: str, name: str) -> None:
        if operation == "chunks" and next(grown, False):
            version, blocks = blobs.committed[name]
            blobs.committed[name] = (version + 1000, blocks)

    blobs.fault = grow
    assert (await audited(blobs)).complete


async def test_files_that_no_manifest_names_are_told_as_harmless() -> None:
    blobs = await healthy()
    blobs.put("parquet/date=2026-03-01/hour=12/g=1-p=0-dead.parquet", b"x")
    report = await audited(blobs)
    assert (report.complete, len(report.orphans)) == (True, 1)


async def test_hours_after_the_last_manifest_are_open_not_wrong() -> None:
    blobs = await healthy()
    await archive([reading(40, "m1", 14, at=NOON + timedelta(hours=9))], blobs)
    report = await audited(blobs, last=40)
    assert (report.complete, report.open_hours) == (True, ["2026-03-01T21"])
