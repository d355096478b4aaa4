"""``devstack storage-events``: watch one container until SIGTERM or SIGINT."""

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from devstack import azurite
from devstack.storage_events.watch import Watcher

EVERY = 0.5
"""Seconds between two looks."""
PROMPT: dict[str, Any] = {"retry_total": 0, "connection_timeout": 2, "read_timeout": 10}
"""The next look is the retry."""


@dataclass(frozen=True, slots=True)
class Options:
    """Which container's blobs are told into which queue of the well-known account."""

    container: str
    queue: str
    ports: azurite.Ports
    data: Path
    ready_file: Path | None = None


def run(options: Options, listening: Callable[[dict[str, Any], str], None]) -> None:
    """Until a signal; what is away is asked again."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    options.data.mkdir(parents=True, exist_ok=True)
    store = azurite.connection_string(options.ports)
    with (
        ContainerClient.from_connection_string(store, options.container, **PROMPT) as container,
        QueueClient.from_connection_string(store, options.queue, **PROMPT) as queue,
    ):
        watcher = Watcher(container, queue, options.data / f"{options.container}.json")
        about = {"pid": os.getpid(), "container": options.container, "queue": options.queue}
        listening(about, f"blobs of {options.container} are told into the queue {options.queue}")
        if options.ready_file is not None:
            _announce(options.ready_file, about)
        said = ""
        while not stopped.wait(EVERY):
            said = _look(watcher, said)


def _announce(path: Path, about: dict[str, Any]) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps(about))
    draft.replace(path)


def _look(watcher: Watcher, before: str) -> str:
    """Why it waits, if it does; said once, however long."""
    try:
        for name in watcher.look():
            print(f"told of {name}", flush=True)
    except AzureError as fault:
        why = (str(fault).splitlines() or [type(fault).__name__])[0]
        if why != before:
            print(f"waiting: {why}", flush=True)
        return why
    return ""
