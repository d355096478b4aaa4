"""The local stack as one object: Azurite, Event Hubs, Cosmos DB, and Functions hosts on them; mail if wanted.

All of it are child processes on loopback with their data below one folder. They end with :meth:`Stack.stop`,
and also when the process that started them dies (:mod:`devstack.guard`).
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from devstack import azurite
from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.ports import BLOB, COSMOS, EVENTHUBS, MAILS, QUEUE, SMTP, free_port
from devstack.signals import uninterrupted

PATIENCE = 60.0
"""Seconds until a part must listen."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen; the defaults are those that ``local.settings.json`` files name."""

    eventhubs: int = EVENTHUBS
    cosmos: int = COSMOS
    blob: int = BLOB
    queue: int = QUEUE
    smtp: int = SMTP
    mails: int = MAILS
    """The page that shows them."""

    @classmethod
    def free(cls, preferred: Self | None = None) -> Self:
        """Free ports; the preferred ones where nothing holds them."""
        wanted = preferred or cls(0, 0, 0, 0, 0, 0)
        return cls(*map(free_port, astuple(wanted)))


@dataclass
class Part:
    """A child process and where it said that it listens."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]


class FunctionsHost:
    """A Functions host that listens."""

    def __init__(self, part: Part, guard: "Guard") -> None:
        self.process = part.process
        self.port = int(part.ready["port"])
        self.pid = part.process.pid
        self.functions: list[str] = part.ready["functions"]
        self._guard = guard

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://localhost:{self.port}"

    def stop(self, patience: float = 45) -> None:
        """Let running invocations end, then end it."""
        end(self.process, patience)
        self._guard.forget(self.pid)

    def kill(self) -> None:
        """SIGKILL, as a crash; its workers notice and end."""
        self.process.kill()
        self.process.wait()
        self._guard.forget(self.pid)


class Guard:
    """The process that ends the children when this one dies."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devstack.guard"],
            stdout=subprocess.DEVNULL,
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def note(self, pid: int) -> None:
        """This one too."""
        self._tell(f"+{pid}")

    def forget(self, pid: int) -> None:
        """It has ended."""
        self._tell(f"-{pid}")

    def close(self) -> None:
        """Nothing is left to guard."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait()

    def _tell(self, line: str) -> None:
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()


@dataclass
class Stack:
    """Azurite, Event Hubs and Cosmos DB, running."""

    data: Path
    ports: Ports
    hubs_config: Path | None
    options: Mapping[str, Sequence[str]]
    progress: Callable[[str], None]
    guard: Guard
    lock: IO[str]
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    storage: list[subprocess.Popen[bytes]] = field(default_factory=list)
    hosts: list[FunctionsHost] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        ports: Ports | None = None,
        hubs_config: Path | None = None,
        options: Mapping[str, Sequence[str]] | None = None,
        progress: Callable[[str], None] = print,
    ) -> Self:
        """Start all three. ``options``: more words for ``eventhubs``, ``cosmos`` or ``mail``, which
        :meth:`start_mail` starts where it is wanted. Raises RuntimeError."""
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        lock = locked(data)
        chosen = ports or Ports.free()
        stack = cls(data, chosen, hubs_config, options or {}, progress, Guard(), lock)
        try:
            stack.start_storage()
            stack.start_eventhubs()
            stack.start_cosmos()
        except BaseException:
            stack.stop()
            raise
        return stack

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def storage_connection(self) -> str:
        """Blobs and queues, in the well-known account."""
        return azurite.connection_string(azurite.Ports(self.ports.blob, self.ports.queue))

    @property
    def host_storage_connection(self) -> str:
        """The second account, for a host that keeps its own things apart from the app's, as in Azure."""
        ports = azurite.Ports(self.ports.blob, self.ports.queue)
        return azurite.connection_string(ports, azurite.HOST_ACCOUNT)

    @property
    def eventhubs_connection(self) -> str:
        """The namespace, by the emulator's well-known key."""
        return (
            f"Endpoint=sb://localhost:{self.ports.eventhubs};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
        )

    @property
    def eventhubs_http(self) -> str:
        """Where Event Hubs takes events by HTTP (``POST …/{hub}/messages``), without a slash at the end."""
        return f"http://localhost:{self.ports.eventhubs}"

    @property
    def cosmos_connection(self) -> str:
        """The account, by the emulator's well-known key."""
        return f"AccountEndpoint=http://localhost:{self.ports.cosmos}/;AccountKey={WELL_KNOWN_KEY};"

    @property
    def mails_url(self) -> str:
        """Where mails can be read, without a slash at the end; :meth:`start_mail` serves it."""
        return f"http://localhost:{self.ports.mails}"

    def start_storage(self) -> None:
        """Azurite."""
        self.progress(f"starting Azurite (blobs {self.ports.blob}, queues {self.ports.queue})")
        self.storage = azurite.start(
            azurite.Ports(self.ports.blob, self.ports.queue), self.data / "azurite", self.guard.note
        )

    def stop_storage(self) -> None:
        """Azurite, by SIGTERM: it saves what it acknowledged on the way out."""
        azurite.stop(self.storage)
        for process in self.storage:
            self.guard.forget(process.pid)
        self.storage = []

    def start_eventhubs(self) -> None:
        """The Event Hubs server."""
        config = ["--config", str(self.hubs_config)] if self.hubs_config else []
        self._start_server("eventhubs", self.ports.eventhubs, config)

    def start_cosmos(self) -> None:
        """The Cosmos DB server."""
        self._start_server("cosmos", self.ports.cosmos, [])

    def start_storage_events(self, container: str, queue: str) -> None:
        """What Event Grid does for a storage account: tell a queue of each blob that is written."""
        self.progress(f"telling the queue {queue} of what is written into {container}")
        words = ["--container", container, "--queue", queue, "--data", str(self.data / "storage-events")]
        words += ["--blob-port", str(self.ports.blob), "--queue-port", str(self.ports.queue)]
        self.parts["storage-events"] = self._launch("storage-events", words, os.environ, None).process

    def stop_cosmos(self) -> None:
        """End it; its port stays its own."""
        self._stop_server("cosmos")

    def start_mail(self) -> None:
        """The SMTP server; what it kept is there again."""
        self._start_server("mail", self.ports.smtp, ["--page-port", str(self.ports.mails)])

    def stop_mail(self) -> None:
        """End it; its ports stay its own."""
        self._stop_server("mail")

    def start_functions(
        self,
        app: Path,
        *,
        settings: Mapping[str, str] | None = None,
        port: int = 0,
        arguments: Sequence[str] = (),
        log: Path | None = None,
    ) -> FunctionsHost:
        """A host for an app folder; it listens when this returns. ``settings`` win over its own files."""
        words = [str(app.resolve()), "--port", str(free_port(port)), *arguments]
        part = self._launch("functions", words, os.environ | dict(settings or {}), log)
        host = FunctionsHost(part, self.guard)
        self.hosts.append(host)
        return host

    def stop(self) -> None:
        """Hosts first, then what they stand on; nothing is left, and no port."""
        for host in self.hosts:
            host.stop()
        self.hosts = []
        for name in list(self.parts):
            self._stop_server(name)
        self.stop_storage()
        self.guard.close()
        self.lock.close()

    def _start_server(self, name: str, port: int, words: Sequence[str]) -> None:
        self.progress(f"starting {name} ({port})")
        folder = self.data / name
        words = ["--port", str(port), "--data", str(folder), *words, *self.options.get(name, ())]
        self.parts[name] = self._launch(name, words, os.environ, None).process

    def _stop_server(self, name: str) -> None:
        process = self.parts.pop(name)
        end(process)
        self.guard.forget(process.pid)

    def _launch(
        self, name: str, words: Sequence[str], environment: Mapping[str, str], log: Path | None
    ) -> Part:
        ready = self.data / f"{name}.ready.json"
        ready.unlink(missing_ok=True)
        log = log or self.data / f"{name}.log"
        with log.open("ab") as output, uninterrupted():
            process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", "devstack.serve", name, *words, "--ready-file", str(ready)],
                env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
            self.guard.note(process.pid)
        try:
            return Part(process, wait_ready(name, process, ready, log))
        except BaseException:
            end(process)
            self.guard.forget(process.pid)
            raise


def locked(data: Path) -> IO[str]:
    """The folder's lock. Raises RuntimeError when another stack holds it."""
    file = (data / "stack.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        file.close()
        raise RuntimeError(f"another stack uses {data}: stop it, or name another folder") from fault
    return file


def wait_ready(name: str, process: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, Any]:
    """What the part wrote when it listened. Raises RuntimeError with the end of its log."""
    deadline = time.monotonic() + PATIENCE
    while not ready.exists():
        late = time.monotonic() > deadline
        if late or process.poll() is not None:
            how = (
                f"does not listen after {PATIENCE:.0f} s" if late else f"ended with code {process.returncode}"
            )
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"{name} {how}; the end of {log}:\n{last}")
        time.sleep(0.05)
    found: dict[str, Any] = json.loads(ready.read_text())
    return found


def end(process: subprocess.Popen[bytes], patience: float = 20) -> None:
    """SIGTERM and wait; SIGKILL for one that ignores it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
