"""``devstack services``: Azurite, Event Hubs, Cosmos DB and mail in the foreground, for ``func start``.

On the usual ports, those that ``local.settings.json`` files name; a port that is taken is an error, because
an app that is configured for it would talk to somebody else.
"""

import contextlib
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devstack.ports import free_port
from devstack.signals import interruptible
from devstack.stack import Ports, Stack


def taken(ports: Ports) -> Ports:
    """The ports asked for, 0 for any. Raises OSError that names the one that somebody holds."""
    for name, port in asdict(ports).items():
        if port and free_port(port) != port:
            raise OSError(
                f"port {port} ({name}) is taken: end what holds it, or choose another (--{name}-port)"
            )
    return Ports.free(ports)


def until_stopped() -> None:
    """Wait for SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def connections(stack: Stack) -> dict[str, str]:
    """App settings that are connections to it."""
    return {
        "EVENTHUB": stack.eventhubs_connection,
        "COSMOS": stack.cosmos_connection,
        "AzureWebJobsStorage": stack.storage_connection,
    }


def mail(stack: Stack) -> dict[str, str | int]:
    """The port of SMTP, and where mails can be read."""
    return {"smtp": stack.ports.smtp, "mails": stack.mails_url}


def describe(stack: Stack) -> str:
    """The connection strings, as app settings, where events are sent by HTTP, and mails by SMTP."""
    named = [f"{name:<20} {value}" for name, value in connections(stack).items()]
    return "\n".join(
        [
            *named,
            f"events by HTTP: POST {stack.eventhubs_http}/HUB/messages",
            f"mail by SMTP: localhost:{stack.ports.smtp}, without TLS; mails are read on {stack.mails_url}",
        ]
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is served: ``told`` is CONTAINER=QUEUE, for storage events."""

    data: Path
    ports: Ports
    config: Path | None = None
    told: str | None = None


def run(wanted: Wanted, listening: Callable[[dict[str, Any], str], None]) -> None:
    """Until SIGINT or SIGTERM. Raises OSError, RuntimeError, ValueError when it cannot start."""
    container, _, queue = (wanted.told or "").partition("=")
    if wanted.told is not None and not (container and queue):
        raise ValueError(f"--storage-events {wanted.told}: say CONTAINER=QUEUE")
    interruptible()
    with (
        contextlib.suppress(KeyboardInterrupt),
        Stack.start(wanted.data, ports=taken(wanted.ports), hubs_config=wanted.config) as stack,
    ):
        stack.start_mail()
        if container:
            stack.start_storage_events(container, queue)
        text = f"{describe(stack)}\ndata in {stack.data}; Ctrl-C stops all of it"
        listening({"settings": connections(stack), "http": stack.eventhubs_http} | mail(stack), text)
        until_stopped()
