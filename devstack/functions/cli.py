"""Run a Python Functions app (v2 model) on this machine, as `func start` does."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from devstack.functions import config, log, watch
from devstack.functions.errors import ConfigurationError, HostError
from devstack.functions.host import Host, Options
from devstack.functions.workers import DEATHS


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m devstack functions", description=__doc__)
    found.add_argument("app", type=Path, help="folder with host.json and function_app.py")
    found.add_argument(
        "--port", type=int, help="port on 127.0.0.1, 0 for any (default Host.LocalHttpPort or 7071)"
    )
    found.add_argument(
        "--ready-file", type=Path, help="written when every trigger listens: port, pid, functions"
    )
    found.add_argument(
        "--enable-auth", action="store_true", help="check keys of HTTP functions and admin endpoints"
    )
    found.add_argument("--instances", nargs="+", action="extend", default=[], metavar="NAME=N",
                       help="run this function in N processes of its own")  # fmt: skip
    found.add_argument(
        "--only", nargs="+", action="extend", default=[], metavar="NAME", help="just these functions"
    )
    found.add_argument(
        "--drain",
        type=float,
        default=30.0,
        help="seconds requests may take to end, others a third of it (default 30)",
    )
    found.add_argument(
        "--python", type=Path, help="interpreter of the app's own environment, with azure-functions-runtime"
    )
    found.add_argument("--worker-deaths", type=int, default=DEATHS, metavar="N",
                       help="stop after N ends of workers in half an hour (default 3, 0 never)")  # fmt: skip
    found.add_argument("--quiet", action="store_true", help="log failures only")
    found.add_argument(
        "--watch", action="store_true", help="start again when a .py or .json file of the app changes"
    )
    found.add_argument("--data", type=Path, help="not used: the host keeps its state in AzureWebJobsStorage")
    found.add_argument(
        "--until-stdin-closes", action="store_true", help="also end when standard input closes"
    )
    return found


def main(argv: list[str]) -> int:
    """Serve; 0 after a signal, 1 when the app or its configuration cannot run."""
    options = parser().parse_args(argv)
    log.quiet = options.quiet
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="[%(asctime)s %(levelname)s] %(name)s: %(message)s"
    )
    for name in ("azure.eventhub", "azure.cosmos", "azure.core"):
        # Their retries are told by the listeners, once and with the function's name.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        asyncio.run(_serve(options))
    except HostError as error:
        print(f"The Functions host cannot run {options.app}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stopped.set)
    if options.until_stdin_closes:
        await _watch_stdin(stopped)
    app = options.app.resolve()
    while True:
        changed = asyncio.Event()
        await _run(options, app, stopped, changed)
        if stopped.is_set():
            return
        log.error("Files changed: starting again")


async def _run(
    options: argparse.Namespace, app: Path, stopped: asyncio.Event, changed: asyncio.Event
) -> None:
    """One life of the host: until a signal, or until a file changes under ``--watch``."""
    watching = asyncio.create_task(watch.until_changed(app, changed)) if options.watch else None
    configuration = config.load(app)
    host = Host(configuration, _host_options(options, configuration))
    try:
        starting = asyncio.create_task(_start(host, options.ready_file))
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


async def _start(host: Host, ready: Path | None) -> None:
    await host.start()
    print(host.listing(), flush=True)
    if ready is not None:
        draft = ready.with_name(ready.name + ".tmp")
        names = [one.name for one in host.functions]
        draft.write_text(json.dumps({"port": host.port, "pid": os.getpid(), "functions": names}))
        draft.replace(ready)


async def _first(starting: asyncio.Task[None] | None, *events: asyncio.Event) -> None:
    waits = [asyncio.create_task(one.wait()) for one in events]
    await asyncio.wait([*waits, *([starting] if starting else [])], return_when=asyncio.FIRST_COMPLETED)
    for one in waits:
        one.cancel()


def _host_options(options: argparse.Namespace, configuration: config.Configuration) -> Options:
    instances = {}
    for text in options.instances:
        name, _, count = text.partition("=")
        if not count.isdigit() or not 1 <= int(count) <= 32:
            raise ConfigurationError(f"--instances {text!r}: write NAME=N with N from 1 to 32")
        instances[name] = int(count)
    local = configuration.local.get("Host") or {}
    port = options.port if options.port is not None else int(local.get("LocalHttpPort") or 7071)
    if options.python is not None and not options.python.is_file():
        raise ConfigurationError(f"--python {options.python}: there is no such file")
    if options.python is not None and instances:
        raise ConfigurationError("--python and --instances do not go together: instances run this Python")
    return Options(
        port,
        options.enable_auth,
        options.quiet,
        instances,
        tuple(options.only),
        options.drain,
        options.python,
        options.worker_deaths,
    )


async def _watch_stdin(stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def until_closed() -> None:
        await reader.read()
        stopped.set()

    stopped.__dict__["stdin"] = asyncio.create_task(until_closed())
