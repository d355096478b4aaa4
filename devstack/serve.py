"""``python -m devstack.serve PART …``: what ``devstack PART …`` does, for programs that start parts.

The packages of the command line take about as long to import as some parts do, and a test run starts
hundreds of parts. So the usual words are read here without those packages; all others, and every fault, go to
the command line.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class Unreadable(Exception):
    """Words for the command line."""


class Words(argparse.ArgumentParser):
    """A part's usual options. What is not given leaves no trace, so that defaults stand in one place."""

    def __init__(self, *flags: str, server: bool = True, **options: Callable[[str], Any]) -> None:
        super().__init__(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
        self.add_argument("--port", type=int, required=server)
        self.add_argument("--data", type=Path, required=server)
        for name, kind in {"ready_file": Path, **options}.items():
            self.add_argument(f"--{name.replace('_', '-')}", type=kind)
        for name in flags:
            self.add_argument(f"--{name}", action="store_true")

    def error(self, message: str) -> Any:
        """Instead of an end of the process."""
        raise Unreadable(message)


def positive(text: str) -> int:
    """A whole number above zero. Raises ValueError."""
    if (found := int(text)) < 1:
        raise ValueError(text)
    return found


def told(_: Any, text: str) -> None:
    """Says that it listens."""
    print(text, flush=True)


def eventhubs(words: Sequence[str]) -> None:
    """``devstack eventhubs``."""
    given = vars(Words(config=Path, control=Path, policies=Path).parse_args(words))

    from devstack.eventhubs.cli import run
    from devstack.eventhubs.config import Settings, load

    ready, config = given.pop("ready_file", None), given.pop("config", None)
    run(Settings(hubs=config and load(config), **given), ready, told)


def cosmos(words: Sequence[str]) -> None:
    """``devstack cosmos``."""
    given = vars(Words("control", rus=positive, ranges=positive).parse_args(words))

    from devstack.cosmos.cli import Options, run

    run(Options(**given), told)


def functions(words: Sequence[str]) -> None:
    """``devstack functions``."""
    parser = Words("enable-auth", "quiet", "until-stdin-closes", server=False, python=Path)
    parser.add_argument("app", type=Path)
    parser.add_argument("--only", nargs="+", action="extend")
    parser.add_argument("--instances", nargs="+", action="extend")
    given = vars(parser.parse_args(words))

    from devstack.functions.cli import Serving, run
    from devstack.functions.host import Options

    given.pop("data", None)
    host = {name: given.pop(name) for name in ("enable_auth", "quiet", "python") if name in given}
    options = Options(only=tuple(given.pop("only", ())), **host)
    run(Serving(options=options, listening=told, **given))


def mail(words: Sequence[str]) -> None:
    """``devstack mail``."""
    given = vars(Words(page_port=int).parse_args(words))

    from devstack.mail.cli import Options, run

    run(Options(**given), told)


def storage_events(words: Sequence[str]) -> None:
    """``devstack storage-events``."""
    parser = Words(server=False, container=str, queue=str, **{"blob-port": int, "queue-port": int})
    given = vars(parser.parse_args(words))
    if not given.keys() >= {"container", "queue", "data", "blob_port", "queue_port"}:
        raise Unreadable("a default, or a fault")

    from devstack.azurite import Ports
    from devstack.storage_events.cli import Options, run

    ports = Ports(given.pop("blob_port"), given.pop("queue_port"))
    run(Options(ports=ports, **given), told)


PARTS = {
    "eventhubs": eventhubs,
    "cosmos": cosmos,
    "functions": functions,
    "mail": mail,
    "storage-events": storage_events,
}


def main(argv: Sequence[str]) -> int:
    """Serve until a signal; the exit code."""
    try:
        PARTS[argv[0]](argv[1:])
    except Unreadable:
        from devstack.__main__ import main as command_line

        return command_line(argv)
    except Exception as fault:  # noqa: BLE001 - told as the command line tells it
        from devstack.commands import PROGRAM

        return PROGRAM.fault(fault, argv)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
