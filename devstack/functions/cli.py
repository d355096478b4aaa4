"""Run a Python Functions app (v2 model) on this machine, as `func start` does."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devstack.functions import config, log, watch
from devstack.functions.errors import ConfigurationError, HostError
from devstack.functions.host import Host, Options
from devstack.ports import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Serving:
    """An app, how its host is to be, and what happens around it."""

    app: Path
    port: int | None = None
    instances: Sequence[str] = ()
    """``NAME=N``: functions with so many processes of their own."""
    options: Options = field(default_factory=Options)
    """The rest; the port and the instances are filled in."""
    ready_file: Path | None = None
    watch: bool = False
    until_stdin_closes: bool = False
    listening: Callable[[dict[str, Any], str], None] = lambda *_: None


def run(serving: Serving) -> None:
    """Serve until a signal. Raises HostError when the app or its configuration cannot run."""
    log.quiet = serving.options.quiet
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="[%(asctime)s %(levelname)s] %(name)s: %(message)s"
    )
    for name in ("azure.eventhub", "azure.cosmos", "azure.core"):
        # Their retries are told by the listeners, once and with the function's name.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(serving))


async def _serve(serving: Serving) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stopped.set)
    if serving.until_stdin_closes:
        await _watch_stdin(stopped)
    app = serving.app.resolve()
    while True:
        changed = asyncio.Event()
        await _run(serving, app, stopped, changed)
        if stopped.is_set():
            return
        log.error("Files changed: starting again")


async def _run(serving: Serving, app: Path, stopped: asyncio.Event, changed: asyncio.Event) -> None:
    """One life of the host: until a signal, or until a file changes under ``--watch``."""
    watching = asyncio.create_task(watch.until_changed(app, changed)) if serving.watch else None
    configuration = config.load(app)
    host = Host(configuration, _host_options(serving, configuration))
    try:
        starting = asyncio.create_task(_start(host, serving))
        await _first(starting, stopped, changed)
        if starting.done():
            await starting
            await _first(None, stopped, changed, host.failed)
            if host.failed.is_set():
                raise HostError("its worker processes ended too often (see above)")
        else:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
    except HostError as error:
        if watching is None:
            raise
        log.error(f"The app cannot run: {error}\nWaiting for a change")
        await _first(None, stopped, changed)
    finally:
        if watching is not None:
            watching.cancel()
        await host.stop()


async def _start(host: Host, serving: Serving) -> None:
    await host.start()
    ready = {"port": host.port, "pid": os.getpid(), "functions": [one.name for one in host.functions]}
    serving.listening(ready, host.listing())
    if serving.ready_file is not None:
        draft = serving.ready_file.with_name(serving.ready_file.name + ".tmp")
        draft.write_text(json.dumps(ready))
        draft.replace(serving.ready_file)


async def _first(starting: asyncio.Task[None] | None, *events: asyncio.Event) -> None:
    waits = [asyncio.create_task(one.wait()) for one in events]
    await asyncio.wait([*waits, *([starting] if starting else [])], return_when=asyncio.FIRST_COMPLETED)
    for one in waits:
        one.cancel()


def _host_options(serving: Serving, configuration: config.Configuration) -> Options:
    instances = {}
    for text in serving.instances:
        name, _, count = text.partition("=")
        if not count.isdigit() or not 1 <= int(count) <= 32:
            raise ConfigurationError(f"--instances {text!r}: write NAME=N with N from 1 to 32")
        instances[name] = int(count)
    local = configuration.local.get("Host") or {}
    port = serving.port if serving.port is not None else int(local.get("LocalHttpPort") or FUNCTIONS)
    python = serving.options.python
    if python is not None and not python.is_file():
        raise ConfigurationError(f"--python {python}: there is no such file")
    if python is not None and instances:
        raise ConfigurationError("--python and --instances do not go together: instances run this Python")
    return replace(serving.options, port=port, instances=instances)


async def _watch_stdin(stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def until_closed() -> None:
        await reader.read()
        stopped.set()

    stopped.__dict__["stdin"] = asyncio.create_task(until_closed())
