"""``vendctl archive``: audit, compact by hand, fetch into files, import Event Hubs Capture."""

import argparse
import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from vendctl.archive_get import Got, Hours, get
from vendctl.capture import DEFAULT_PATTERN, Source, import_capture
from vendctl.environment import load
from vendctl.hub import checkpoints
from vending import wiring
from vending.domain.audit import Report
from vending.errors import VendstreamError
from vending.ports import PartitionEnd
from vending.usecases.audit_archive import Scope, audit_archive
from vending.usecases.compact_archive import compact_archive
from vending.usecases.compact_hour import Compacted

POLL = 0.5


def moment(text: str) -> datetime:
    """A time in ISO 8601; UTC where it names no zone."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


async def audit(scope: Scope, patience: float, offline: bool) -> Report:
    """Ask the hub, wait until the archive has had a chance to hold that, and audit."""
    try:
        ends = None if offline else await wiring.hub().ends()
        if ends is not None and scope.end is None:
            await _archived(ends, patience)
        generation = wiring.settings().hub_generation
        return await audit_archive(wiring.archive_blobs(), generation, ends, scope, _hour)
    finally:
        await wiring.close()


async def _archived(ends: list[PartitionEnd], patience: float) -> None:
    """Until the archive's checkpoints reach what the hub had given out, but no longer than ``patience``."""
    deadline = asyncio.get_running_loop().time() + patience
    while asyncio.get_running_loop().time() < deadline:
        marks = (await checkpoints(os.environ))["archive"]
        if all(marks.get(end.partition, -1) >= end.last for end in ends):
            return
        await asyncio.sleep(POLL)


def _hour(hour: datetime, events: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{hour:%Y-%m-%d %H}h  {events:>14,} events", end="", file=sys.stderr)


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


def _audit(asked: argparse.Namespace) -> int:
    scope = Scope(asked.start, asked.end, asked.quick)
    report = asyncio.run(audit(scope, asked.wait, asked.offline))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(json.dumps(report.figures()) if asked.json else explain(report))
    return 0 if report.complete else 1


def _compact(asked: argparse.Namespace) -> int:
    async def run() -> Compacted:
        done, again = Compacted(more=True), asked.again
        try:
            while done.more:
                done = await compact_archive(wiring.compaction(), datetime.now(UTC), again=again)
                again = False
                files, manifests = len(done.tables), len(done.manifests)
                print(f"compacted {done.events:,} events into {files} files, {manifests} manifests")
        finally:
            await wiring.close()
        return done

    done = asyncio.run(run())
    for damage in done.damaged:
        print(f"not compacted: {damage}", file=sys.stderr)
    for hour in done.contended:
        print(f"{hour:%Y-%m-%dT%H}h is being written to: run again", file=sys.stderr)
    return 1 if done.damaged or done.contended else 0


def _get(asked: argparse.Namespace) -> int:
    async def run() -> Got:
        try:
            hours = Hours(asked.start, asked.end)
            return await get(wiring.archive_blobs(), asked.folder, hours, asked.raw, _file)
        finally:
            await wiring.close()

    done = asyncio.run(run())
    there = f", {done.there:,} were there already" if done.there else ""
    print(f"{done.files:,} files of {done.bytes:,} bytes in {asked.folder}{there}")
    return 0


def _file(name: str) -> None:
    if sys.stderr.isatty():
        print(name, file=sys.stderr)


def _import(asked: argparse.Namespace) -> int:
    async def run() -> tuple[int, int]:
        source = Source(asked.source, asked.pattern, asked.generation or wiring.settings().hub_generation)
        try:
            return await import_capture(source, wiring.archive_blobs())
        finally:
            await wiring.close()

    events, new = asyncio.run(run())
    print(f"read {events:,} events, {new:,} of them new to the archive")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vendctl archive", description=__doc__)
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    parts = parser.add_subparsers(dest="part", required=True)
    one = parts.add_parser("audit", help="is it complete? exit code 1 when it is not")
    one.add_argument("--from", dest="start", type=moment, help="first hour (ISO 8601, UTC)")
    one.add_argument("--to", dest="end", type=moment, help="end, exclusive; the hub is then not compared")
    one.add_argument("--quick", action="store_true", help="believe block lists; read no raw or Parquet file")
    one.add_argument("--offline", action="store_true", help="do not ask the hub for its last numbers")
    one.add_argument("--wait", type=float, default=60, help="seconds that archive_telemetry may be behind")
    one.add_argument("--json", action="store_true", help="one JSON object on the last line")
    one.set_defaults(run=_audit)
    one = parts.add_parser("compact", help="what the timer does, now")
    one.add_argument("--again", action="store_true", help="look at all hours, however old")
    one.set_defaults(run=_compact)
    one = parts.add_parser("get", help="Parquet files, or raw blobs, into a folder on this machine")
    one.add_argument("folder", type=Path)
    one.add_argument("--from", dest="start", type=moment, help="first hour (ISO 8601, UTC)")
    one.add_argument("--to", dest="end", type=moment, help="end, exclusive")
    one.add_argument("--raw", action="store_true", help="the events as they came, not the tables")
    one.set_defaults(run=_get)
    one = parts.add_parser("import", help="Avro files of Event Hubs Capture into the raw archive")
    one.add_argument("source", help="a folder, or container:NAME/PREFIX in the storage account")
    one.add_argument("--pattern", default=DEFAULT_PATTERN, help="how files are named; default %(default)s")
    one.add_argument("--generation", help="the hub's life they are from; default HUB_GENERATION")
    one.set_defaults(run=_import)
    return parser


def main(argv: list[str]) -> int:
    """The command: 0 all is well, 1 the archive is not, 2 the command could not do its work."""
    asked = _parser().parse_args(argv)
    try:
        os.environ.update(load(asked.settings, os.environ))
        code: int = asked.run(asked)
    except (VendstreamError, ValueError, OSError) as fault:
        print(f"vendctl archive {asked.part}: {fault}", file=sys.stderr)
        return 2
    return code
