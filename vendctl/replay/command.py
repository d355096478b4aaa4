"""A sales file through the whole system on this machine, reconciled with its totals.

Rows become device events, go to Event Hubs, through the functions into ledger, rollups and archive; then
every sum of the file is compared with what is stored. The data stay: a second run
sends the same events again, and nothing changes.
"""

import sys
from contextlib import ExitStack
from pathlib import Path

from devstack.commandline import Answer, Exit, NotDone
from devstack.signals import interruptible
from vendctl.commands.program import adopt, wired
from vendctl.local.system import system
from vendctl.progress import Progress
from vendctl.replay import mapping_file, report, sales
from vendctl.replay.errors import ReplayError, RowsRefused
from vendctl.replay.faults import SHOWN
from vendctl.replay.folder import Folder, fingerprint
from vendctl.replay.pipeline import replay
from vendctl.replay.report import Outcome
from vendctl.replay.sales import SalesFile
from vendctl.replay.two_readings import text_totals
from vendctl.replay.verify import verify

_HOST = "AzureFunctionsJobHost__extensions__"
SAMPLE = Path("examples/sales.csv")


def run(csv: Path, mapping: Path | None, data: Path | None, verified: bool) -> Answer:
    """Replay a file; WRONG when a sum is off. Raises NotDone, and KeyboardInterrupt after a word about it."""
    interruptible()
    try:
        outcome = _run(sales.read(csv, mapping_file.load(mapping) if mapping else None), data, verified)
    except RowsRefused as fault:
        more = f"\nall of them are in {_listed(csv, fault)}" if len(fault.faults) > SHOWN else ""
        raise NotDone(f"{fault}{more}") from fault
    except ReplayError as fault:
        raise NotDone(str(fault)) from fault
    except KeyboardInterrupt:
        print("stopped; the data stay, and the next run goes on from them", file=sys.stderr)
        raise
    faults = outcome.faults()
    wrong = "\n".join(f"replay: {told}" for told in faults)
    return Answer(outcome.figures(), report.shown(outcome), Exit.WRONG if faults else Exit.DONE, wrong)


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
    with Progress() as progress, ExitStack() as parts:
        progress.say(f"{file.path}: {len(file.sales):,} sales; data in {folder.path}")
        for note in file.notes:
            progress.say(note)
        try:
            running = parts.enter_context(system(folder.path, _settings(file), progress.say, port=0))
        except RuntimeError as fault:  # a part that does not start, or a folder in use
            raise ReplayError(str(fault)) from fault
        parts.enter_context(adopt(running.environment))
        outcome = wired(replay(file, text, folder, running, progress))
        if verified:
            outcome.verified = wired(verify(running.environment, progress))
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
