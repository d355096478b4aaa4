"""A backlog of the largest events of control characters through the whole system: memory, and the event loop.

``python -m benchmarks.hostile [--events N] [--apart]``: N events of 1,040,000 NULs lie in one partition, with
good events between them, when the functions start. Fails when a worker's memory passes 512 MB, or an event is
lost. ``--apart``: a host for each of the two functions, as Flex Consumption scales them. A worker's memory is
its peak as the kernel counts it (VmHWM); the pause of its event loop is the longest time until it answered
for a page that it has in memory, on whatever else this machine does.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from benchmarks.beside import repeatedly
from devstack.stack import FunctionsHost, Ports, Stack
from tests.support.devices import Device
from tests.support.waiting import finished
from vendctl.account import take
from vendctl.commands.program import wired
from vendctl.local.system import HUBS, ROOT, environment
from vendctl.progress import Progress
from vendctl.provision import provision

BODY = bytes(1_040_000)
GOOD = 20
"""Events of an honest machine among them."""
MEMORY_MB, PATIENCE, PAUSE = 512, 1_500.0, 0.05
FUNCTIONS = ("ingest_telemetry", "archive_telemetry")


@dataclass
class Watch:
    """What was seen of the hosts from outside."""

    hosts: list[FunctionsHost]
    peaks: dict[str, int] = field(default_factory=dict)
    longest_answer: float = 0.0

    def look(self) -> None:
        """Once: each host's and worker's peak in MB, and how long an answer took."""
        for host in self.hosts:
            with urlopen(f"{host.url}/admin/host/status", timeout=60) as answer:  # noqa: S310 - our own host
                workers = json.loads(answer.read())["workers"]
            for name, pid in (("host", host.pid), *(("worker", pid) for pid in workers)):
                key = f"{name} {host.port}"
                self.peaks[key] = max(self.peaks.get(key, 0), peak_mb(pid))


def peak_mb(pid: int) -> int:
    """The highest resident memory that a process ever had; 0 for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def asked(watch: Watch, url: str) -> None:
    """Ask for a page, and note how long that took."""
    begun = time.perf_counter()
    with urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own host
        answer.read()
    watch.longest_answer = max(watch.longest_answer, time.perf_counter() - begun)


async def send(connection: str, count: int) -> None:
    """Into partition 3, one by one."""
    device = Device("hostile-neighbour")
    async with EventHubProducerClient.from_connection_string(
        connection, eventhub_name="telemetry"
    ) as producer:
        for number in range(count):
            await producer.send_batch([EventData(BODY)], partition_id="3")
            if number % max(count // GOOD, 1) == 0:
                await producer.send_batch([EventData(device.vend())], partition_id="3")


def run(folder: Path, count: int, apart: bool) -> dict[str, Any]:
    """The figures of one run."""
    found: dict[str, Any] = {"events": count, "hosts": 2 if apart else 1}
    with Stack.start(folder, ports=Ports.free(None), hubs_config=HUBS, progress=Progress().say) as stack:
        settings = environment(stack, {})
        os.environ.update(settings)
        asyncio.run(provision(settings))
        asyncio.run(send(stack.eventhubs_connection, count))
        begun = time.monotonic()
        words = [["--only", name] for name in FUNCTIONS] if apart else [[]]
        hosts = [
            stack.start_functions(ROOT, settings=settings, arguments=one, log=folder / f"{n}.log")
            for n, one in enumerate(words)
        ]
        watch = Watch(hosts)
        if apart:
            finished(settings, PATIENCE)
        else:
            with repeatedly(lambda: asked(watch, f"{hosts[0].url}/dashboard"), PAUSE):
                finished(settings, PATIENCE)
            found["longest_answer_s"] = round(watch.longest_answer, 2)
        found["seconds"] = round(time.monotonic() - begun, 1)
        watch.look()
        found["peak_mb"] = watch.peaks
        found["account"] = wired(take(settings)).figures()
    return found


def main(argv: list[str]) -> int:
    """One line of JSON at the end; 1 where a worker took too much, or something is lost."""
    options = argparse.ArgumentParser(prog="benchmarks.hostile", description=__doc__)
    options.add_argument("--events", type=int, default=500)
    options.add_argument("--apart", action="store_true", help="a host for each function")
    asked = options.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), asked.events, asked.apart)
    print(json.dumps(found))
    worst = max(mb for name, mb in found["peak_mb"].items() if name.startswith("worker"))
    account = found["account"]
    right = account["lost"] == account["doubled"] == 0 and account["deadLettered"] > 0
    return 0 if worst < MEMORY_MB and right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
