"""``python -m devstack services``: Azurite, Event Hubs and Cosmos DB in the foreground, for ``func start``.

On the usual ports, those that ``local.settings.json`` files name; a port that is taken is an error, because
an app that is configured for it would talk to somebody else.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from devstack.ports import free_port
from devstack.signals import interruptible
from devstack.stack import Ports, Stack


def parser(prog: str) -> argparse.ArgumentParser:
    """The words that ``services`` and ``up`` share."""
    found = argparse.ArgumentParser(prog=f"python -m devstack {prog}")
    found.add_argument("--data", type=Path, default=Path(".data/services"), help="kept between runs")
    found.add_argument(
        "--config", type=Path, help="hubs and consumer groups, in the official emulator's shape"
    )
    usual = Ports()
    for name in ("eventhubs", "cosmos", "blob", "queue"):
        found.add_argument(
            f"--{name}-port", type=int, default=getattr(usual, name), help="default %(default)s"
        )
    return found


def ports(asked: argparse.Namespace) -> Ports:
    """The ports asked for. Raises SystemExit that names the one that is taken."""
    for name in ("eventhubs", "cosmos", "blob", "queue"):
        port = getattr(asked, f"{name}_port")
        if port and free_port(port) != port:
            raise SystemExit(
                f"port {port} ({name}) is taken: end what holds it, or choose another (--{name}-port)"
            )
    wanted = Ports(asked.eventhubs_port, asked.cosmos_port, asked.blob_port, asked.queue_port)
    return Ports.free(wanted)


def until_stopped() -> None:
    """Wait for SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def describe(stack: Stack) -> str:
    """The connection strings, as app settings, and where events are sent by HTTP."""
    return "\n".join(
        [
            f"EVENTHUB             {stack.eventhubs_connection}",
            f"COSMOS               {stack.cosmos_connection}",
            f"AzureWebJobsStorage  {stack.storage_connection}",
            f"events by HTTP: POST {stack.eventhubs_http}/HUB/messages",
        ]
    )


def main(argv: list[str]) -> int:
    """The command."""
    asked = parser("services").parse_args(argv)
    interruptible()
    try:
        with Stack.start(asked.data, ports=ports(asked), hubs_config=asked.config) as stack:
            print(describe(stack), f"data in {stack.data}; Ctrl-C stops all of it", sep="\n", flush=True)
            until_stopped()
    except KeyboardInterrupt:
        return 0
    except RuntimeError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0
