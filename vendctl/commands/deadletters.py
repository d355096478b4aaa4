"""``vendctl deadletters list | show | replay | discard``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devstack.commandline import Answer, Exit, NotDone
from vendctl.commands.program import PROGRAM, Environment, deployment

if TYPE_CHECKING:
    from vendctl.deadletters import Done

DEADLETTERS = PROGRAM.group(
    "deadletters",
    "List, show, replay and discard events that were refused. A PLACE is generation/partition@number, as "
    "list shows it.",
)
Reason = Annotated[str | None, typer.Option(metavar="REASON", help="Only this reason.")]
Places = Annotated[list[str], typer.Argument(metavar="PLACE...", help="As list shows them.")]


@PROGRAM.command("list", DEADLETTERS)
@deployment("DATA")
async def listed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    reason: Reason = None,
    settled: Annotated[bool, typer.Option("--settled", help="Also what was replayed or discarded.")] = False,
) -> Answer:
    """List what was refused and is not settled yet."""
    from vendctl import deadletters
    from vending import wiring

    found = await deadletters.listed(wiring.deadletters(), reason, settled)
    count = f"{len(found)} dead letters{'' if settled else ' to settle'}"
    data = [deadletters.details(letter, None) for letter in found]
    return Answer(data, "\n".join([*map(deadletters.row, found), count]))


@PROGRAM.command("show", DEADLETTERS)
@deployment("DATA")
async def shown(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="As list shows it.")],
    body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the body's bytes to a file, to be corrected.")
    ] = None,
) -> Answer:
    """Show one dead letter whole."""
    import json

    from vendctl import deadletters
    from vending import wiring

    try:
        letter, found = await deadletters.shown(wiring.deadletters(), place)
    except LookupError as fault:
        raise NotDone(str(fault.args[0])) from fault
    if body:
        body.write_bytes(letter.hub.body)
    return Answer(found, json.dumps(found, indent=2))


@PROGRAM.command("replay", DEADLETTERS)
@deployment("DATA", "EVENTHUB")
async def replayed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[PLACE...]", help="As list shows them.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="REASON", help="All open ones of this reason.")
    ] = None,
    body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A corrected body, for one PLACE.")
    ] = None,
) -> Answer:
    """Send events again, as they were or with a corrected body, and mark them.

    One that is marked is not sent a second time. Exit code 1 when one of them would be refused again.
    """
    from vendctl import deadletters
    from vending import wiring

    if bool(places) == bool(reason):
        raise NotDone("replay needs places, or --reason")
    if body and len(places or ()) != 1:
        raise NotDone("--body corrects one place")
    corrected = body.read_bytes() if body else None
    blobs = wiring.deadletters()
    try:
        letters = await deadletters.chosen(blobs, places or [], reason)
    except LookupError as fault:
        raise NotDone(str(fault.args[0])) from fault
    if not letters:
        return Answer([], f"all of {reason} are settled already")
    done = await deadletters.replayed(blobs, wiring.hub_sender(), letters, datetime.now(UTC), corrected)
    return told(done)


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
    try:
        letters = await deadletters.chosen(blobs, places, None)
    except LookupError as fault:
        raise NotDone(str(fault.args[0])) from fault
    return told(await deadletters.discarded(blobs, letters, datetime.now(UTC), note))


def told(done: "list[Done]") -> Answer:
    """What became of each; WRONG where one would be refused again."""
    data = [{"place": one.place, "outcome": one.outcome, "detail": one.detail} for one in done]
    refused = [one for one in done if one.outcome == "refused"]
    text = "\n".join(str(one) for one in done if one.outcome != "refused")
    return Answer(data, text, Exit.WRONG if refused else Exit.DONE, "\n".join(map(str, refused)))
