"""Azure.Messaging.EventHubs for .NET, the client of the Functions host, against the Event Hubs server."""

import contextlib
import shlex
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.tests.dotnet.peer import HERE, program, run
from devstack.tests.eventhubs.serving import Served, serving

ASK = """
import socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect(sys.argv[1])
sys.exit(asking.recv(1) != b"0")
"""


@contextlib.contextmanager
def restarts(served: Served, path: Path) -> Iterator[str]:
    """A shell command that ends the server and starts it again on its port; it returns when it listens."""

    class Restart(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            served.stop()
            served.start()
            self.request.sendall(b"0")

    with socketserver.UnixStreamServer(str(path), Restart) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield shlex.join([sys.executable, "-c", ASK, str(path)])
        server.shutdown()


@pytest.mark.timeout(600)
def test_the_dotnet_client(tmp_path: Path, storage: str) -> None:
    program(tmp_path)
    folder = tmp_path / "hub"
    folder.mkdir()
    with (
        serving(folder, "--config", str(HERE / "hubs.json"), control=True) as served,
        restarts(served, tmp_path / "restart") as command,
    ):
        words = ["--eventhubs", served.connection_string, "--hub", "telemetry", "--storage", storage]
        found = run(tmp_path, [*words, "--control", str(folder / "control"), "--restart", command])
    assert not found.wrong, "\n".join(found.wrong)
    assert len(found.passed) > 80
