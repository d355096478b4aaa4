"""``simulator scenario FILE``: a fleet, and what befalls it; FILE may be the name of a built-in scenario.

Model time starts as the file says, so that the bodies depend on the file and the seed alone (``--dates now``
dates events now instead). ``--machines``, ``--hours`` and ``--speed`` override the file.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from simulator import scenario_file
from simulator.acts import install
from simulator.demand import HOUR
from simulator.fleet import Fleet
from simulator.live import Live, Pace
from simulator.options import add_hub, add_prefix, moment
from simulator.run import print_deliveries
from simulator.scenario_file import Scenario
from simulator.timeline import Timeline


def main(argv: list[str]) -> int:
    """The command."""
    asked = _parser().parse_args(argv)
    try:
        scenario = _overridden(scenario_file.read(asked.file), asked)
        fleet, start = Fleet(scenario.seed, scenario.machines, asked.prefix), moment(scenario.start)
        end = start + int(scenario.hours * HOUR)
        if asked.dry_run:
            timeline = Timeline(fleet, scenario.faults, start)
            install(scenario, timeline)
            return print_deliveries(timeline, end)
        if not asked.connection:
            raise ValueError("--connection is missing (or give --dry-run)")
        pace = Pace(scenario.speed, asked.dates, start, None, end)
        live = Live(fleet, scenario.faults, pace, asked.connection, asked.hub, None, asked.truth)
        install(scenario, live.timeline)
        return live.run(lines=asked.json_progress)
    except (ValueError, RuntimeError) as fault:
        print(f"simulator scenario: {fault}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(sorted(x.stem for x in scenario_file.BUILT_IN.glob("*.toml")))
    parser = argparse.ArgumentParser(
        prog="simulator scenario", description=__doc__, epilog=f"built-in: {names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("file", type=Path, help="a TOML file, or the name of a built-in scenario")
    add_hub(parser, required=False)
    add_prefix(parser)
    parser.add_argument("--machines", type=int, help="instead of the file's")
    parser.add_argument("--seed", type=int, help="instead of the file's")
    parser.add_argument("--hours", type=float, help="model hours, instead of the file's")
    parser.add_argument("--speed", type=float, help="model seconds per second, instead of the file's")
    parser.add_argument(
        "--dates", choices=("now", "model"), default="model", help="which time events carry; default model"
    )
    parser.add_argument("--truth", type=Path, help="where the truth is written at the end (JSON)")
    parser.add_argument("--json-progress", action="store_true", help="a JSON line a second on stdout")
    parser.add_argument("--dry-run", action="store_true", help="print deliveries as JSON lines, send nothing")
    return parser


def _overridden(scenario: Scenario, asked: argparse.Namespace) -> Scenario:
    names = ("machines", "seed", "hours", "speed")
    return replace(scenario, **{x: getattr(asked, x) for x in names if getattr(asked, x) is not None})
