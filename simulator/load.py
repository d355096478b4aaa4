"""``simulator load``: very many devices at a fixed rate, or as fast as the hub takes their events.

A device sends ``--batch`` events at a time, as a gateway does that wakes up now and then (one batch is one
request: with 1, a connection sends about a thousand events a second). Rate and latency are those of
acknowledged sends. Each load is an epoch of its own, so that no load repeats another one's events.
"""

import argparse
import json
import logging
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from simulator.fleet import Fleet
from simulator.latency import Latencies
from simulator.live import millis, stopped_by_signals
from simulator.load_devices import Devices
from simulator.options import add_hub, add_prefix
from simulator.sender import PATIENCE, producer

log = logging.getLogger(__name__)


class Load:
    """Connections that send for their share of the devices until the time is over."""

    def __init__(self, devices: Devices, batch: int, rate: float, connections: int) -> None:
        self.devices = devices
        self.batch = batch
        self.rate = rate
        """Events a second of all connections; 0 for as fast as possible."""
        self.stop = threading.Event()
        self.open = [threading.Event() for _ in range(connections)]
        self.go = threading.Event()
        """All connections are open, and time begins to count."""
        self.sent = [0] * connections
        self.latencies = [Latencies() for _ in range(connections)]
        self.failure: Exception | None = None

    def start(self, connection: str, hub: str) -> list[threading.Thread]:
        """A thread for each connection. Raises ValueError for a bad connection string."""
        clients = [producer(connection, hub) for _ in self.sent]
        threads = [
            threading.Thread(target=self._work, args=(lane, client), daemon=True)
            for lane, client in enumerate(clients)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, lane: int, client: Any) -> None:
        try:
            with client:
                client.create_batch(partition_key="any")  # opens the link
                self.open[lane].set()
                self.go.wait()
                self._rounds(lane, client)
        except Exception as fault:  # noqa: BLE001 - shown to whoever looks, instead of a silent thread
            self.failure = fault
            self.stop.set()
            self.open[lane].set()

    def _rounds(self, lane: int, client: Any) -> None:
        lanes, machines = len(self.sent), self.devices.fleet.machines
        pace = self.rate / lanes
        begun, number = time.monotonic(), lane
        while not self.stop.is_set():
            if pace:
                due = begun + self.sent[lane] / pace
                if self.stop.wait(max(0.0, due - time.monotonic())):
                    return
            self._send(lane, client, number)
            number += lanes
            if number >= machines:
                number = lane

    def _send(self, lane: int, client: Any, number: int) -> None:
        from azure.eventhub import EventData
        from azure.eventhub.exceptions import EventHubError

        devices, at = self.devices, millis()
        first = devices.acknowledged[number] + 1
        batch = client.create_batch(partition_key=devices.key(number))
        for sequence in range(first, first + self.batch):
            batch.add(EventData(devices.event(number, sequence, at)))
        begun = time.perf_counter()
        while not self.stop.is_set():
            try:
                client.send_batch(batch)
            except EventHubError as fault:
                log.warning("the hub did not take %d events: %s", self.batch, fault)
                self.stop.wait(PATIENCE)
                continue
            self.latencies[lane].add(time.perf_counter() - begun)
            devices.acknowledged[number] += self.batch
            self.sent[lane] += self.batch
            return


def main(argv: list[str]) -> int:
    """The command."""
    asked = _parser().parse_args(argv)
    try:
        fleet = Fleet(asked.seed, asked.devices, asked.prefix)
        epoch = asked.epoch or int(time.time())
        load = Load(Devices(fleet, epoch), asked.batch, asked.rate, min(asked.connections, asked.devices))
        with stopped_by_signals(load.stop):
            seconds = _run(load, asked)
    except ValueError as fault:
        print(f"simulator load: {fault}", file=sys.stderr)
        return 2
    if load.failure:
        print(f"simulator load: sending stopped: {load.failure!r}", file=sys.stderr)
        return 1
    figures = _figures(load, seconds)
    if asked.truth:
        load.devices.write_truth(asked.truth, epoch=epoch, acknowledged=sum(load.sent))
    print(json.dumps(figures) if asked.json else _sentence(figures))
    return 0


def _run(load: Load, asked: argparse.Namespace) -> float:
    """Send; for how many seconds events were sent."""
    threads = load.start(asked.connection, asked.hub)
    for opened in load.open:
        while not opened.wait(0.2) and not load.stop.is_set():
            pass
    load.go.set()
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[told]}"),
    )  # fmt: skip
    begun = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("load", total=asked.seconds, told="")
        while (passed := time.monotonic() - begun) < asked.seconds and not load.stop.wait(0.2):
            sent = sum(load.sent)
            p99 = max(latency.percentile(0.99) for latency in load.latencies)
            told = f"{sent:,} events, {sent / passed:,.0f}/s, p99 {p99 * 1000:.0f} ms" if passed else ""
            bar.update(task, completed=passed, told=told)
    load.stop.set()
    seconds = time.monotonic() - begun
    for thread in threads:
        thread.join(10)
    return seconds


def _figures(load: Load, seconds: float) -> dict[str, Any]:
    latencies = Latencies()
    for own in load.latencies:
        latencies.merge(own)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        "events": sum(load.sent),
        "seconds": round(seconds, 3),
        "rate": round(sum(load.sent) / seconds, 1),
        "devices": load.devices.fleet.machines,
        "devicesThatSent": sum(map(bool, load.devices.acknowledged)),
        "batch": load.batch,
        "requests": latencies.count,
        "latencyMs": {name: round(latencies.percentile(x) * 1000, 2) for name, x in shares.items()},
        "cpuMicrosPerEvent": round(time.process_time() / max(1, sum(load.sent)) * 1e6, 1),
        "peakMemoryMb": round(_peak_memory() / 1e6, 1),
    }


def _sentence(figures: dict[str, Any]) -> str:
    latency = ", ".join(f"{name} {value} ms" for name, value in figures["latencyMs"].items())
    return (
        f"{figures['events']:,} events of {figures['devices']:,} devices in {figures['seconds']} s: "
        f"{figures['rate']:,.0f} events/s in batches of {figures['batch']}; latency {latency}; "
        f"{figures['cpuMicrosPerEvent']} µs of CPU time per event, {figures['peakMemoryMb']} MB at the most"
    )


def _peak_memory() -> int:
    """Bytes; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_hub(parser, required=True)
    add_prefix(parser)
    parser.set_defaults(prefix="load-")
    parser.add_argument("--devices", type=int, default=5_000, help="default 5000")
    parser.add_argument("--seconds", type=float, default=30.0, help="default 30")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="events a second; default as fast as possible"
    )
    parser.add_argument(
        "--batch", type=int, default=20, help="events that a device sends at a time; default 20"
    )
    parser.add_argument("--connections", type=int, default=2, help="default 2")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--epoch", type=int, help="of the devices; default the time in seconds")
    parser.add_argument("--truth", type=Path, help="where the truth is written at the end (JSON)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON line")
    return parser
