"""Servers for tests: real processes on free ports, and a few steps every test of them takes."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
KEY = "SAS_KEY_VALUE"
POLICY = "RootManageSharedAccessKey"


def connection_string(port: int, policy: str = POLICY, key: str = KEY) -> str:
    """The official emulator's form."""
    return (
        f"Endpoint=sb://localhost:{port};SharedAccessKeyName={policy};SharedAccessKey={key};"
        "UseDevelopmentEmulator=true;"
    )


def wait_for(condition: Callable[[], Any], patience: float = 60.0, what: str = "the condition") -> Any:
    """Poll until ``condition`` gives something true, and return it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise TimeoutError(f"{what} did not come true within {patience:.0f} s")


@dataclass
class Served:
    """A server process; ``options`` are its command-line words besides port, data and ready file."""

    folder: Path
    options: list[str] = field(default_factory=list)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def connection_string(self) -> str:
        """For the SDKs."""
        return connection_string(self.port)

    def start(self) -> "Served":
        """Run it and wait until it listens; a second start keeps the port."""
        ready = self.folder / "ready.json"
        with contextlib.suppress(FileNotFoundError):
            ready.unlink()
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "devstack.serve", "eventhubs", "--port", str(self.port), "--data",
                    str(self.data), "--ready-file", str(ready), *self.options,
                ],
                cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        wait_for(lambda: ready.exists() or self.process.poll() is not None, what=f"{self.folder}/ready.json")  # type: ignore[union-attr]
        if not ready.exists():
            raise RuntimeError(self.output())
        self.port = json.loads(ready.read_text())["port"]
        return self

    def output(self) -> str:
        """All it printed so far."""
        return (self.folder / "log").read_text()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self.end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.end(signal.SIGKILL)

    def end(self, number: int) -> int:
        """Send a signal and wait."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def control(self, **command: Any) -> dict[str, Any]:
        """One command on the control socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.folder / "control"))
            s.sendall(json.dumps(command).encode() + b"\n")
            with s.makefile("rb") as file:
                answer: dict[str, Any] = json.loads(file.readline())
        assert "error" not in answer, answer
        return answer


@contextlib.contextmanager
def serving(folder: Path, *options: str, control: bool = False) -> Iterator[Served]:
    """A server for the length of a with block; it must end by itself or by SIGTERM, with exit code 0."""
    words = [*options, "--control", str(folder / "control")] if control else list(options)
    served = Served(folder, words)
    served.start()
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            code = served.stop()
            assert code == 0, served.output()
