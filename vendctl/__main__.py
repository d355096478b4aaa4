"""``python -m vendctl COMMAND …``: a module each with ``main(argv) -> int``, imported when called."""

import sys
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
    "schemas": ("vendctl.schemas", "the event catalogue in docs/events, generated from the code"),
    "archive": ("vendctl.archive", "audit the archive; import Event Hubs Capture"),
    "rebuild": ("vendctl.rebuild", "state rebuilt from the archive, compared with the live one"),
    "catalog": ("vendctl.catalog", "import sites, machines, products and planograms"),
    "device": ("vendctl.device", "the credentials and the epoch of a new or replaced board"),
    "package": ("vendctl.package", "what is deployed, as a zip or a folder"),
    "costs": ("vendctl.costs", "what a fleet costs a month, estimated"),
    "picture": ("vendctl.picture", "a picture of the running dashboard, for the README"),
    "smoke": ("vendctl.smoke", "is what was deployed alive: functions indexed, an event travels to the API"),
    "picklist": ("vendctl.picklist", "what to take along to a route's machines"),
}


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
    """The process: Ctrl-C where a command does not mind it ends it with 130, as a shell would say."""
    try:
        return main(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(entry())
