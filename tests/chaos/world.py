"""The system that is put under faults: all its processes, each within reach of a signal."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from devstack.stack import FunctionsHost, Ports, Stack
from tests.support.webhook_receiver import Answer, WebhookReceiver
from vendctl.local.system import HUBS, ROOT, environment
from vendctl.provision import provision

REFUSED, SLOW, CUT = 0.15, 0.20, 0.25
"""Up to these shares of the posts: 503; taken, three seconds late; taken, and no answer."""
LAST_LINES = 60
"""Of each log, where something went wrong."""
_HOST = "AzureFunctionsJobHost__extensions__"
SETTINGS = {
    "ROLL_UP_SCHEDULE": "*/5 * * * * *",
    "COMPACT_SCHEDULE": "*/20 * * * * *",
    "SWEEP_SCHEDULE": "*/15 * * * * *",
    f"{_HOST}eventHubs__maxWaitTime": "00:00:01",
    f"{_HOST}eventHubs__loadBalancingUpdateInterval": "00:00:01",
    f"{_HOST}eventHubs__partitionOwnershipExpirationInterval": "00:00:05",
    f"{_HOST}queues__maxPollingInterval": "00:00:00.200",
}


class World:
    """A stack with a host on it. ``say`` is told what happens."""

    def __init__(self, data: Path, seed: int, say: Callable[[str], None]) -> None:
        self.data, self.say = data, say
        self.random = random.Random(seed)
        self.receiver = WebhookReceiver(often_ill(seed))
        # A Unix socket's path has little room.
        self._socket = Path(os.path.relpath(data / "eh.sock"))
        options = {"cosmos": ["--control"], "eventhubs": ["--control", str(self._socket)]}
        self.stack = Stack.start(data, ports=Ports.free(), hubs_config=HUBS, options=options, progress=say)
        settings = SETTINGS | {"NOTIFY_WEBHOOK_URL": self.receiver.url}
        self.environment = environment(self.stack, settings, apart=True)
        self.hosts: list[FunctionsHost] = []
        asyncio.run(provision(self.environment))
        self.start_host()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, fault: type[BaseException] | None, *_: object) -> None:
        if fault is not None:
            self._tell_logs()
        self.stack.stop()
        self.receiver.close()

    def _tell_logs(self) -> None:
        """What the parts said last, beside invocations that succeeded: the folder may be gone by tomorrow."""
        for log in sorted(self.data.glob("*.log"), key=lambda log: log.stat().st_mtime):
            lines = log.read_text(errors="replace").splitlines()
            last = [line[:400] for line in lines if "(Succeeded" not in line][-LAST_LINES:]
            self.say("\n".join([f"--- the end of {log.name}:", *last]))

    def start_host(self) -> FunctionsHost:
        """One more host, with a log of its own."""
        log = self.data / f"functions-{len(list(self.data.glob('functions-*.log')))}.log"
        host = self.stack.start_functions(ROOT, settings=self.environment, log=log)
        self.hosts.append(host)
        return host

    def living(self) -> list[FunctionsHost]:
        """Hosts that run."""
        return [host for host in self.hosts if host.process.poll() is None]

    def end_host(self, host: FunctionsHost, *, killed: bool) -> None:
        """SIGKILL, or SIGTERM and its time to finish."""
        if killed:
            host.kill()
        else:
            host.stop()
        self.hosts.remove(host)
        self.stack.hosts.remove(host)

    def kill_part(self, name: str) -> None:
        """SIGKILL for ``eventhubs`` or ``cosmos``."""
        part = self.stack.parts.pop(name)
        part.kill()
        part.wait()
        self.stack.guard.forget(part.pid)

    def whole(self) -> None:
        """Start what does not run; a part that ended by itself is an error of ours."""
        for name, start in (("eventhubs", self.stack.start_eventhubs), ("cosmos", self.stack.start_cosmos)):
            part = self.stack.parts.get(name)
            if part is not None and part.poll() is not None:
                raise RuntimeError(f"{name} ended by itself with code {part.returncode}")
            if part is None:
                start()
        if not self.living():
            self.start_host()

    def cosmos(self, **action: Any) -> None:
        """An order to the Cosmos DB server's control API; one that is killed just now takes none."""
        if "cosmos" not in self.stack.parts:
            return
        address = f"http://127.0.0.1:{self.stack.ports.cosmos}/_control"
        body = json.dumps(action).encode()
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=60) as answer:
            answer.read()

    def eventhubs(self, **action: Any) -> None:
        """An order to the Event Hubs server's control socket; one that is killed just now takes none."""
        if "eventhubs" not in self.stack.parts:
            return
        with socket.socket(socket.AF_UNIX) as found:
            found.settimeout(10)
            found.connect(str(self._socket))
            found.sendall(json.dumps(action).encode() + b"\n")
            found.makefile().readline()

    def run(self, program: str, *words: str, patience: float = 600) -> subprocess.CompletedProcess[str]:
        """``PROGRAM WORDS`` as a person would run it against this system."""
        return subprocess.run(
            [str(Path(sys.executable).with_name(program)), *words],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )


def often_ill(seed: int) -> Callable[[], Answer]:
    """A webhook that refuses some posts, and takes others late or without a word."""
    chance = random.Random(seed)

    def answer() -> Answer:
        luck = chance.random()
        if luck < REFUSED:
            return Answer(503)
        return Answer(seconds=3) if luck < SLOW else Answer(hangs_up=luck < CUT)

    return answer


def workers(host: FunctionsHost) -> list[int]:
    """Process ids of a host's workers."""
    try:
        text = Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def signalled(pids: list[int], number: signal.Signals) -> None:
    """Send a signal; who is gone already needs none."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
