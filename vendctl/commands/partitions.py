"""``vendctl partitions`` and ``vendctl partitions clear N``."""

from datetime import timedelta
from typing import Annotated, Literal

import typer

from devstack.commandline import Answer, Exit, teller
from vendctl.commands.program import PROGRAM, Environment, deployment
from vendctl.partitions import AHEAD_EVENTS, AHEAD_MEGABYTES, GROUP

PARTITIONS = PROGRAM.group("partitions", "Which hub partitions stand still.")
ReadWith = Annotated[str, typer.Option(metavar="GROUP", help="A consumer group that no function reads with.")]


@PROGRAM.default(PARTITIONS)
@deployment("EVENTHUB", "AzureWebJobsStorage")
async def listed(
    environment: Environment,
    *,
    after: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Seconds that a checkpoint may stand before waiting events."
        ),
    ] = 120,
    read_with: ReadWith = GROUP,
) -> Answer:
    """Say which hub partitions stand still, and before what.

    `clear N` is the way past it. A message whose AMQP body is no data fails before any function is called,
    and the retry policy repeats its batch for ever. Exit code 0 when everything moves, 1 when something
    stands, 2 when it could not look.
    """
    from vendctl.partitions.command import host_blobs, listed
    from vendctl.partitions.reading import HubReader

    async with host_blobs(environment) as host:
        return await listed(HubReader.of(environment, read_with), host, timedelta(seconds=after))


@PROGRAM.command("clear", PARTITIONS)
@deployment("EVENTHUB", "AzureWebJobsStorage", "COSMOS", "DATA")
async def cleared(
    environment: Environment,
    *,
    partition: Annotated[str, typer.Argument(metavar="N", help="The partition.")],
    group: Annotated[
        Literal["ingest", "archive", "both"], typer.Option(help="The functions whose place is moved.")
    ] = "both",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done; exit code 1 for something.")
    ] = False,
    events: Annotated[
        int, typer.Option(min=1, metavar="EVENTS", help="Look so many events ahead.")
    ] = AHEAD_EVENTS,
    megabytes: Annotated[
        int, typer.Option(min=1, metavar="MB", help="Look so many megabytes ahead.")
    ] = AHEAD_MEGABYTES,
    read_with: ReadWith = GROUP,
    as_json: bool = False,
) -> Answer:
    """Get past messages that no function can be given.

    What stands before a partition's last bad message is brought in, and the checkpoints are moved. Exit code
    0: done, or nothing to do. 1: something is left to do. 2: it could not be done, and can be run again.
    """
    from vendctl.partitions.clearing import Bounds
    from vendctl.partitions.command import Clearing, Output, cleared, host_blobs
    from vendctl.partitions.reading import HubReader
    from vendctl.progress import Progress

    asked = Clearing(partition, group, dry_run, Bounds(events, megabytes))
    async with host_blobs(environment) as host:
        hub = HubReader.of(environment, read_with)
        with Progress() as progress:
            done = await cleared(hub, host, asked, Output(teller(as_json=as_json), progress))
    left = any(one.state == "left" for one in done)
    return Answer([one.told() for one in done], code=Exit.WRONG if left else Exit.DONE)
