"""``vendctl provision | account | rebuild | smoke``: a deployment as a whole."""

from datetime import datetime
from typing import Annotated

import typer

from devstack.commandline import Answer, Exit, teller
from vendctl.commands.options import at
from vendctl.commands.program import PROGRAM, Environment, deployment


@PROGRAM.command("provision")
@deployment("COSMOS", "DATA")
async def provision(environment: Environment) -> Answer:
    """Create the database, containers and queues of the app.

    What exists is left as it is. In Azure the Bicep files create all of this; the app's own identity may not.
    Locally this command does.
    """
    from vendctl.provision import BLOB_CONTAINERS, CONTAINERS, QUEUES, provision

    await provision(environment)
    there = {"containers": list(CONTAINERS), "blobContainers": list(BLOB_CONTAINERS), "queues": list(QUEUES)}
    return Answer(there, "the database, its containers, the blob containers and the queues are there")


@PROGRAM.command("account")
@deployment("COSMOS", "DATA", "EVENTHUB", "AzureWebJobsStorage")
async def account(environment: Environment) -> Answer:
    """Say what became of every event: is anything lost?

    Every event that the hub accepted is looked for in archive, ledger, registers and dead letters. Exit code
    0: each is accounted for. 1: one is lost, or counted twice. 3: some are not accounted for yet, because
    events still come or the functions are behind; ask again. 2: nobody could look.
    """
    from vendctl.account import judge

    found = await judge(environment)
    return Answer(found.figures(), found.explain(), found.code)


@PROGRAM.command("rebuild")
@deployment("COSMOS", "DATA")
async def rebuild(
    environment: Environment,
    *,
    target: Annotated[
        str, typer.Option(metavar="DATABASE", help="A Cosmos DB database of its own, on the same account.")
    ],
    machine: Annotated[str | None, typer.Option(metavar="MACHINE", help="This machine only.")] = None,
    until: Annotated[datetime | None, at("--until", "Events enqueued before; not compared")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in a target that an earlier run filled.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Delete the target again where it is equal.")] = False,
    wait: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Seconds for which differences are looked at again, while devices send.",
        ),
    ] = 120,
) -> Answer:
    """Rebuild state from the archive, compared with the live one.

    The target, a database of its own, is created with the live one's containers, and must be empty; its dead
    letters go to the blob container rebuild-TARGET. Nothing live is written to; operators' writes are not
    compared. Devices may go on sending: what differs is looked at again, after what the archive got
    meanwhile, until it is equal or --wait seconds are over.

    Exit code 1 when anything differs that stands still; 3 when nothing does, but something changed between
    the looks, so that it could not be compared: ask again when less is sent, or for one --machine.
    """
    from vendctl import rebuild
    from vendctl.operations.rebuild import Wanted
    from vendctl.progress import Progress

    into = rebuild.Into(target, resume, wait)
    with Progress() as progress:
        done, found = await rebuild.rebuild(environment, into, Wanted(machine, until), progress)
    if drop and found is not None and found.settled:
        await rebuild.drop(environment, target)
    return Answer(rebuild.figures(done, found), rebuild.explain(done, found), rebuild.code(found))


@PROGRAM.command("smoke")
@deployment("EVENTHUB")
async def smoke(
    environment: Environment,
    *,
    url: Annotated[
        str, typer.Option(metavar="URL", help="Of the app, without a path.")
    ] = "http://localhost:7071",
    app: Annotated[
        str | None,
        typer.Option(
            metavar="RESOURCE_ID", help="Of the app (AZURE_FUNCTION_APP_ID): no master key is needed then."
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Seconds that all of it may take.")
    ] = 600,
    as_json: bool = False,
) -> Answer:
    """Say whether what was deployed is alive, by a test event.

    Every function is indexed; the stores answer; a test vend (no money, in no product's figures) of a machine
    called smoke-test reaches the API (ingest_telemetry) and the machine's day (roll_up, roll_up_shard); a
    selection is empty for a moment, so that an alert opens (watch_machines), its notification is taken
    (notify), and it closes again. The receiver of notifications gets these two, with that machine's name.

    Timers fire by their schedules: the vend is in a day ROLL_UP_SCHEDULE later at the earliest. Each run is a
    new device epoch; its events are marked as imported, so that nobody is told when the machine then falls
    silent. The hub comes from the app settings (EVENTHUB…, TELEMETRY_HUB). A host that checks keys wants one
    as FUNCTIONS_KEY among them: with --app any key that opens the functions, because Azure then lists them by
    your own identity; without it the master key, because the host lists them itself. Where people sign in,
    it takes SIGN_IN_CLIENT_ID, the id of the app's registration, and your own identity needs its role
    Fleet.Read.
    """
    from vendctl.deployed import NotAlive
    from vendctl.smoke import judge

    steps: list[str] = []
    tell = teller(as_json=as_json)

    def say(line: str) -> None:
        steps.append(line)
        tell(line)

    try:
        await judge(url, app, wait, environment, say)
    except NotAlive as fault:
        found = {"alive": False, "steps": steps, "wrong": str(fault)}
        return Answer(found, code=Exit.WRONG, wrong=f"not alive: {fault}")
    return Answer({"alive": True, "steps": steps})
