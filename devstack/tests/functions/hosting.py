"""A host of the sample app as a process, the services under it, and what its functions recorded."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from azure.cosmos import CosmosClient
from azure.eventhub import EventData, EventHubProducerClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import (
    QueueClient,
    QueueServiceClient,
    TextBase64DecodePolicy,
    TextBase64EncodePolicy,
)

ROOT = Path(__file__).parents[3]
SAMPLE = Path(__file__).parent / "sample_app"
PATIENCE = 60.0


def wait_for[T](condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """Poll until ``condition`` gives something true, and return it."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {patience:.0f} s"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Server:
    """A server of the local stack."""

    process: "subprocess.Popen[bytes]"
    port: int


def serve(part: str, folder: Path, *words: str) -> Server:
    """Start ``python -m devstack PART`` on a free port and wait until it listens."""
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "devstack.serve",
            part,
            "--port",
            "0",
            "--data",
            str(folder / "data"),
            *words,
            "--ready-file",
            str(ready),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )

    def listening() -> bool:
        assert process.poll() is None, f"{part} ended with {process.returncode}"
        return ready.exists()

    wait_for(listening, f"{part} listens")
    return Server(process, int(json.loads(ready.read_text())["port"]))


@dataclass(frozen=True)
class Services:
    """Connection strings of the services below."""

    storage: str
    events: str = ""
    cosmos: str = ""


@dataclass
class Hosted:
    """One host process. ``settings`` are its app settings; functions record into ``records``."""

    folder: Path
    services: Services
    prefix: str
    app: Path = SAMPLE
    settings: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    port: int = 0

    def environment(self) -> dict[str, str]:
        """Names of hubs, queues and the host id are this test's own;"""
        own = {
            "AzureWebJobsStorage": self.services.storage,
            "EVENTS": self.services.events,
            "COSMOS": self.services.cosmos,
            "HUB": self.prefix,
            "DATABASE": self.prefix,
            "PREFIX": self.prefix,
            "AzureFunctionsWebHost__hostid": self.prefix,
            "RECORD": str(self.folder / "records.jsonl"),
            "AzureFunctionsJobHost__extensions__eventHubs__loadBalancingUpdateInterval": "00:00:00.500",
            "AzureFunctionsJobHost__extensions__eventHubs__partitionOwnershipExpirationInterval": "00:00:03",
            "AzureFunctionsJobHost__singleton__listenerLockPeriod": "00:00:15",
            "AzureFunctionsJobHost__singleton__listenerLockRecoveryPollingInterval": "00:00:00.500",
            "DEVSTACK_BLOB_SCAN_SECONDS": "0.1",
        }
        return {**os.environ, **own, **self.settings}

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start the process, without waiting for it; stderr goes to ``log``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ready.json").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "devstack.serve", "functions", str(self.app), "--port",
                 str(self.port), "--ready-file", str(self.folder / "ready.json"), *self.words],
                cwd=ROOT, env=self.environment(), stderr=log, stdout=log,
            )  # fmt: skip
        return self.process

    def start(self) -> "Hosted":
        """Start, and wait until every trigger listens."""
        process = self.launch()

        def listening() -> bool:
            assert process.poll() is None, f"the host ended with {process.returncode}:\n{self.log()}"
            return (self.folder / "ready.json").exists()

        try:
            wait_for(listening, "the host listens")
        except AssertionError as error:
            raise AssertionError(f"{error}; its log:\n{self.log()[-6000:]}") from error
        self.port = int(json.loads((self.folder / "ready.json").read_text())["port"])
        return self

    def log(self) -> str:
        """Everything the host and its workers wrote."""
        return (self.folder / "log").read_text()

    def records(self, function: str) -> list[dict[str, Any]]:
        """What one function recorded, oldest first."""
        path = self.folder / "records.jsonl"
        # The last line may be half written.
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [one for one in map(json.loads, lines) if one["function"] == function]

    def bodies(self, function: str) -> list[str]:
        """All event bodies a function recorded."""
        return [body for one in self.records(function) for body in one["bodies"]]

    def await_records(self, function: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many records."""

        def enough() -> list[dict[str, Any]]:
            found = self.records(function)
            return found if len(found) >= count else []

        try:
            return wait_for(enough, f"{count} records of {function}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the host's log:\n{self.log()[-6000:]}") from error

    def request(
        self, path: str, data: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, Message, bytes]:
        """One HTTP request: status, headers, body. Underscores in header names become dashes."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def status(self) -> dict[str, Any]:
        """``/admin/host/status``."""
        found: dict[str, Any] = json.loads(self.request("/admin/host/status")[2])
        return found

    def stop(self) -> int:
        """SIGTERM and the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def send(self, bodies: list[str | bytes], **place: Any) -> None:
        """Send one batch of events to the test's hub."""
        client = EventHubProducerClient.from_connection_string(
            self.services.events, eventhub_name=self.prefix
        )
        with client:
            batch = client.create_batch(**place)
            for body in bodies:
                event = EventData(body)
                event.properties = {"n": len(body), "at": "here"}
                batch.add(event)
            client.send_batch(batch)

    def checkpoints(self, group: str) -> dict[str, int]:
        """Sequence number of the checkpoint, by partition."""
        with BlobServiceClient.from_connection_string(self.services.storage) as service:
            container = service.get_container_client("azure-webjobs-eventhub")
            blobs = container.list_blobs(f"localhost/{self.prefix}/{group}/checkpoint/", include=["metadata"])
            return {blob.name.rsplit("/", 1)[1]: int(blob.metadata["sequencenumber"]) for blob in blobs}

    def queue(self, name: str) -> QueueClient:
        """A queue of the test, base64 as the platform's default, made when it is missing."""
        client = QueueClient.from_connection_string(
            self.services.storage, f"{self.prefix}-{name}",
            message_encode_policy=TextBase64EncodePolicy(), message_decode_policy=TextBase64DecodePolicy(),
        )  # fmt: skip
        with QueueServiceClient.from_connection_string(self.services.storage) as service:
            if f"{self.prefix}-{name}" not in [one.name for one in service.list_queues()]:
                client.create_queue()
        return client

    def cosmos(self) -> CosmosClient:
        """A client of the account."""
        return CosmosClient.from_connection_string(self.services.cosmos)
