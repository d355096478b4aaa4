"""Each GET route of the API beside one that does nothing: p50, p99 and CPU of a request, one at a time.

``python -m benchmarks.api [--json] [--requests N]``. The routes are those that are declared, with the
examples of the OpenAPI document for their parameters, on a host that runs nothing else; of a fleet of sixty
machines that have sent something. CPU is of the host and its workers, not of the stores. The one that does
nothing is ``/``: it answers with a redirect.
"""

import argparse
import http.client
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import function_app  # noqa: F401 - declares the routes
from benchmarks.endurance import percentile
from benchmarks.meter import Beside, Figure, figure, tell
from blueprints.openapi import encoded
from blueprints.routes import ROUTES
from devstack.stack import FunctionsHost
from tests.support.devices import Device, send
from tests.support.waiting import finished
from vendctl.local.system import ROOT, System, system

MACHINES = 60
BEFORE = 10
"""Requests that are not measured: first reads, connections."""
TRIVIAL = "/"


class Took(NamedTuple):
    """Of a request: milliseconds of the clock, and of CPU."""

    p50: float
    p99: float
    cpu: float


def paths() -> dict[str, str]:
    """Function → address of each operation that reads, with the document's examples."""
    told: dict[str, dict[str, Any]] = json.loads(encoded())["paths"]
    found = {}
    for path, operations in told.items():
        if operation := operations.get("get"):
            asked = operation.get("parameters", [])
            query = {one["name"]: example(one) for one in asked if one["in"] == "query" and one["required"]}
            names = {one["name"]: quote(example(one), safe="~") for one in asked if one["in"] == "path"}
            address = re.sub(r"{(\w+)}", lambda name, names=names: names[name[1]], path)  # type: ignore[misc]
            found[operation["operationId"]] = address + (f"?{urlencode(query)}" if query else "")
    return found


def example(parameter: dict[str, Any]) -> str:
    """Of a parameter: its own, or what its schema shows."""
    schema = parameter["schema"]
    shown = [parameter.get("example"), *schema.get("examples", ()), *schema.get("enum", ())]
    return str(
        next((one for one in (*shown, schema.get("default"), schema.get("minimum")) if one is not None), "x")
    )


def cpu_ms(host: FunctionsHost, workers: list[int]) -> float:
    """CPU time of the host and its workers so far."""
    ticks = 0
    for pid in (host.pid, *workers):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") * 1000


def asked(host: FunctionsHost, path: str) -> tuple[int, bytes]:
    """Status and body of one request."""
    connection = http.client.HTTPConnection("localhost", host.port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def took(host: FunctionsHost, path: str, requests: int) -> Took:
    """Of that many requests. Raises RuntimeError for a status that tells of a wrong question or a fault."""
    workers = json.loads(asked(host, "/admin/host/status")[1])["workers"]
    seconds: list[float] = []
    for number in range(BEFORE + requests):
        if number == BEFORE:
            before = cpu_ms(host, workers)
        began = time.perf_counter()
        status, _ = asked(host, path)
        seconds.append(time.perf_counter() - began)
        if status == 400 or status >= 500:
            raise RuntimeError(
                f"{path} is answered with {status}: see its example in vending/openapi/parts.py"
            )
    measured = seconds[BEFORE:]
    cpu = (cpu_ms(host, workers) - before) / requests
    return Took(percentile(measured, 0.5) * 1000, percentile(measured, 0.99) * 1000, cpu)


@contextmanager
def filled() -> Iterator[FunctionsHost]:
    """A host of the HTTP routes alone, and a fleet behind it."""
    with tempfile.TemporaryDirectory() as folder, system(Path(folder), {}, quiet, port=0) as running:
        fill(running)
        host = running.stack.start_functions(
            ROOT, settings=running.environment, arguments=["--only", *ROUTES]
        )
        try:
            yield host
        finally:
            host.stop()
            running.stack.hosts.remove(host)


def fill(running: System) -> None:
    """What sixty machines send in a while."""
    fleet = [Device(f"vm-{number:05d}") for number in range(MACHINES)]
    batches = [
        (one.name, [one.level(9), *(one.vend() for _ in range(9)), one.temperature()]) for one in fleet
    ]
    send(running.stack.eventhubs_connection, "telemetry", batches)
    finished(running.environment)


def quiet(_: str) -> None:
    """What the stack says of its start."""


def figures(requests: int) -> list[Figure]:
    """Three for each route."""
    found: list[Figure] = []
    with filled() as host:
        bare = took(host, TRIVIAL, requests)
        for name, path in paths().items():
            ours = took(host, path, requests)
            for what, unit in (("p50", "ms"), ("p99", "ms"), ("cpu", "ms CPU")):
                beside = Beside("a redirect", max(getattr(bare, what), 0.001))
                found.append(figure(f"api.{name}.{what}", getattr(ours, what), unit, beside))
    return found


def main(argv: list[str]) -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--requests", type=int, default=300, help="of each route")
    options = parser.parse_args(argv)
    tell(figures(options.requests), as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
