"""Command-line options that several commands share."""

import argparse
from datetime import UTC, datetime

from simulator.demand import EPOCH
from simulator.faults import KNOWN, NAMED
from simulator.link import FAULTS

DRY_START = "2026-01-05T00:00:00Z"
"""A Monday: where a run without a hub begins, so that its bytes depend on the seed alone."""


def add_fleet(parser: argparse.ArgumentParser, machines: int = 50) -> None:
    """Which fleet."""
    parser.add_argument("--machines", type=_positive, default=machines, help=f"default {machines}")
    parser.add_argument("--seed", type=int, default=1, help="the same seed is the same fleet; default 1")
    add_prefix(parser)


def add_prefix(parser: argparse.ArgumentParser) -> None:
    """How ids begin."""
    parser.add_argument("--prefix", default="", help="begins every id: several fleets on one backend")


def add_hub(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Where events go."""
    parser.add_argument("--connection", required=required, help="Event Hubs connection string")
    parser.add_argument("--hub", default="telemetry", help="name of the event hub; default telemetry")


def add_faults(parser: argparse.ArgumentParser) -> None:
    """What goes wrong on purpose."""
    names = "; ".join(f"{name}: {text}" for name, text in FAULTS.items())
    apart = "; ".join(f"{name}: {text}" for name, text in NAMED.items())
    parser.add_argument(
        "--faults",
        default="all",
        metavar="LIST",
        help=f"all, none, or some of them by commas. {names}. Not in all of them, only when named: {apart}",
    )
    for name in FAULTS:
        parser.add_argument(f"--no-{name}", action="store_true", help=f"leave out {name}")


def faults_of(asked: argparse.Namespace) -> frozenset[str]:
    """The chosen faults. Raises ValueError for a name that does not exist."""
    names: set[str] = set()
    for name in asked.faults.split(","):
        names |= {"all": set(FAULTS), "none": set()}.get(name, {name})
    if unknown := names - KNOWN.keys():
        raise ValueError(f"no such faults: {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}")
    return frozenset(name for name in names if not getattr(asked, f"no_{name}", False))


def moment(text: str) -> int:
    """RFC 3339 as milliseconds since 1970; for argparse."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like {DRY_START}") from fault
    said = said if said.tzinfo else said.replace(tzinfo=UTC)
    return int((said - EPOCH).total_seconds() * 1000)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
