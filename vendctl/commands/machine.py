"""``vendctl machine quarantine | release | forget | list``."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from devstack.commandline import Answer, Exit, NotDone
from vendctl.commands.options import at
from vendctl.commands.program import PROGRAM, Environment, deployment

if TYPE_CHECKING:
    from vendctl.machines.acts import Told

MACHINE = PROGRAM.group(
    "machine",
    "Mend a machine that shows what it never did. quarantine keeps what is sent for it from a moment on as "
    "dead letters. forget mends it: what was sent before (by one device, or from an epoch on) is as if it "
    "had never been, in all figures and in every rebuild. release lets it in again.",
)
Name = Annotated[str, typer.Argument(metavar="MACHINE", help="The machine.")]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="Only what this device sent.", show_default=False)
]
From = Annotated[
    int,
    typer.Option("--epoch-from", min=0, metavar="N", help="Only device epochs from this number on."),
]
Reason = Annotated[
    str,
    typer.Option(metavar="TEXT", help="Why, for the record and the dead letters.", show_default=False),
]


@PROGRAM.command("quarantine", MACHINE)
@deployment("COSMOS", "DATA")
async def quarantine(
    environment: Environment, *, machine: Name, device: Device = "", epoch_from: From = 0, reason: Reason = ""
) -> Answer:
    """Keep its events as dead letters, from half a minute on."""
    from vendctl.machines.acts import Asked, shut_out
    from vendctl.operations.exclude import Who

    named(machine, device)
    who = Who(environment.get("USER", ""), reason)
    return await answered("quarantine", shut_out(Asked(machine, device, epoch_from), who))


@PROGRAM.command("release", MACHINE)
@deployment("COSMOS", "DATA")
async def release(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    machine: Name,
    device: Device = "",
) -> Answer:
    """Let it in again, from half a minute on.

    What waits as dead letters is counted, and the command that sends it again is told. Exit code 3 where it
    is not in quarantine.
    """
    from vendctl.machines.acts import Asked, let_in

    named(machine, device)
    return await answered("release", let_in(Asked(machine, device)))


@PROGRAM.command("forget", MACHINE)
@deployment("COSMOS", "DATA", "EVENTHUB", "AzureWebJobsStorage")
async def forget(
    environment: Environment,
    *,
    machine: Annotated[str | None, typer.Argument(metavar="[MACHINE]", help="The machine.")] = None,
    device: Device = "",
    epoch_from: From = 0,
    reason: Reason = "",
    unassigned: Annotated[
        bool, typer.Option("--unassigned", help="All machines that the catalog does not place.")
    ] = False,
    before: Annotated[datetime | None, at("--before", "With --unassigned: not heard of since")] = None,
    with_sales: Annotated[
        bool, typer.Option("--with-sales", help="With --unassigned: also those that sold something.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, change nothing.")
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Seconds to wait for the quarantine and for the functions."
        ),
    ] = 120,
) -> Answer:
    """Make what it sent before as if it had never been sent.

    The machine must be in quarantine, and both functions past its beginning; unassigned machines are put in
    quarantine by this command. Exit code 3: not yet; the message says what comes first.
    """
    from vendctl.machines.acts import Asked, Patience, forget_many, forget_one
    from vendctl.operations.exclude import Who
    from vendctl.progress import Progress

    who = Who(environment.get("USER", ""), reason)
    if unassigned == bool(machine):
        raise NotDone("name a machine, or say --unassigned --before TIME")
    with Progress() as progress:
        patience = Patience(environment, wait, progress)
        if machine:
            named(machine, device)
            work = forget_one(Asked(machine, device, epoch_from), who, patience, dry_run)
        elif before is None or device or epoch_from:
            raise NotDone("--unassigned needs --before TIME, and takes no --device and no --epoch-from")
        else:
            work = forget_many(before, who, patience, with_sales, dry_run)
        return await answered("forget", work)


@PROGRAM.command("list", MACHINE)
@deployment("COSMOS")
async def listed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what was ended and finished.")] = False,
) -> Answer:
    """List what is in quarantine, or not wholly forgotten yet."""
    from vendctl.machines.acts import listed

    return Answer(*await listed(every))


def named(*names: str) -> None:
    """Refuses what can be no machine's or device's name."""
    from vendctl.device import NAME

    if wrong := [name for name in names if name and not NAME.fullmatch(name)]:
        raise NotDone(f"{wrong[0]!r} is no name of a machine or device")


async def answered(word: str, work: "Awaitable[Told]") -> Answer:
    """What was done; NOT_YET where something else comes first, which is told."""
    from vendctl.operations.exclude import NotYet
    from vendctl.operations.forget_machine import ArchiveLacks

    try:
        return Answer(*await work)
    except ArchiveLacks as fault:
        raise NotDone(str(fault)) from fault
    except NotYet as fault:
        line = f"vendctl machine {word}: {fault}"
        return Answer({"error": line, "exitCode": int(Exit.NOT_YET)}, code=Exit.NOT_YET, wrong=line)
