"""``python -m devstack cosmos``: serve one account until SIGTERM or SIGINT."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import orjson

from devstack.cosmos.account import Account
from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.cosmos.control import Control
from devstack.cosmos.server import Server
from devstack.cosmos.store import Store


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m devstack cosmos", description=__doc__)
    found.add_argument("--port", type=int, default=8081, help="port on 127.0.0.1, 0 for any (default 8081)")
    found.add_argument("--data", type=Path, required=True, help="folder of the account's file")
    found.add_argument("--ready-file", type=Path, help="written when the server listens: its port and pid")
    found.add_argument(
        "--rus", type=int, help="RU/s of a container that asks for none; without it no limit at all"
    )
    found.add_argument("--ranges", type=int, default=2, help="physical ranges of a new container (default 2)")
    found.add_argument("--control", action="store_true", help="control API for tests (POST /_control)")
    found.add_argument(
        "--key", default=WELL_KNOWN_KEY, help="master key (default: the emulator's well-known key)"
    )
    return found


def main(argv: list[str]) -> int:
    """Serve; 0 after a signal, 1 when the port or the folder is taken, 2 for arguments that make no sense."""
    options = parser().parse_args(argv)
    if options.ranges < 1 or (options.rus is not None and options.rus < 1):
        parser().error("--ranges and --rus must be at least 1")
    try:
        asyncio.run(_serve(options))
    except (OSError, RuntimeError) as error:
        print(f"The Cosmos DB server did not start: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    store = Store(options.data / "account.db")
    account = Account(store, options.ranges, options.rus, options.key)
    server = Server(account, Control(account) if options.control else None)
    try:
        port = await server.start(options.port)
        limit = "no RU limit" if options.rus is None else f"{options.rus} RU/s a container"
        print(
            f"Cosmos DB: http://127.0.0.1:{port}/ (data in {options.data}, {limit}, charges estimated)",
            flush=True,
        )
        if options.ready_file is not None:
            _announce(options.ready_file, port)
        await stopped.wait()
    finally:
        await server.stop()
        store.close()


def _announce(path: Path, port: int) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_bytes(orjson.dumps({"port": port, "pid": os.getpid()}))
    draft.replace(path)
