"""``devstack up APP``: the services, and the Functions host for an app folder on them.

The app's connections are its own settings; ``connect`` names which of them lead to which service.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.services import describe, mail, taken, until_stopped
from devstack.signals import interruptible
from devstack.stack import Ports, Stack


@dataclass(frozen=True, slots=True)
class Wanted:
    """An app folder, the port of its host, and what it stands on."""

    app: Path
    port: int
    data: Path
    ports: Ports
    config: Path | None = None
    connect: Sequence[str] = ()
    """``SETTING=SERVICE`` each."""


def run(wanted: Wanted, listening: Callable[[dict[str, Any], str], None]) -> None:
    """Until SIGINT or SIGTERM. Raises OSError, RuntimeError, ValueError when it cannot start."""
    interruptible()
    with (
        contextlib.suppress(KeyboardInterrupt),
        Stack.start(wanted.data, ports=taken(wanted.ports), hubs_config=wanted.config) as stack,
    ):
        stack.start_mail()
        settings = connections(stack, wanted.connect)
        host = stack.start_functions(wanted.app, settings=settings, port=wanted.port)
        text = "\n".join(
            [
                describe(stack),
                f"{host.url}: {', '.join(host.functions)}",
                f"logs and data in {stack.data}; Ctrl-C stops all of it",
            ]
        )
        found = {"settings": settings, "url": host.url, "functions": list(host.functions)}
        listening(found | mail(stack), text)
        until_stopped()


def connections(stack: Stack, named: Sequence[str]) -> dict[str, str]:
    """App settings for the connections named. Raises ValueError for a service that there is not."""
    known = {
        "eventhubs": stack.eventhubs_connection,
        "cosmos": stack.cosmos_connection,
        "storage": stack.storage_connection,
    }
    found = {"AzureWebJobsStorage": stack.storage_connection}
    for word in named:
        setting, _, service = word.partition("=")
        if service not in known:
            raise ValueError(f"--connect {word}: say SETTING=eventhubs, SETTING=cosmos or SETTING=storage")
        found[setting] = known[service]
    return found
