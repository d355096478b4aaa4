"""``vendctl catalog | picklist | device``: the operator's own data, and the boards."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from devstack.commandline import Answer, NotDone
from vendctl.commands.program import PROGRAM, Environment, deployment

CATALOG = PROGRAM.group("catalog", "Import sites, machines, products and planograms.")
Name = Annotated[str, typer.Option(metavar="MACHINE", help="The machine that it is built into.")]


@PROGRAM.command("import", CATALOG)
@deployment("COSMOS")
async def catalog_import(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML, JSON or CSV.")],
    take_over: Annotated[bool, typer.Option("--take-over", help="Finish for an import that died.")] = False,
) -> Answer:
    """Import sites, machines, products and planograms.

    TOML and JSON hold `sites`, `machines`, `products`, `planograms` (docs/rollups.md has every field); JSON
    is also what `simulator fleet` prints. A CSV file (comma, semicolon, tab or |) holds rows of one kind,
    told by its columns: `timeZone` for sites; `machine`, `selection` and `sku` for planograms; `sku` for
    products; `site` for machines.
    """
    from vendctl.catalog import explain, figures, run
    from vendctl.catalog_file import read_file
    from vending.errors import Rejected

    try:
        done = await run(read_file(file), take_over)
    except Rejected as fault:
        raise NotDone(str(fault)) from fault
    return Answer(figures(done), explain(done))


@PROGRAM.command("picklist")
@deployment("COSMOS")
async def picklist(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="As the catalog's sites name it.")],
    in_days: Annotated[float, typer.Option(min=0, metavar="DAYS", help="Days until the visit.")] = 1.0,
    window: Annotated[
        int, typer.Option(min=1, metavar="DAYS", help="Days whose sales are expected again.")
    ] = 14,
) -> Answer:
    """List what to take along to a route's machines."""
    from vendctl.picklist import explain, figures, run

    found = await run(route, in_days, window)
    return Answer(figures(found), explain(found))


@PROGRAM.command("device")
@deployment("COSMOS", "DEVICES")
async def device(
    environment: Environment,
    *,
    name: Annotated[
        str,
        typer.Argument(metavar="DEVICE", help="The board's name: in events, source is /devices/DEVICE."),
    ],
    machine: Name,
    days: Annotated[int, typer.Option(min=1, metavar="DAYS", help="Days that the token holds.")] = 365,
) -> Answer:
    """Issue the token and the epoch of a new or replaced board.

    They are what it needs to send, and a secret. The token opens {hub}/publishers/DEVICE for sending and
    nothing else, and the hub stamps every event with that name. It is signed here, with the key of the hub's
    policy `devices` from the setting DEVICES (a connection string). The epoch is the one after the highest
    that the machine's events ever had.
    """
    import json

    from vendctl.device import NAME, issue

    if not all(NAME.fullmatch(one) for one in (name, machine)):
        raise NotDone("names are up to 64 of A-Z a-z 0-9 . _ -, a letter or digit first")
    found = await issue(environment, name, machine, datetime.now(UTC) + timedelta(days=days))
    return Answer(found, json.dumps(found, indent=2))
