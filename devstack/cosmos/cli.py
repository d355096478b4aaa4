"""``devstack cosmos``: serve one account until SIGTERM or SIGINT."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from devstack.cosmos.account import Account
from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.cosmos.control import Control
from devstack.cosmos.server import Server
from devstack.cosmos.store import Store


@dataclass(frozen=True, slots=True)
class Options:
    """How an account is served; ``rus`` are request units a second of a container that asks for none."""

    port: int
    data: Path
    ready_file: Path | None = None
    rus: int | None = None
    ranges: int = 2
    control: bool = False
    key: str = WELL_KNOWN_KEY


def run(options: Options, listening: Callable[[dict[str, Any], str], None]) -> None:
    """Serve until a signal. Raises OSError, RuntimeError when the port or the folder is taken."""
    asyncio.run(_serve(options, listening))


async def _serve(options: Options, listening: Callable[[dict[str, Any], str], None]) -> None:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    store = Store(options.data / "account.db")
    account = Account(store, options.ranges, options.rus, options.key)
    server = Server(account, Control(account) if options.control else None)
    try:
        port = await server.start(options.port)
        limit = "no RU limit" if options.rus is None else f"{options.rus} RU/s a container"
        ready = {"port": port, "pid": os.getpid()}
        text = f"Cosmos DB: http://127.0.0.1:{port}/ (data in {options.data}, {limit}, charges estimated)"
        listening(ready, text)
        if options.ready_file is not None:
            _announce(options.ready_file, ready)
        await stopped.wait()
    finally:
        await server.stop()
        store.close()


def _announce(path: Path, ready: dict[str, Any]) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_bytes(orjson.dumps(ready))
    draft.replace(path)
