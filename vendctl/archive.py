"""The archive: audited when it could hold what the hub has, compacted by hand, fetched into files."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from vendctl.archive_get import Got, Hours, get
from vendctl.hub import checkpoints
from vendctl.operations.audit import Report
from vendctl.operations.audit_archive import Scope, audit_archive
from vendctl.progress import Progress
from vending import wiring
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Compacted
from vending.ports import PartitionEnd

POLL = 0.5


async def audit(
    environment: Mapping[str, str], scope: Scope, patience: float, offline: bool, progress: Progress
) -> Report:
    """Ask the hub, wait until the archive has had a chance to hold that, and audit."""
    ends = None if offline else await wiring.hub().ends()
    if ends is not None and scope.end is None:
        await _archived(environment, ends, patience)
    generation = wiring.settings().hub_generation
    count = itertools.count(1)

    def audited(hour: datetime, events: int) -> None:
        progress.stage("hours audited", next(count), note=f"{hour:%Y-%m-%dT%H}h, {events:,} events")

    return await audit_archive(wiring.archive_blobs(), generation, ends, scope, audited)


async def _archived(environment: Mapping[str, str], ends: list[PartitionEnd], patience: float) -> None:
    """Until the archive's checkpoints reach what the hub had given out, but no longer than ``patience``."""
    deadline = asyncio.get_running_loop().time() + patience
    while asyncio.get_running_loop().time() < deadline:
        marks = (await checkpoints(environment))["archive"]
        if all(marks.get(end.partition, -1) >= end.last for end in ends):
            return
        await asyncio.sleep(POLL)


def explain(report: Report) -> str:
    """The report for people."""
    verdict = "complete" if report.complete else "NOT COMPLETE"
    hours = f"{report.hours} hours, {report.compacted_hours} of them compacted"
    lines = [f"{verdict}: {report.events:,} events in {hours}"]
    for key, held in sorted(report.partitions.items()):
        span = f"{held.held[0][0]}-{held.held[-1][1]}" if held.held else "nothing"
        lines.append(f"  {key}: {span} ({held.count:,} events)")
    if report.devices.missing:
        lines.append(
            f"  {report.devices.devices} devices skipped {report.devices.missing} of their own numbers: lost "
            "before the hub, or still to come"
        )
        lines += [
            f"    {device} epoch {epoch}: {first}-{last}"
            for device, epoch, first, last in report.devices.examples
        ]
    if report.orphans:
        lines.append(f"  {len(report.orphans)} Parquet files that no manifest names; compaction deletes them")
    return "\n".join([*lines, *map(str, report.findings)])


async def compact(again: bool, say: Callable[[str], None]) -> list[Compacted]:
    """What the timer does, until nothing is left to do; each round is told. ``again``: hours however old."""
    rounds = [Compacted(more=True)]
    while rounds[-1].more:
        done = await compact_archive(wiring.compaction(), datetime.now(UTC), again=again and len(rounds) == 1)
        rounds.append(done)
        files, manifests = len(done.tables), len(done.manifests)
        say(f"compacted {done.events:,} events into {files} files, {manifests} manifests")
    return rounds[1:]


def left(done: Compacted) -> list[str]:
    """What the last round could not compact, in words."""
    damaged = [f"not compacted: {damage}" for damage in done.damaged]
    return damaged + [f"{hour:%Y-%m-%dT%H}h is being written to: run again" for hour in done.contended]


async def fetch(folder: Path, hours: Hours, raw: bool, progress: Progress) -> Got:
    """Its blobs as files in a folder. Raises OSError, and Conflict (run again)."""
    count = itertools.count(1)

    def fetched(name: str) -> None:
        progress.stage("files fetched", next(count), note=name)

    return await get(wiring.archive_blobs(), folder, hours, raw, fetched)
