"""``vendctl deadletters list | show | replay | discard``."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from devstack.commandline import Answer, NotDone, teller
from vendctl.commands.program import PROGRAM, Environment, deployment

DEADLETTERS = PROGRAM.group(
    "deadletters",
    "List, show, replay and discard events that were refused. A PLACE is generation/partition@number, as "
    "list shows it.",
)
Places = Annotated[list[str], typer.Argument(metavar="PLACE...", help="As list shows them.")]
Machine = Annotated[str | None, typer.Option(metavar="MACHINE", help="Only those about this machine.")]
Device = Annotated[str | None, typer.Option(metavar="DEVICE", help="Only those that name this device.")]


@PROGRAM.command("list", DEADLETTERS)
@deployment("DATA", "COSMOS")
async def listed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    reason: Annotated[str | None, typer.Option(metavar="REASON", help="Only this reason.")] = None,
    machine: Machine = None,
    device: Device = None,
    settled: Annotated[
        bool, typer.Option("--settled", help="Also what is applied, refused again, discarded.")
    ] = False,
) -> Answer:
    """List what was refused and is not settled yet."""
    from vendctl import deadletters
    from vending import wiring

    wanted = deadletters.Wanted(reason, machine, device)
    found = await deadletters.listed(wiring.deadletters(), wanted, settled)
    count = f"{len(found)} dead letters{'' if settled else ' to settle'}"
    data = [deadletters.details(letter, state) for letter, state in found]
    return Answer(data, "\n".join([*(deadletters.row(letter, state) for letter, state in found), count]))


@PROGRAM.command("show", DEADLETTERS)
@deployment("DATA", "COSMOS")
async def shown(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="As list shows it.")],
    body: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the body's bytes to a file, to be corrected; large ones come from the archive.",
        ),
    ] = None,
) -> Answer:
    """Show one dead letter whole, and what became of it."""
    import json

    from vendctl import deadletters
    from vending import wiring

    with meant():
        letter, found = await deadletters.shown(wiring.deadletters(), place)
        if body:
            body.write_bytes(await deadletters.body_of(letter))
    return Answer(found, json.dumps(found, indent=2))


@PROGRAM.command("replay", DEADLETTERS)
@deployment("DATA", "EVENTHUB", "COSMOS")
async def replayed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[PLACE...]", help="As list shows them.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="REASON", help="All open ones of this reason.")
    ] = None,
    machine: Machine = None,
    device: Device = None,
    body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A corrected body, for one PLACE.")
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Seconds to wait for ingest, at most.")
    ] = 60,
    as_json: bool = False,
) -> Answer:
    """Send events again, and wait until they are applied.

    Each goes as it was, or with a corrected body. What would be refused again is not sent, nor is what was
    applied or discarded; of a REASON, what was sent before is waited for. Exit code 0: all are applied. 1:
    one is refused again, or would be. 3: some are neither applied nor refused yet; list them later. 2: it
    could not be done (no such letter, a store or the hub away).
    """
    from vendctl import deadletters, sent_again
    from vending import wiring

    if bool(places) == bool(reason):
        raise NotDone("replay needs places, or --reason")
    if body and len(places or ()) != 1:
        raise NotDone("--body corrects one place")
    corrected = body.read_bytes() if body else None
    wanted, blobs = deadletters.Wanted(reason, machine, device), wiring.deadletters()
    with meant():
        letters = await deadletters.chosen(blobs, places or [], wanted)
    if not letters:
        return Answer([], f"all of {reason}{wanted} are settled already")
    desk = sent_again.Desk(blobs, wiring.hub_sender(), wiring.machines(), wiring.conditions())
    sending = sent_again.Sending(letters, datetime.now(UTC), corrected, wait, resend=bool(places))
    outcome = await sent_again.replay(desk, sending, teller(as_json=as_json))
    return Answer([one.told() for one in outcome.done], outcome.summary(), outcome.code)


@PROGRAM.command("discard", DEADLETTERS)
@deployment("DATA")
async def discarded(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    places: Places,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)] = "",
) -> Answer:
    """Mark events as of no use."""
    from vendctl import deadletters
    from vending import wiring

    blobs = wiring.deadletters()
    with meant():
        letters = await deadletters.chosen(blobs, places, deadletters.Wanted())
    done = await deadletters.discarded(blobs, letters, datetime.now(UTC), note)
    return Answer([one.told() for one in done], "\n".join(map(str, done)))


@contextmanager
def meant() -> Iterator[None]:
    """Where no dead letter is meant, or not all of it is at hand: told as it is."""
    try:
        yield
    except LookupError as fault:
        if isinstance(fault, KeyError | IndexError):  # a bug, and shown as one
            raise
        raise NotDone(str(fault)) from fault
