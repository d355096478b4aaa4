"""Append, compact, audit and damage on real Blob Storage (Azurite)."""

import io
import json
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from azure.storage.blob import BlobBlock

from tests.support.archive import FakeHub, reading
from tests.support.events import NOON
from vendctl.operations.audit import Report
from vendctl.operations.audit_archive import Scope, audit_archive
from vending.adapters import parquet
from vending.adapters.archive_blobs import ArchiveContainer
from vending.adapters.blobs import BlobContainer
from vending.archive.append import archive
from vending.archive.columns import hub_event
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Archive
from vending.archive.layout import HOUR, blob_name, block_id, manifest_name
from vending.archive.manifest import Manifest

EVENTS = [reading(n, f"m{n % 7}", n // 7 + 1) for n in range(300)]
RAW, MANIFEST = blob_name(EVENTS[0]), manifest_name(NOON)


@pytest.fixture
async def blobs(blob_container: BlobContainer) -> ArchiveContainer:
    """An archive of 300 events in three blocks, compacted."""
    container = ArchiveContainer(blob_container.container)
    for start in range(0, 300, 100):
        await archive(EVENTS[start : start + 100], container)
    hub = FakeHub(p0=299)
    done = await compact_archive(
        Archive(container, hub, "1", parquet.ParquetTable, parquet.version()), NOON + 2 * HOUR
    )
    assert (done.events, len(done.tables), done.damaged, done.contended) == (300, 1, [], [])
    return container


async def audited(blobs: ArchiveContainer) -> Report:
    return await audit_archive(blobs, "1", await FakeHub(p0=299).ends(), Scope())


def said(report: Report) -> list[tuple[str, str, str]]:
    return [(finding.kind, finding.where, finding.detail) for finding in report.findings]


async def test_a_healthy_archive_is_complete_and_gives_back_every_event(blobs: ArchiveContainer) -> None:
    report = await audited(blobs)
    assert (said(report), report.events, report.compacted_hours) == ([], 300, 1)
    held = Manifest.decode(await blobs.read(MANIFEST)).partitions["1/0"]
    assert held.table is not None
    rows = pq.read_table(io.BytesIO(await blobs.read(held.table.name))).to_pylist()
    assert sorted(map(hub_event, rows), key=lambda event: event.sequence) == EVENTS


async def test_a_late_append_is_compacted_again(blobs: ArchiveContainer) -> None:
    later = [reading(300, "m1", 99, at=NOON)]
    await archive(later, blobs)
    ((kind, _, detail),) = said(await audit_archive(blobs, "1", None, Scope()))
    assert (kind, detail) == ("changed-since-compaction", f"1/0: {RAW} was written to")
    hub = FakeHub(p0=300)
    made = Archive(blobs, hub, "1", parquet.ParquetTable, parquet.version())
    assert len((await compact_archive(made, NOON + 3 * HOUR)).tables) == 1
    assert (await audit_archive(blobs, "1", await hub.ends(), Scope())).complete


async def test_a_missing_block_is_named(blobs: ArchiveContainer) -> None:
    blob = blobs.container.get_blob_client(RAW)
    await blob.commit_block_list([BlobBlock(block_id(0, 99)), BlobBlock(block_id(200, 299))])
    assert said(await audited(blobs)) == [
        (
            "changed-since-compaction",
            MANIFEST,
            f"1/0: {RAW} was written to; the manifest held 100-199, the raw blobs do not any more",
        ),
        ("missing-events", "1/0", "no raw blob holds 100-199 (100 events)"),
    ]


async def test_a_truncated_block_is_named(blobs: ArchiveContainer) -> None:
    blob = blobs.container.get_blob_client(RAW)
    whole = await blobs.read(RAW)
    await blob.stage_block(block_id(200, 299), whole[-400:-300])
    await blob.commit_block_list([BlobBlock(block_id(n, n + 99)) for n in (0, 100, 200)])
    found = {kind: (where, detail) for kind, where, detail in said(await audited(blobs))}
    assert found["damaged-blob"][0] == RAW
    assert "not gzip" in found["damaged-blob"][1]
    assert found["not-archived"][1] == "the hub gave out numbers up to 299, the archive holds them up to 199"
    assert "held 200-299" in found["changed-since-compaction"][1]


async def test_a_blob_that_was_overwritten_shorter_is_named(blobs: ArchiveContainer) -> None:
    whole = await blobs.read(RAW)
    await blobs.container.upload_blob(RAW, whole[:-10], overwrite=True)
    found = {kind: (where, detail) for kind, where, detail in said(await audited(blobs))}
    assert found["damaged-blob"] == (RAW, "it has no blocks: the archive did not write it")
    assert found["not-archived"][1] == "the hub gave out numbers up to 299, the archive holds them up to -1"


async def test_a_forged_manifest_is_named(blobs: ArchiveContainer) -> None:
    body = json.loads(await blobs.read(MANIFEST))
    body["partitions"]["1/0"]["count"] = 301
    body["partitions"]["1/0"]["gaps"] = [[7, 7]]
    await blobs.container.upload_blob(MANIFEST, json.dumps(body), overwrite=True)
    assert said(await audited(blobs)) == [
        ("wrong-manifest", MANIFEST, "1/0: count is 301, the raw blobs say 300"),
        ("wrong-manifest", MANIFEST, "1/0: gaps is [[7, 7]], the raw blobs say []"),
    ]


@pytest.mark.parametrize("damage", ["forged", "gone", "overwritten table"])
async def test_what_compaction_wrote_is_written_again_when_its_manifest_is_removed(
    blobs: ArchiveContainer, damage: str
) -> None:
    """The way out of damage to what is derived: docs/archive.md."""
    whole = await blobs.read(MANIFEST)
    table = Manifest.decode(whole).partitions["1/0"].table
    assert table is not None
    if damage == "forged":
        await blobs.container.upload_blob(
            MANIFEST, whole.replace(b'"count": 300', b'"count": 7'), overwrite=True
        )
    elif damage == "overwritten table":
        await blobs.container.upload_blob(table.name, b"PAR1", overwrite=True)
    else:
        await blobs.delete(table.name)
    assert not (await audited(blobs)).complete
    await blobs.delete(MANIFEST)
    made = Archive(blobs, FakeHub(p0=299), "1", parquet.ParquetTable, parquet.version())
    await compact_archive(made, NOON + 3 * HOUR, again=True)
    assert (await audited(blobs)).complete
    assert Manifest.decode(await blobs.read(MANIFEST)) == Manifest.decode(whole)


async def test_parquet_files_are_read_as_the_manual_says(blobs: ArchiveContainer, tmp_path: Path) -> None:
    """A copy of a day's folder as one table, the manifest passed over."""
    async for listed in blobs.listing("parquet/date="):
        copy = tmp_path / listed.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(await blobs.read(listed.name))
    day = pq.read_table(
        tmp_path / "parquet" / f"date={NOON:%Y-%m-%d}", filters=[("type", "=", "temperature")]
    )
    assert day.num_rows == 300
