"""``python -m devstack eventhubs``: an Event Hubs namespace on loopback."""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path

from devstack.eventhubs.config import BadConfig, Settings, load
from devstack.eventhubs.hub.namespace import PARTITIONS
from devstack.eventhubs.log.entry import Damaged
from devstack.eventhubs.log.folder import Locked, replace
from devstack.eventhubs.server import HOST, Server

EPILOG = """\
Connection string (plain TCP):
  Endpoint=sb://localhost:PORT;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;\
UseDevelopmentEmulator=true;"""


def parser() -> argparse.ArgumentParser:
    """All options."""
    p = argparse.ArgumentParser(
        "python -m devstack eventhubs", description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    p.add_argument(
        "--port", type=int, default=5672,
        help="loopback port for AMQP and HTTP, 0 for any free one (default 5672)",
    )  # fmt: skip
    p.add_argument("--data", type=Path, required=True, metavar="DIR", help="where events are kept")
    p.add_argument(
        "--config", type=Path, metavar="FILE", help="hubs, in the official emulator's Config.json shape"
    )
    p.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="JSON with port, pid and the HTTP address, written when listening",
    )
    _add_behaviour(p)
    return p


def _add_behaviour(p: argparse.ArgumentParser) -> None:
    p.add_argument("--policies", type=Path, metavar="FILE", help="JSON list of name, key, rights, entity")
    p.add_argument(
        "--durability", choices=("process", "power"), default="process",
        help="an acknowledged event survives the end of the process, or a power failure (group-commit sync)",
    )  # fmt: skip
    p.add_argument(
        "--retention-hours", type=float, default=168.0, help="events older than this go (default 168)"
    )
    p.add_argument("--retention-bytes", type=int, help="most bytes kept for a partition (default: no limit)")
    p.add_argument(
        "--segment-bytes", type=int, default=16 * 1024 * 1024, help="size of a log file (default 16 MiB)"
    )
    p.add_argument(
        "--idle-timeout", type=float, default=240.0, help="seconds, advertised to clients (default 240)"
    )
    p.add_argument("--hostname", action="append", default=[], help="another host name tokens may be for")
    p.add_argument(
        "--control", type=Path, metavar="SOCKET", help="a Unix socket for test faults (off by default)"
    )


def settings(options: argparse.Namespace) -> Settings:
    """Options as settings; raises BadConfig."""
    for name in ("retention_hours", "segment_bytes", "idle_timeout", "retention_bytes"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            raise BadConfig(f"--{name.replace('_', '-')} must be above 0, not {value}")
    return Settings(
        data=options.data,
        port=options.port,
        hubs=None if options.config is None else load(options.config),
        durability=options.durability,
        retention=options.retention_hours * 3600,
        retention_bytes=options.retention_bytes,
        segment_bytes=options.segment_bytes,
        idle_timeout=options.idle_timeout,
        hosts=Settings(options.data).hosts | {name.lower() for name in options.hostname},
        policies=options.policies,
        control=options.control,
    )


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


async def serve(chosen: Settings, ready_file: Path | None) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Server(chosen) as server:
        print(start_line(server), flush=True)
        if ready_file is not None:
            ready = {"port": server.port, "pid": os.getpid(), "http": f"http://localhost:{server.port}"}
            replace(ready_file, json.dumps(ready))
        try:
            await stop.wait()
        finally:
            if ready_file is not None:
                withdraw(ready_file)


def main(argv: list[str]) -> int:
    """Exit code: 0 after a clean stop, 1 when the server cannot start, 2 for wrong options."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    options = parser().parse_args(argv)
    try:
        asyncio.run(serve(settings(options), options.ready_file))
    except (BadConfig, Locked, Damaged, OSError) as fault:
        print(f"Event Hubs did not start: {fault}", file=sys.stderr)
        return 1
    return 0
