"""``vendctl replay``: a sales file through the whole system on this machine, reconciled with its totals.

Rows become device events, go to Event Hubs, through the functions into ledger, rollups and archive; then
every sum of the file is compared with what is stored. The exit code is 1 when one is off. The data stay: a
second run sends the same events again, and nothing changes.
"""

import argparse
import asyncio
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from devstack.signals import interruptible
from vendctl.local.system import System, system
from vendctl.replay import mapping_file, report, sales
from vendctl.replay.errors import ReplayError, RowsRefused
from vendctl.replay.faults import SHOWN
from vendctl.replay.folder import Folder, fingerprint
from vendctl.replay.pipeline import replay
from vendctl.replay.progress import ReplayProgress
from vendctl.replay.report import Outcome
from vendctl.replay.sales import SalesFile
from vendctl.replay.two_readings import text_totals
from vendctl.replay.verify import verify

_HOST = "AzureFunctionsJobHost__extensions__"
SAMPLE = Path("examples/sales.csv")


def main(argv: list[str]) -> int:
    """The command: 0, 1 when a sum is off, 2 when the file or the folder cannot be used."""
    asked = _parser().parse_args(argv)
    interruptible()
    try:
        file = sales.read(asked.csv, mapping_file.load(asked.map) if asked.map else None)
        outcome = _run(file, asked.data, asked.verify)
    except ReplayError as fault:
        print(f"replay: {fault}", file=sys.stderr)
        if isinstance(fault, RowsRefused) and len(fault.faults) > SHOWN:
            print(f"replay: all of them are in {_listed(asked.csv, fault)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("replay: stopped; the data stay, and the next run goes on from them", file=sys.stderr)
        return 130
    if not asked.json:
        report.show(outcome)
    for told in outcome.faults():
        print(f"replay: {told}", file=sys.stderr)
    if asked.json:
        print(json.dumps(outcome.figures()), flush=True)
    return 1 if outcome.faults() else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vendctl replay", description=__doc__)
    parser.add_argument(
        "csv", type=Path, nargs="?", default=SAMPLE, help=f"the sales file (default {SAMPLE})"
    )
    parser.add_argument("--map", type=Path, metavar="TOML", help="which column means what (docs/replay.md)")
    parser.add_argument("--json", action="store_true", help="the outcome as one JSON object, the last line")
    parser.add_argument(
        "--verify", action="store_true", help="audit the archive too, and rebuild everything from it"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: .data/replay-… of the file's own")
    return parser


def _listed(csv: Path, refused: RowsRefused) -> Path:
    """The file that has a line for each fault."""
    path = Path(".data") / "replay-faults" / f"{csv.stem}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(refused.faults) + "\n", encoding="utf-8")
    return path


def _run(file: SalesFile, data: Path | None, verified: bool) -> Outcome:
    text = text_totals(file)
    mark = fingerprint(file)
    folder = Folder(data or Path(".data") / f"replay-{mark}", mark)
    folder.open()
    with ReplayProgress() as progress, ExitStack() as parts:
        progress.say(f"{file.path}: {len(file.sales):,} sales; data in {folder.path}")
        for note in file.notes:
            progress.say(note)
        try:
            running = parts.enter_context(system(folder.path, _settings(file), progress.say, port=0))
        except RuntimeError as fault:  # a part that does not start, or a folder in use
            raise ReplayError(str(fault)) from fault
        _adopt(running)
        outcome = asyncio.run(replay(file, text, folder, running, progress))
        if verified:
            outcome.verified = asyncio.run(verify(progress))
        return outcome


def _settings(file: SalesFile) -> dict[str, str]:
    """The file's zone is the machines'. The replay runs the timers itself, and as nobody else is waiting for
    the app's events, the last of them need not wait for a full batch, nor messages for a slow poll."""
    never = "0 0 0 1 1 *"
    return {
        "DEFAULT_TIME_ZONE": file.mapping.timezone,
        "ROLL_UP_SCHEDULE": never,
        "COMPACT_SCHEDULE": never,
        "SWEEP_SCHEDULE": never,
        f"{_HOST}eventHubs__maxWaitTime": "00:00:01",
        f"{_HOST}eventHubs__loadBalancingUpdateInterval": "00:00:01",
        f"{_HOST}queues__maxPollingInterval": "00:00:00.200",
    }


def _adopt(running: System) -> None:
    """The stores are wired from this process's environment, as in a function."""
    os.environ.update(running.environment)
