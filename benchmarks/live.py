"""Live arrivals through the whole system: invocations and blob operations per 1,000 events, and latency.

``python -m benchmarks.live [--seconds S] [--rate R] [--json]``. Events arrive one by one, as a fleet of a few
thousand machines sends them (5,000 machines with 300 events a day are 17 events/s); first with the batch
window of host.json, then without one, which is the baseline: each arrival is an invocation. Latency is from
the moment a vend is handed to the SDK until the change feed shows it in its machine's stock document.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from benchmarks.meter import tell
from tests.support.devices import Device
from tests.support.waiting import finished
from vendctl.local.system import System, system
from vending import wiring

DEVICES = 60
OPERATIONS_OF_A_COMMIT = 3
"""Archiving a batch: get the block list, stage a block, commit the list."""
_HOST = "AzureFunctionsJobHost__extensions__eventHubs__"
NO_WINDOW = {f"{_HOST}minEventBatchSize": "1"}
LONGEST = 120.0
WINDOW_P99, BARE_P99, EVENTS_PER_INVOCATION = 20.0, 1.0, 10.0


@dataclass
class Sightings:
    """When each vend was sent, until it is seen; then how long that took."""

    sent: dict[str, list[float]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)
    _settled: dict[str, int] = field(default_factory=dict)

    def note(self, machine: str) -> None:
        """A vend of the machine is sent now."""
        self.sent.setdefault(machine, []).append(time.monotonic())

    def see(self, machine: str, vends: int) -> None:
        """The machine's stock counts so many vends now."""
        before, now = self._seen.get(machine, 0), time.monotonic()
        first = self._settled.get(machine, 0)
        self.latencies += [now - at for at in self.sent.get(machine, [])[before - first : vends - first]]
        self._seen[machine] = max(before, vends)

    def settle(self) -> None:
        """What was seen so far is not measured."""
        self.sent = {machine: [] for machine in self.sent}
        self._settled = dict(self._seen)
        self.latencies = []

    @property
    def waiting(self) -> bool:
        """Whether a vend was not seen yet."""
        return sum(map(len, self.sent.values())) > len(self.latencies)


async def watch(sightings: Sightings) -> None:
    """Read the change feed of the machines, over and over."""
    machines = wiring.machines()
    places: dict[str, str | None] = dict.fromkeys(await machines.ranges())
    while True:
        for one, continuation in places.items():
            found, places[one] = await machines.changes(one, continuation, 200)
            for body in found:
                if body["type"] == "stock":
                    sightings.see(body["machineId"], body["totals"].get("vends", 0))
        await asyncio.sleep(0.05)


async def arrivals(running: System, seconds: float, rate: float) -> tuple[int, list[float]]:
    """Send at the rate; how many events, and the seconds until each vend was visible."""
    fleet, sightings = [Device(f"live-{number}") for number in range(DEVICES)], Sightings()
    producer = EventHubProducerClient.from_connection_string(
        running.stack.eventhubs_connection, eventhub_name="telemetry"
    )
    watching = asyncio.create_task(watch(sightings))
    async with producer:
        sent = await warm_up(fleet, sightings, producer)
        first, begun = sent, time.monotonic()
        while (now := time.monotonic() - begun) < seconds:
            if sent - first >= now * rate:
                await asyncio.sleep(0.005)
                continue
            device = fleet[sent % DEVICES]
            selling = (sent // DEVICES + sent) % 4 == 0
            body = device.vend() if selling else device.temperature()
            if selling:
                sightings.note(device.machine)
            await producer.send_batch([EventData(body)], partition_key=device.name)
            sent += 1
    while sightings.waiting and time.monotonic() < begun + seconds + LONGEST:
        await asyncio.sleep(0.05)
        if watching.done():
            watching.result()
    watching.cancel()
    await wiring.close()
    if sightings.waiting:
        raise RuntimeError(f"vends that nobody saw {LONGEST:.0f} s after the last was sent")
    return sent, sightings.latencies


async def warm_up(fleet: list[Device], sightings: Sightings, producer: EventHubProducerClient) -> int:
    """One vend of each device, until all are seen: functions and connections are not measured cold."""
    for device in fleet:
        sightings.note(device.machine)
        await producer.send_batch([EventData(device.vend())], partition_key=device.name)
    async with asyncio.timeout(LONGEST):
        while sightings.waiting:  # noqa: ASYNC110 - what changes it is the feed of another process
            await asyncio.sleep(0.05)
    sightings.settle()
    return len(fleet)


async def blocks() -> int:
    """Blocks that the archive committed: one per batch and blob."""
    archive = wiring.archive_blobs()
    count = sum([len((await archive.blocks(name)).ids) async for name in archive.names("raw/")])
    await wiring.close()
    return count


@dataclass
class Run:
    """What one run came to."""

    sent: int
    latencies: list[float]
    committed: int
    invocations: dict[str, int]


def run(seconds: float, rate: float, settings: Mapping[str, str]) -> Run:
    """One run on a system of its own."""
    with tempfile.TemporaryDirectory() as folder, system(Path(folder), settings, _quiet, port=0) as running:
        os.environ.update(running.environment)
        sent, latencies = asyncio.run(arrivals(running, seconds, rate))
        finished(running.environment)
        log = (Path(folder) / "functions.log").read_text()
        committed = asyncio.run(blocks())
    names = ("ingest_telemetry", "archive_telemetry")
    return Run(sent, sorted(latencies), committed, {x: log.count(f"Functions.{x} (Succeeded") for x in names})


def figures(seconds: float, rate: float) -> list[dict[str, Any]]:
    """With the window, beside without."""
    live, bare = run(seconds, rate, {}), run(seconds / 2, rate, NO_WINDOW)
    found = []
    for name, count in live.invocations.items():
        figure = _beside(f"live.{name}.invocations_per_1000", 1000 * count / live.sent, "invocations",
                         1000 * bare.invocations[name] / bare.sent)  # fmt: skip
        target = 1000 / EVENTS_PER_INVOCATION
        found.append(figure | {"target": target, "met": figure["value"] <= target})
    operations = [OPERATIONS_OF_A_COMMIT * 1000 * one.committed / one.sent for one in (live, bare)]
    found.append(_beside("live.archive.blob_operations_per_1000", operations[0], "requests", operations[1]))
    found.append({"name": "live.rate", "value": rate, "unit": "events/s"})
    for name, one, target in (("live", live, WINDOW_P99), ("live.no_window", bare, BARE_P99)):
        p99 = statistics.quantiles(one.latencies, n=100, method="inclusive")[98]
        median = statistics.median(one.latencies)
        found += [
            {"name": f"{name}.latency.p50", "value": round(median, 2), "unit": "s"},
            {"name": f"{name}.latency.p99", "value": round(p99, 2), "unit": f"s of {len(one.latencies)}",
             "target": target, "met": p99 <= target},
        ]  # fmt: skip
    return found


def _beside(name: str, value: float, unit: str, bare: float) -> dict[str, Any]:
    return {
        "name": name, "value": round(value, 1), "unit": unit, "baseline": "no window",
        "baseline_value": round(bare, 1), "ratio": round(value / bare, 4),
    }  # fmt: skip


def _quiet(_: str) -> None:
    """Start-up lines are not part of the figures."""


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=17)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.seconds, asked.rate)
    tell(found, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
