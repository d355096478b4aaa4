"""``vendctl archive audit | compact | get | import``."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from devstack.commandline import Answer, Exit, teller
from vendctl.commands.options import at
from vendctl.commands.program import PROGRAM, Environment, deployment

ARCHIVE = PROGRAM.group("archive", "Audit, compact or fetch the archive; import into it.")


@PROGRAM.command("audit", ARCHIVE)
@deployment("DATA", "EVENTHUB", "AzureWebJobsStorage")
async def audit(
    environment: Environment,
    *,
    start: Annotated[datetime | None, at("--from", "First hour")] = None,
    end: Annotated[datetime | None, at("--to", "End, exclusive; the hub is then not compared")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Believe block lists; read no raw or Parquet file.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask the hub for its last numbers.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Seconds that archive_telemetry may be behind.")
    ] = 60,
) -> Answer:
    """Say whether the archive is complete; exit code 1 when it is not."""
    from vendctl.archive import audit, explain
    from vendctl.operations.audit_archive import Scope
    from vendctl.progress import Progress

    with Progress() as progress:
        report = await audit(environment, Scope(start, end, quick), wait, offline, progress)
    return Answer(report.figures(), explain(report), Exit.DONE if report.complete else Exit.WRONG)


@PROGRAM.command("compact", ARCHIVE)
@deployment("DATA", "EVENTHUB")
async def compact(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    again: Annotated[bool, typer.Option("--again", help="Look at all hours, however old.")] = False,
    as_json: bool = False,
) -> Answer:
    """Do what the timer does, now: closed hours become Parquet."""
    from vendctl.archive import compact, left

    rounds = await compact(again, teller(as_json=as_json))
    wrong = left(rounds[-1])
    figures = {
        "events": sum(one.events for one in rounds),
        "files": sum(len(one.tables) for one in rounds),
        "manifests": sum(len(one.manifests) for one in rounds),
        "left": wrong,
    }
    return Answer(figures, code=Exit.WRONG if wrong else Exit.DONE, wrong="\n".join(wrong))


@PROGRAM.command("get", ARCHIVE)
@deployment("DATA")
async def fetched(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="On this machine; made where it is not.")],
    start: Annotated[datetime | None, at("--from", "First hour")] = None,
    end: Annotated[datetime | None, at("--to", "End, exclusive")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The events as they came, not the tables.")] = False,
) -> Answer:
    """Fetch Parquet files, or raw blobs, into a folder.

    The paths are those of the container, for pyarrow, DuckDB, zcat. Of Parquet, the files that manifests
    name, and no others. A file is whole or not there; one that is there already is not fetched again.
    """
    from vendctl.archive import fetch
    from vendctl.archive_get import Hours
    from vendctl.progress import Progress

    with Progress() as progress:
        done = await fetch(folder, Hours(start, end), raw, progress)
    there = f", {done.there:,} were there already" if done.there else ""
    text = f"{done.files:,} files of {done.bytes:,} bytes in {folder}{there}"
    data = {"folder": str(folder), "files": done.files, "bytes": done.bytes, "there": done.there}
    return Answer(data, text)


@PROGRAM.command("import", ARCHIVE)
@deployment("DATA")
async def capture(
    environment: Environment,
    *,
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A folder, or container:NAME/PREFIX in the storage account."),
    ],
    pattern: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="How files are named.", show_default="Capture's own default"),
    ] = None,
    generation: Annotated[
        str | None,
        typer.Option(metavar="LIFE", help="The hub's life they are from.", show_default="HUB_GENERATION"),
    ] = None,
) -> Answer:
    """Bring Avro files of Event Hubs Capture into the raw archive."""
    from vendctl.capture import DEFAULT_PATTERN, Source, import_capture
    from vendctl.progress import Progress
    from vending import wiring

    life = generation or wiring.settings().hub_generation
    found = Source(source, pattern or DEFAULT_PATTERN, life, environment)
    with Progress() as progress:
        events, new = await import_capture(found, wiring.archive_blobs(), progress)
    text = f"read {events:,} events, {new:,} of them new to the archive"
    return Answer({"events": events, "new": new}, text)
