"""``simulator run``: a fleet in real time, or faster, until its duration is over or somebody stops it.

``--speed 40`` (the default) lets the model live 40 times as fast, and dates its events now: a day of the
fleet passes in 36 minutes, and 50 machines send about ten events a second. With ``--dates model`` events
carry the model's time instead: such a run starts in the past (``--start``, or as far back as the duration
and the speed need, or a day) and ends at now, where it goes on in real time. ``--speed 1`` is real time.
``--history 3`` begins three days ago and goes through them as fast as the hub takes events; from then on the
run is one of ``--dates now``. A fleet whose state was kept has its history already.
"""

import argparse
import base64
import json
import os
import sys
from pathlib import Path

from simulator.demand import HOUR
from simulator.device import iso
from simulator.fleet import Fleet
from simulator.link import Delivery
from simulator.live import Live, Pace
from simulator.options import DRY_START, add_faults, add_fleet, add_hub, faults_of, moment
from simulator.timeline import Timeline


def main(argv: list[str]) -> int:
    """The command."""
    asked = _parser().parse_args(argv)
    try:
        faults = faults_of(asked)
        if asked.dry_run:
            return _dry_run(asked, faults)
        if not asked.connection:
            raise ValueError("--connection is missing (or give --dry-run)")
        pace = Pace(asked.speed, asked.dates, asked.start, asked.duration, history=asked.history)
        fleet = Fleet(asked.seed, asked.machines, asked.prefix)
        live = Live(fleet, faults, pace, asked.connection, asked.hub, asked.state, asked.truth)
        return live.run(lines=asked.json_progress)
    except (ValueError, RuntimeError) as fault:
        print(f"simulator run: {fault}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_hub(parser, required=False)
    add_fleet(parser)
    parser.add_argument("--duration", type=float, help="seconds; without it until SIGINT or SIGTERM")
    parser.add_argument("--speed", type=float, default=40.0, help="model seconds per second; default 40")
    parser.add_argument(
        "--dates", choices=("now", "model"), default="now", help="which time events carry; default now"
    )
    parser.add_argument("--history", type=float, default=0, help="days to begin with; default 0")
    parser.add_argument("--start", type=moment, help=f"model time of the start; dry runs: {DRY_START}")
    parser.add_argument("--truth", type=Path, help="where the truth is written at the end (JSON)")
    parser.add_argument("--state", type=Path, help="folder from which the next run goes on")
    parser.add_argument("--json-progress", action="store_true", help="a JSON line a second on stdout")
    parser.add_argument("--dry-run", action="store_true", help="print deliveries as JSON lines, send nothing")
    parser.add_argument("--hours", type=float, default=24.0, help="model hours of a dry run; default 24")
    add_faults(parser)
    return parser


def _dry_run(asked: argparse.Namespace, faults: frozenset[str]) -> int:
    start = moment(DRY_START) if asked.start is None else asked.start
    timeline = Timeline(Fleet(asked.seed, asked.machines, asked.prefix), faults, start)
    return print_deliveries(timeline, start + int(asked.hours * HOUR))


def print_deliveries(timeline: Timeline, end: int) -> int:
    """Everything up to a model time as JSON lines on stdout; 0."""
    try:
        for at, delivery in timeline.until(end):
            sys.stdout.write(json.dumps(line(at, delivery), ensure_ascii=False, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def line(at: int, delivery: Delivery) -> dict[str, str]:
    """A delivery for people and programs: the body byte for byte, ``body64`` where it is no UTF-8."""
    told = {"at": iso(at), "partitionKey": delivery.key, "kind": delivery.reason or delivery.kind}
    if delivery.publisher:
        told["publisher"] = delivery.publisher
    if delivery.section:
        told["section"] = delivery.section
    try:
        return told | {"body": delivery.body.decode()}
    except UnicodeDecodeError:
        return told | {"body64": base64.b64encode(delivery.body).decode()}
