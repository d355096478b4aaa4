"""Figures of the Functions host: start-up until all triggers listen, an invocation, a backlog, rest.

``python -m benchmarks.host`` runs the sample app of devstack's tests on its own servers, prints one object,
``{"figures": [{"name", "value", "unit"}]}``. Times are wall clock, CPU is host plus workers.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from azure.cosmos import PartitionKey
from azure.eventhub import EventData, EventHubProducerClient

from devstack import azurite
from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.ports import free_port
from devstack.tests.functions.hosting import Hosted, Services, serve, wait_for

REQUESTS = 300
MESSAGES = 100
EVENTS = 6500
REST = 5.0
# The tests shorten these; figures are those of the defaults.
_EVENT_HUBS = "AzureFunctionsJobHost__extensions__eventHubs__"
USUAL = {
    f"{_EVENT_HUBS}loadBalancingUpdateInterval": "00:00:10",
    f"{_EVENT_HUBS}partitionOwnershipExpirationInterval": "00:00:30",
    "AzureFunctionsJobHost__singleton__listenerLockRecoveryPollingInterval": "00:00:05",
    "DEVSTACK_BLOB_SCAN_SECONDS": "1",
}


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """Azurite, Event Hubs and Cosmos DB on free ports."""
    ports = azurite.Ports(free_port(), free_port())
    stores = azurite.start(ports, folder / "azurite")
    servers = []
    try:
        for part in ("eventhubs", "cosmos"):
            (folder / part).mkdir()
            servers.append(serve(part, folder / part))
        yield Services(
            azurite.connection_string(ports),
            f"Endpoint=sb://localhost:{servers[0].port};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;",
            f"AccountEndpoint=http://127.0.0.1:{servers[1].port}/;AccountKey={WELL_KNOWN_KEY};",
        )
    finally:
        for server in servers:
            server.process.terminate()
            server.process.wait(20)
        azurite.stop(stores)


def cpu_seconds(host: Hosted) -> float:
    """CPU time of the host and its workers so far."""
    assert host.process is not None
    ticks = 0
    for pid in (host.process.pid, *host.status()["workers"]):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def new_host(folder: Path, used: Services, *words: str, **settings: str) -> Hosted:
    """A host with names of its own, not started."""
    prefix = f"b{uuid.uuid4().hex[:10]}"
    return Hosted(folder / prefix, used, prefix, words=("--quiet", *words), settings=USUAL | settings)


def start_up(folder: Path, used: Services) -> Iterator[tuple[str, float, str]]:
    """The whole sample app, every trigger; then its CPU at rest."""
    host = new_host(folder, used)
    with host.cosmos() as client:
        client.create_database(host.prefix).create_container("items", PartitionKey("/pk"))
    began = time.monotonic()
    host.start()
    yield "host.start_up", time.monotonic() - began, "s"
    before = cpu_seconds(host)
    # A listener at rest is measured over a stretch of time; there is nothing to wait for.
    time.sleep(REST)
    yield "host.rest_cpu", (cpu_seconds(host) - before) / REST * 100, "% of a core"
    began = time.monotonic()
    host.stop()
    yield "host.drain", time.monotonic() - began, "s"


def http(folder: Path, used: Services) -> Iterator[tuple[str, float, str]]:
    """Median of single requests, asynchronous and synchronous functions."""
    host = new_host(folder, used, "--only", "echo", "text").start()
    for name, path in (("http_async", "/api/echo/1/x"), ("http_sync", "/api/text")):
        took = []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            host.request(path)
            took.append(time.perf_counter() - began)
        yield f"host.{name}", statistics.median(took) * 1000, "ms"
    host.stop()


def queue(folder: Path, used: Services) -> Iterator[tuple[str, float, str]]:
    """Messages waiting, each with an output message."""
    host = new_host(folder, used, "--only", "work")
    with host.queue("work") as client:
        for number in range(MESSAGES):
            client.send_message(f"m{number}")
    host.start()
    began = time.monotonic()
    wait_for(lambda: len(host.records("work")) >= MESSAGES, "the messages", 120)
    yield "host.queue_messages", MESSAGES / (time.monotonic() - began), "1/s"
    host.stop()


def events(folder: Path, used: Services) -> Iterator[tuple[str, float, str]]:
    """A backlog in four partitions, from listening until the last event was seen; the latency of a single
    event.
    """
    host = new_host(folder, used, "--only", "plain_batch")
    for partition in "0123":
        for start in range(0, EVENTS // 4, 500):
            bodies: list[str | bytes] = [f"{n:0300d}" for n in range(start, min(start + 500, EVENTS // 4))]
            host.send(bodies, partition_id=partition)
    host.start()
    began = time.monotonic()
    before = cpu_seconds(host)
    wait_for(lambda: len(host.bodies("plain_batch")) >= EVENTS, "the backlog", 120)
    took = time.monotonic() - began
    yield "host.backlog", EVENTS / took, "events/s"
    yield "host.backlog_cpu", (cpu_seconds(host) - before) / EVENTS * 1e6, "us/event"
    latencies = []
    with EventHubProducerClient.from_connection_string(used.events, eventhub_name=host.prefix) as producer:
        for number in range(20):
            began = time.monotonic()
            producer.send_batch([EventData(f"live-{number}")], partition_id="0")
            wait_for(partial(_arrived, host, f"live-{number}"), "a live event")
            latencies.append(time.monotonic() - began)
    yield "host.live_event", statistics.median(latencies[1:]) * 1000, "ms"
    host.stop()


def _arrived(host: Hosted, body: str) -> bool:
    return body in host.bodies("plain_batch")


def main() -> int:
    """Print the figures."""
    parts: tuple[Callable[[Path, Services], Iterator[tuple[str, float, str]]], ...] = (
        start_up,
        http,
        queue,
        events,
    )
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, services(Path(folder)) as used:
        for part in parts:
            for name, value, unit in part(Path(folder), used):
                figures.append({"name": name, "value": round(value, 3), "unit": unit})
    print(json.dumps({"figures": figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
