"""``vendctl run | replay | picture``: the system on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from devstack.commandline import Answer
from vendctl.commands.options import Machines
from vendctl.commands.program import PROGRAM

SAMPLE = Path("examples/sales.csv")


@PROGRAM.command("run")
def run(
    *,
    machines: Machines = 60,
    seed: Annotated[int, typer.Option(metavar="N", help="The same number is the same fleet.")] = 1,
    duration: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="SECONDS", help="Seconds from the first event that is sent; else until Ctrl-C."
        ),
    ] = None,
    history: Annotated[
        float, typer.Option(min=0, metavar="DAYS", help="Days to begin with, for a new fleet; 0 for none.")
    ] = 2,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Not the usual ports: several runs at once.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Take a picture of the dashboard at the end.")
    ] = None,
    data: Annotated[Path, typer.Option(metavar="DIR", help="A folder, kept between runs.")] = Path(
        ".data/run"
    ),
) -> Answer:
    """Run the whole system on this machine, with a simulated fleet.

    The local stack, the app on it, its dashboard, and devices that send, until Ctrl-C or --duration. At the
    end traffic stops, the app finishes, and the account says what became of every event.
    """
    from vendctl.local.run import Wanted, run
    from vendctl.local.screen import Screen
    from vendctl.progress import Progress

    wanted = Wanted(machines, seed, duration, history, data, free_ports, picture)
    with Progress() as progress:
        return run(wanted, Screen(progress))


@PROGRAM.command("replay")
def replay(
    *,
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="The sales file.")] = SAMPLE,
    mapping: Annotated[
        Path | None,
        typer.Option("--map", metavar="TOML", help="Which column means what (docs/replay.md)."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Audit the archive too, and rebuild everything from it.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A folder, kept between runs.",
            show_default=".data/replay-… of the file's own",
        ),
    ] = None,
) -> Answer:
    """Put a sales file through the whole system, reconciled.

    On this machine: rows become device events, go to Event Hubs, through the functions into ledger, rollups
    and archive; then every sum of the file is compared with what is stored. The data stay: a second run sends
    the same events again, and nothing changes.
    """
    from vendctl.replay.command import run

    return run(csv, mapping, data, verify)


@PROGRAM.command("picture")
def picture(
    *,
    file: Annotated[Path, typer.Argument(metavar="PNG", help="The picture to write.")],
    url: Annotated[
        str, typer.Option(metavar="URL", help="Of the running dashboard.")
    ] = "http://localhost:7071/dashboard",
    dark: Annotated[bool, typer.Option("--dark", help="In the dark colours.")] = False,
) -> Answer:
    """Take a picture of the running dashboard, for the README.

    It is taken when the page shows sales of today.
    """
    from vendctl.picture import write

    said = write(file, url, dark=dark)
    return Answer({"file": str(file), "bytes": file.stat().st_size}, said)
