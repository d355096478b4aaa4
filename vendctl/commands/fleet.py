"""``vendctl catalog | picklist | device``: the operator's own data, and the boards."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from devstack.commandline import Answer, NotDone
from vendctl.commands.program import PROGRAM, Environment, deployment

CATALOG = PROGRAM.group("catalog", "The operator's own data.")


@PROGRAM.command("import", CATALOG)
@deployment("COSMOS")
async def catalog_import(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML, JSON or CSV.")],
    take_over: Annotated[bool, typer.Option("--take-over", help="Finish for an import that died.")] = False,
) -> Answer:
    """Import sites, machines, products, planograms, recipients of mails and policies.

    TOML and JSON hold `sites`, `machines`, `products`, `planograms` (docs/rollups.md has every field),
    `recipients` and `policies` (docs/alerts.md); JSON is also what `simulator fleet` prints. A CSV file
    (comma, semicolon, tab or |) holds rows of one kind, told by its columns: `timeZone` for sites; `machine`,
    `selection` and `sku` for planograms; `sku` for products; `site` for machines; `address` for recipients.
    """
    from vendctl.catalog import explain, figures, run
    from vendctl.catalog_file import read_file
    from vending.errors import Rejected

    try:
        done = await run(read_file(file), take_over)
    except Rejected as fault:
        raise NotDone(str(fault)) from fault
    return Answer(figures(done), explain(done))


@PROGRAM.command("policy", CATALOG)
@deployment("COSMOS")
async def catalog_policy(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="The machine.")],
) -> Answer:
    """Show what alert rules compare with for a machine, and which policy says so.

    Each threshold of each rule with its value and where that comes from (machine, site, fleet or the rule's
    own default), which rules are switched off, and the maintenance windows that are not over.
    """
    from vendctl.policy import explain, figures, run

    shown = await run(machine)
    return Answer(figures(shown), explain(shown))


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
    csv: Annotated[
        bool, typer.Option("--csv", help="A line for each slot to fill, for a spreadsheet.")
    ] = False,
    as_json: bool = False,
) -> Answer:
    """List what to take along to a route's machines."""
    from vendctl.picklist import as_csv, explain, figures, run

    if csv and as_json:
        raise NotDone("--csv or --json, not both")
    found = await run(route, in_days, window)
    return Answer(figures(found), as_csv(found) if csv else explain(found))


def of_device(options: Mapping[str, Any]) -> str:
    """What `vendctl device` signs or revokes with."""
    return "EVENTHUB" if options["revoke"] else "DEVICES"


@PROGRAM.command("device")
@deployment("COSMOS", also=of_device)
async def device(
    environment: Environment,
    *,
    name: Annotated[
        str,
        typer.Argument(metavar="DEVICE", help="The board's name: in events, source is /devices/DEVICE."),
    ],
    machine: Annotated[
        str | None,
        typer.Option(
            metavar="MACHINE", help="The machine that it is built into; revoking: without, all of them."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, metavar="DAYS", help="Days that the token holds.")] = 30,
    renew: Annotated[bool, typer.Option("--renew", help="A new token for the epoch that it has.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Refuse what it sends from now on.")] = False,
) -> Answer:
    """Issue what a board needs to send; renew or revoke it.

    It is a publisher token and its epoch, and a secret. The token opens one publisher of the hub for sending
    and nothing else. The publisher's name says device, machine and epoch, the hub stamps every event with it,
    and ingest refuses what it does not cover. The token is signed here, with the key of the hub's policy
    `devices` from the setting DEVICES (a connection string).

    Without an option the machine's next epoch is issued, for a new board or one that lost its storage.
    --renew gives the same board a token that holds longer; --revoke shuts it out, by the connection EVENTHUB.
    """
    import json

    from vendctl.device import NAME, issued, revoked

    if renew and revoke:
        raise NotDone("--renew or --revoke, not both")
    if not all(NAME.fullmatch(one) for one in (name, machine) if one is not None):
        raise NotDone("names are up to 64 of A-Z a-z 0-9 . _ -, a letter or digit first")
    if revoke:
        found = await revoked(environment, name, machine)
    elif machine is None:
        raise NotDone("--machine says which machine it is built into; only --revoke does without")
    else:
        found = await issued(environment, name, machine, days, renewing=renew)
    return Answer(found, json.dumps(found, indent=2))
