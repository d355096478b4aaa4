"""Live arrivals through the whole system: invocations and blob operations per 1,000 events, and latency.

``python -m benchmarks.live [--seconds S] [--rate R] [--json]``. Events arrive one by one, as a fleet of a few
thousand machines sends them (5,000 machines with 300 events a day are 17 events/s), with the batch window of
host.json. Without a window each arrival is an invocation: that is the baseline. Latency is from the
acknowledged send of a vend until the machine's stock document shows it.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from tests.devices import Device
from tests.waiting import finished
from vendctl.local.system import System, system
from vending import wiring

DEVICES = 40
OPERATIONS_OF_A_COMMIT = 3
"""Archiving a batch: get the block list, stage a block, commit the list."""


async def arrivals(running: System, seconds: float, rate: float) -> tuple[int, list[float]]:
    """Send at the rate; how many events, and the seconds until each probe vend was visible."""
    fleet = [Device(f"live-{number}") for number in range(DEVICES)]
    probe, latencies = Device("live-probe"), []
    producer = EventHubProducerClient.from_connection_string(
        running.stack.eventhubs_connection, eventhub_name="telemetry"
    )
    sent, begun, seeing = 0, time.monotonic(), None
    async with producer:
        while (now := time.monotonic() - begun) < seconds:
            if sent >= now * rate:
                await asyncio.sleep(0.005)
                continue
            device = fleet[sent % DEVICES]
            body = device.vend() if sent % 3 == 0 else device.temperature()
            await producer.send_batch([EventData(body)], partition_key=device.name)
            sent += 1
            if seeing is None or seeing.done():
                if seeing:
                    latencies.append(seeing.result())
                await producer.send_batch([EventData(probe.vend())], partition_key=probe.name)
                sent += 1
                seeing = asyncio.create_task(visible(probe.ledger))
        if seeing:
            latencies.append(await seeing)
    await wiring.close()
    return sent, latencies


async def visible(vends: int) -> float:
    """Seconds until the probe's stock counts so many vends."""
    begun = time.monotonic()
    while True:
        stock = await wiring.machines().read("live-probe", "stock")
        if stock and stock.body["totals"].get("vends", 0) >= vends:
            return time.monotonic() - begun
        await asyncio.sleep(0.02)


async def blocks() -> int:
    """Blocks that the archive committed: one per batch and blob."""
    archive = wiring.archive_blobs()
    count = sum([len((await archive.blocks(name)).ids) async for name in archive.names("raw/")])
    await wiring.close()
    return count


def figures(seconds: float, rate: float) -> list[dict[str, Any]]:
    """One run on a system of its own."""
    with tempfile.TemporaryDirectory() as folder, system(Path(folder), {}, _quiet, port=0) as running:
        os.environ.update(running.environment)
        sent, latencies = asyncio.run(arrivals(running, seconds, rate))
        finished(running.environment)
        log = (Path(folder) / "functions.log").read_text()
        committed = asyncio.run(blocks())
    found = []
    for name in ("ingest_telemetry", "archive_telemetry"):
        each = 1000 * log.count(f"Functions.{name} (Succeeded") / sent
        found.append(
            {
                "name": f"live.{name}.invocations_per_1000", "value": round(each, 1), "unit": "invocations",
                "baseline": "one per event", "baseline_value": 1000.0, "ratio": round(each / 1000, 4),
            }
        )  # fmt: skip
    operations = OPERATIONS_OF_A_COMMIT * 1000 * committed / sent
    found.append(
        {"name": "live.archive.blob_operations_per_1000", "value": round(operations, 1), "unit": "requests"}
    )
    latencies.sort()
    found += [
        {"name": "live.rate", "value": round(sent / seconds, 1), "unit": "events/s"},
        {"name": "live.latency.p50", "value": round(statistics.median(latencies), 2), "unit": "s"},
        {"name": "live.latency.max", "value": round(latencies[-1], 2), "unit": f"s of {len(latencies)}"},
    ]
    return found


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
    if asked.json:
        print(json.dumps({"figures": found}))
    else:
        for figure in found:
            print(f"{figure['name']:<46} {figure['value']:>8} {figure['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
