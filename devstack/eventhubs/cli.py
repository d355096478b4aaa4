"""``devstack eventhubs``: an Event Hubs namespace on loopback."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devstack.eventhubs.config import BadConfig, Settings
from devstack.eventhubs.hub.namespace import PARTITIONS
from devstack.eventhubs.log.folder import replace
from devstack.eventhubs.server import HOST, Server


def checked(chosen: Settings) -> Settings:
    """The settings, where they make sense. Raises BadConfig."""
    asked = {
        "--retention-hours": chosen.retention / 3600,
        "--segment-bytes": chosen.segment_bytes,
        "--idle-timeout": chosen.idle_timeout,
        "--retention-bytes": chosen.retention_bytes,
    }
    for name, value in asked.items():
        if value is not None and value <= 0:
            raise BadConfig(f"{name} must be above 0, not {value}")
    return chosen


def start_line(server: Server) -> str:
    """The one line of a good start."""
    chosen = server.settings
    if chosen.hubs is None:
        hubs = f"hubs are created on first use ({PARTITIONS} partitions, any consumer group)"
    else:
        hubs = "hubs " + ", ".join(f"{hub.name} ({hub.partitions})" for hub in chosen.hubs)
    control = "" if chosen.control is None else f"; TEST FAULTS through {chosen.control}"
    return (
        f"Event Hubs on amqp://{HOST}:{server.port}, HTTP on the same port; {hubs}; data in {chosen.data}, "
        f"{chosen.durability} durability{control}"
    )


def withdraw(ready_file: Path) -> None:
    """The server no longer listens: take the file away, if nobody did."""
    with contextlib.suppress(FileNotFoundError):
        ready_file.unlink()


async def serve(
    chosen: Settings, ready_file: Path | None, listening: Callable[[dict[str, Any], str], None]
) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Server(chosen) as server:
        ready = {"port": server.port, "pid": os.getpid(), "http": f"http://localhost:{server.port}"}
        listening(ready, start_line(server))
        if ready_file is not None:
            replace(ready_file, json.dumps(ready))
        try:
            await stop.wait()
        finally:
            if ready_file is not None:
                withdraw(ready_file)


def run(chosen: Settings, ready_file: Path | None, listening: Callable[[dict[str, Any], str], None]) -> None:
    """Serve until a signal. Raises BadConfig, Locked, Damaged, OSError when it cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    asyncio.run(serve(chosen, ready_file, listening))
