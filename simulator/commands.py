"""What can be said to ``simulator``: the words, and nothing that is slow to import."""

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from simulator.commandline import Answer, Program, version, with_options
from simulator.faults import KNOWN, NAMED
from simulator.link import FAULTS
from simulator.options import DRY_START, faults_of, moment

ABOUT = """A simulated vending fleet, to try a fleet backend with."""
PROGRAM = Program(
    "simulator", ABOUT, lambda: version("vendstream", Path(__file__).parents[1] / "pyproject.toml")
)
Connection = Annotated[str | None, typer.Option(metavar="STRING", help="Event Hubs connection string.")]
HubName = Annotated[str, typer.Option(metavar="NAME", help="Name of the event hub.")]
Machines = Annotated[int, typer.Option(min=1, metavar="N", help="How many machines the fleet has.")]
Seed = Annotated[int, typer.Option(metavar="N", help="The same number is the same fleet.")]
Prefix = Annotated[
    str,
    typer.Option(metavar="TEXT", help="Begins every id: several fleets on one backend.", show_default=False),
]
Dates = Annotated[Literal["now", "model"], typer.Option(help="Which time events carry.")]
Truth = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where the truth is written at the end (JSON).")
]
Progress = Annotated[bool, typer.Option("--json-progress", help="A JSON line a second on stdout.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Print deliveries as JSON lines, send nothing.")]
Chosen = Annotated[
    str,
    typer.Option(
        metavar="LIST",
        help="all, none, or some of them by commas: "
        + "; ".join(f"{name}: {text}" for name, text in FAULTS.items())
        + ". Not in all of them, only when named: "
        + "; ".join(f"{name}: {text}" for name, text in NAMED.items())
        + ".",
    ),
]


def quiet() -> None:
    """Warnings of our own on stderr; the SDKs' retries are told by the sender."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("azure").setLevel(logging.CRITICAL)


def leaving_out(work: Callable[..., Answer | None]) -> Callable[..., Answer | None]:
    """The function with an option for each fault that is to be left out, as ``left_out``."""

    @functools.wraps(work)
    def called(**options: Any) -> Answer | None:
        left_out = [name for name in KNOWN if options.pop(_no(name))]
        return work(**options, left_out=left_out)

    added = {
        _no(name): (Annotated[bool, typer.Option(f"--no-{name}", help=f"Leave out {name}.")], False)
        for name in KNOWN
    }
    return with_options(called, work, added, hidden={"left_out"})


def _no(fault: str) -> str:
    return f"no_{fault.replace('-', '_')}"


@PROGRAM.command("run")
@leaving_out
def run(
    *,
    connection: Connection = None,
    hub: HubName = "telemetry",
    machines: Machines = 50,
    seed: Seed = 1,
    prefix: Prefix = "",
    duration: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Seconds; else until Ctrl-C or SIGTERM.")
    ] = None,
    speed: Annotated[float, typer.Option(metavar="X", help="Model seconds per second.")] = 40,
    dates: Dates = "now",
    history: Annotated[float, typer.Option(metavar="DAYS", help="Days to begin with.")] = 0,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"Model time of the start; dry runs: {DRY_START}.")
    ] = None,
    commands: Annotated[
        str, typer.Option(metavar="URL", help="An application whose commands the devices fetch and obey.")
    ] = "",
    truth: Truth = None,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder from which the next run goes on.")
    ] = None,
    json_progress: Progress = False,
    dry_run: Dry = False,
    hours: Annotated[float, typer.Option(metavar="HOURS", help="Model hours of a dry run.")] = 24,
    faults: Chosen = "all",
    left_out: list[str],
) -> Answer | None:
    """Run a believable fleet, in real time or faster.

    --speed 40 lets the model live 40 times as fast, and dates its events now: a day of the fleet passes in 36
    minutes, and 50 machines send about ten events a second. With --dates model events carry the model's time
    instead: such a run starts in the past (--start, or as far back as the duration and the speed need, or a
    day) and ends at now, where it goes on in real time. --speed 1 is real time.

    --history 3 begins three days ago and goes through them as fast as the hub takes events; from then on the
    run is one of --dates now. A fleet whose state was kept has its history already.

    --commands asks that address, with tokens signed by the connection string's key, as often as the answers
    say: locked selections deny vends, price lists are charged, devices boot and read their audits.
    """
    from simulator.demand import HOUR
    from simulator.fleet import Fleet
    from simulator.run import Hub, print_deliveries
    from simulator.timeline import Timeline

    quiet()
    chosen, fleet = faults_of(faults, left_out), Fleet(seed, machines, prefix)
    begin = None if start is None else moment(start)
    if dry_run:
        first = moment(DRY_START) if begin is None else begin
        print_deliveries(Timeline(fleet, chosen, first), first + int(hours * HOUR))
        return None
    from simulator.live import Files, Live, Pace
    from simulator.report import Report

    to, pace = Hub(connection, hub, commands), Pace(speed, dates, begin, duration, history=history)
    live = Live(fleet, chosen, pace, to, Files(state, truth))
    return live.run(Report(lines=json_progress))


@PROGRAM.command("scenario")
def scenario(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A TOML file, or the name of a built-in scenario.")
    ],
    connection: Connection = None,
    hub: HubName = "telemetry",
    prefix: Prefix = "",
    machines: Annotated[int | None, typer.Option(min=1, metavar="N", help="Instead of the file's.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Instead of the file's.")] = None,
    hours: Annotated[
        float | None, typer.Option(metavar="HOURS", help="Model hours, instead of the file's.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(metavar="X", help="Model seconds per second, instead of the file's.")
    ] = None,
    dates: Dates = "model",
    truth: Truth = None,
    json_progress: Progress = False,
    dry_run: Dry = False,
) -> Answer | None:
    """Run a fleet, and what befalls it, from a TOML file.

    Model time starts as the file says, so that the bodies depend on the file and the seed alone (--dates now
    dates events now instead).
    """
    from simulator.report import Report
    from simulator.run import Hub
    from simulator.scenario import Instead, Played

    quiet()
    played = Played(file, Instead(machines, seed, hours, speed), prefix)
    if dry_run:
        played.dry()
        return None
    return played.run(Hub(connection, hub), dates, truth, Report(lines=json_progress))


@PROGRAM.command("load")
def load(
    *,
    connection: Annotated[str, typer.Option(metavar="STRING", help="Event Hubs connection string.")],
    hub: HubName = "telemetry",
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Begins every id: several fleets on one backend.")
    ] = "load-",
    devices: Annotated[int, typer.Option(min=1, metavar="N", help="How many devices.")] = 5_000,
    seconds: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Seconds that it lasts.")] = 30,
    rate: Annotated[
        float, typer.Option(min=0, metavar="EVENTS", help="Events a second; 0 for as fast as possible.")
    ] = 0,
    batch: Annotated[
        int, typer.Option(min=1, metavar="EVENTS", help="Events that a device sends at a time.")
    ] = 20,
    connections: Annotated[int, typer.Option(min=1, metavar="N", help="How many connections.")] = 2,
    seed: Seed = 1,
    epoch: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of the devices.", show_default="the time in seconds"),
    ] = None,
    truth: Truth = None,
) -> Answer:
    """Send for very many devices, at a rate or as fast as possible.

    A device sends --batch events at a time, as a gateway does that wakes up now and then (one batch is one
    request: with 1, a connection sends about a thousand events a second). Rate and latency are those of
    acknowledged sends. Each load is an epoch of its own, so that no load repeats another one's events.
    """
    from simulator.fleet import Fleet
    from simulator.load import Wanted, load

    quiet()
    wanted = Wanted(Fleet(seed, devices, prefix), seconds, rate, batch, connections, epoch)
    return load(wanted, connection, hub, truth)


@PROGRAM.command("verify")
def verify(
    *,
    truth: Annotated[Path, typer.Option(metavar="FILE", help="What run or scenario wrote.")],
    cosmos: Annotated[str, typer.Option(metavar="STRING", help="Cosmos DB connection string.")],
    storage: Annotated[str, typer.Option(metavar="STRING", help="Storage connection string.")],
    database: Annotated[str, typer.Option(metavar="NAME", help="The database.")] = "vendstream",
    deadletters: Annotated[
        str, typer.Option(metavar="NAME", help="The container of dead letters.")
    ] = "deadletters",
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Seconds until all must be as in the truth.")
    ] = 0,
) -> Answer:
    """Compare a run's truth with what an application stored.

    Exit code 1 when anything differs.
    """
    from simulator.verify import Stores, verify

    quiet()
    return verify(truth, Stores(cosmos, storage, database, deadletters), wait)


@PROGRAM.command("fleet")
def fleet(*, machines: Machines = 50, seed: Seed = 1, prefix: Prefix = "") -> Answer:
    """Print a fleet's sites, machines, products and planograms (JSON)."""
    import json

    from simulator.fleet import Fleet

    found = Fleet(seed, machines, prefix).describe()
    return Answer(found, json.dumps(found, ensure_ascii=False))
