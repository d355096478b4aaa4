"""Very many devices at a fixed rate, or as fast as the hub takes their events.

A device sends ``--batch`` events at a time, as a gateway does that wakes up now and then (one batch is one
request: with 1, a connection sends about a thousand events a second). Rate and latency are those of
acknowledged sends. Each load is an epoch of its own, so that no load repeats another one's events.
"""

import logging
import resource
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.commandline import Answer, NotDone
from simulator.fleet import Fleet
from simulator.latency import Latencies
from simulator.live import millis, stopped_by_signals
from simulator.load_devices import Devices
from simulator.progress import Progress
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """A load: ``seconds`` long, ``rate`` in events a second (0: as fast as possible)."""

    fleet: Fleet
    seconds: float
    rate: float
    batch: int
    connections: int
    epoch: int | None = None
    """Of the devices; None: the time in seconds."""


def load(wanted: Wanted, connection: str, hub: str, truth: Path | None) -> Answer:
    """Send. Raises ValueError, and NotDone when sending stopped by itself."""
    epoch = wanted.epoch or int(time.time())
    lanes = min(wanted.connections, wanted.fleet.machines)
    sending = Load(Devices(wanted.fleet, epoch), wanted.batch, wanted.rate, lanes)
    with stopped_by_signals(sending.stop):
        seconds = _run(sending, sending.start(connection, hub), wanted.seconds)
    if sending.failure:
        raise NotDone(f"sending stopped: {sending.failure!r}")
    figures = _figures(sending, seconds)
    if truth:
        sending.devices.write_truth(truth, epoch=epoch, acknowledged=sum(sending.sent))
    return Answer(figures, _sentence(figures))


def _run(load: Load, threads: list[threading.Thread], wanted: float) -> float:
    """Send for that long; for how many seconds events were sent."""
    for opened in load.open:
        while not opened.wait(0.2) and not load.stop.is_set():
            pass
    load.go.set()
    begun = time.monotonic()
    with Progress() as progress:
        while (passed := time.monotonic() - begun) < wanted and not load.stop.wait(0.2):
            sent = sum(load.sent)
            p99 = max(latency.percentile(0.99) for latency in load.latencies)
            rate = sent / passed if passed else 0.0
            note = f"{sent:,} events, {rate:,.0f}/s, p99 {p99 * 1000:.0f} ms"
            progress.stage("seconds of load", passed, wanted, note)
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
