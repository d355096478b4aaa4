"""Starts and stops servers for these tests, and speaks their control API."""

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from azure.cosmos import CosmosClient

from devstack.cosmos.auth import WELL_KNOWN_KEY, signature, signed_resource


@dataclass
class Serving:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path

    @property
    def url(self) -> str:
        """The account's endpoint."""
        return f"http://127.0.0.1:{self.port}/"

    def client(self, **options: Any) -> CosmosClient:
        """A synchronous client."""
        return CosmosClient(self.url, WELL_KNOWN_KEY, **options)

    def control(self, **actions: Any) -> dict[str, Any]:
        """One call of the control API."""
        request = urllib.request.Request(f"{self.url}_control", json.dumps(actions).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    @contextmanager
    def standing(self) -> Iterator[None]:
        """The clock stands still in there: what lives whole seconds ends when ``advance`` says so."""
        self.control(stand=True)
        try:
            yield
        finally:
            self.control(stand=False)

    def signed(
        self, verb: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """A signed request below the SDK, which checks or rewrites some things itself: status, headers, JSON.

        Underscores in header names become dashes; ``body`` may be bytes or anything JSON.
        """
        kind, link = signed_resource(path)
        date = formatdate(usegmt=True)
        signed = signature(base64.b64decode(WELL_KNOWN_KEY), verb, kind, unquote(link), date)
        sent = {"x-ms-date": date, "authorization": quote(f"type=master&ver=1.0&sig={signed}", safe="")}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path.strip("/"), data, sent, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), json.loads(error.read() or b"null")

    def stop(self) -> int:
        """SIGTERM and the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(60)


def start(data: Path, *options: str, port: int = 0) -> Serving:
    """Start a server and wait until it listens."""
    data.mkdir(parents=True, exist_ok=True)
    ready = data / "ready.json"
    ready.unlink(missing_ok=True)
    words = ["cosmos", "--port", str(port), "--data", str(data), "--ready-file", str(ready), *options]
    process = subprocess.Popen([sys.executable, "-m", "devstack.serve", *words], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RuntimeError(f"the server did not start (exit {process.returncode})")
        time.sleep(0.02)
    return Serving(process, json.loads(ready.read_text())["port"], data)
