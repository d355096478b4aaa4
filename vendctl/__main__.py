"""``python -m vendctl COMMAND …``: a module each with ``main(argv) -> int``, imported when called.

Exit codes of every command: 0 done and right, 1 done and something is wrong (the command says what), 2 it
could not be done (the question, the settings, a store that does not answer), 3 not yet (``account``), 130
Ctrl-C.
"""

import os
import sys
from collections.abc import Iterator
from importlib import import_module

COMMANDS = {
    "provision": ("vendctl.provision", "create the database, containers and queues that the app uses"),
    "run": ("vendctl.local.run", "the whole system on this machine: stack, app, simulated fleet, dashboard"),
    "replay": (
        "vendctl.replay.command",
        "a sales file through the whole system, reconciled with its own totals",
    ),
    "account": ("vendctl.account", "what became of every archived event (nothing lost)"),
    "deadletters": ("vendctl.deadletters", "list, show, replay and discard dead letters"),
    "partitions": (
        "vendctl.partitions.command",
        "which hub partitions stand still, and the way past what no trigger can bind",
    ),
    "rollups": ("vendctl.rollups", "is every day counted, and if not: since when, and whose"),
    "schemas": ("vendctl.schemas", "the event catalogue in docs/events, generated from the code"),
    "archive": ("vendctl.archive", "audit the archive; import Event Hubs Capture"),
    "rebuild": ("vendctl.rebuild", "state rebuilt from the archive, compared with the live one"),
    "catalog": ("vendctl.catalog", "import sites, machines, products and planograms"),
    "device": ("vendctl.device", "the credentials and the epoch of a new or replaced board"),
    "machine": (
        "vendctl.machines.command",
        "quarantine, release, forget a machine that shows what it never did",
    ),
    "package": ("vendctl.package", "what is deployed, as a zip or a folder"),
    "costs": ("vendctl.costs", "what a fleet costs a month, estimated"),
    "picture": ("vendctl.picture", "a picture of the running dashboard, for the README"),
    "smoke": ("vendctl.smoke", "is what was deployed alive: functions indexed, an event travels to the API"),
    "picklist": ("vendctl.picklist", "what to take along to a route's machines"),
}


TRACEBACK = "VENDCTL_TRACEBACK"
MENDABLE = {"VendstreamError", "ValueError", "RuntimeError", "OSError", "TimeoutError", "azure", "aiohttp"}
"""Classes by name, and the top package of the SDKs' own: nothing of them is imported before it is needed."""


def usage() -> str:
    """All commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: python -m vendctl COMMAND [options]   (COMMAND --help says more)", "", *lines])


def main(argv: list[str]) -> int:
    """Dispatch; 2 for a command that does not exist."""
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        print(f"no command {argv[0]!r}\n\n{usage()}", file=sys.stderr)
        return 2
    code: int = import_module(COMMANDS[argv[0]][0]).main(argv[1:])
    return code


def entry() -> int:
    """The process: Ctrl-C where a command does not mind it ends it with 130, as a shell would say.

    What a person can mend is one line; a bug of ours keeps its traceback.
    """
    try:
        return main(sys.argv[1:])
    except KeyboardInterrupt:
        return 130
    except Exception as fault:
        line = explained(fault)
        if line is None or os.environ.get(TRACEBACK):
            raise
        print(f"vendctl {' '.join(sys.argv[1:2])}: {line} ({TRACEBACK}=1 shows where)", file=sys.stderr)
        return 2


def explained(fault: BaseException) -> str | None:
    """The fault in one line, where it is one of the settings, the input or a service; None for a bug."""
    for one in _leaves(fault):
        kinds = {kind.__name__ for kind in type(one).__mro__} | {type(one).__module__.partition(".")[0]}
        if kinds & MENDABLE:
            return next(iter(str(one).strip().splitlines()), "") or type(one).__name__
    return None


def _leaves(fault: BaseException) -> Iterator[BaseException]:
    if isinstance(fault, BaseExceptionGroup):
        for one in fault.exceptions:
            yield from _leaves(one)
    else:
        yield fault


if __name__ == "__main__":
    sys.exit(entry())
