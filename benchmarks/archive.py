"""What the archive costs: bytes and requests per 1,000 events, beside Event Hubs Capture's Avro.

``python -m benchmarks.archive [--json] [--soak [--events N]]``. The events are one hour of one partition of
the simulated fleet: 5,000 machines over four partitions. Raw blobs and Parquet are written by the app's own
code to Azurite, and requests are counted as they leave the client. *live*: batches as host.json's window cuts
them from that arrival rate; *backlog*: full batches.

The baseline is what Capture writes of the same events: its record schema, deflate, one file per five minutes
(its default window). How large the service's Avro blocks are is not documented; 64,000 bytes is the default
of Apache Avro's own writers. ``.one_block`` is the strictest baseline: a whole file as one block.

``--soak``: compacts an hour of ten million events in a process of at most 2 GB, and says what it took.
"""

import argparse
import asyncio
import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob.aio import BlobServiceClient

from devstack import azurite
from devstack.ports import free_port
from simulator.fleet import Fleet
from simulator.link import FAULTS
from simulator.timeline import Timeline
from tests.support.events import hub_event
from vending.adapters import parquet
from vending.adapters.archive_blobs import ArchiveContainer
from vending.archive.append import Tails, archive
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Archive
from vending.archive.layout import HOUR, whole_hour
from vending.events.hub_event import HubEvent
from vending.ports import PartitionEnd
from vending.time import EPOCH

ROOT = Path(__file__).parents[1]
MACHINES = 1_250
MORNING = 1_767_603_600_000
"""2026-01-05T09:00Z. The fleet is switched on half an hour before."""
RAW_TARGET, PARQUET_TARGET = 1.1, 0.7
WINDOW = timedelta(minutes=5)
APACHE_BLOCK, ONE_BLOCK = 64_000, 1 << 30
CAPTURE = fastavro.parse_schema(
    {
        "type": "record",
        "name": "EventData",
        "namespace": "Microsoft.ServiceBus.Messaging",
        "fields": [
            {"name": "SequenceNumber", "type": "long"},
            {"name": "Offset", "type": "string"},
            {"name": "EnqueuedTimeUtc", "type": "string"},
            {
                "name": "SystemProperties",
                "type": {"type": "map", "values": ["long", "double", "string", "bytes"]},
            },
            {"name": "Properties", "type": {"type": "map", "values": ["long", "double", "string", "bytes"]}},
            {"name": "Body", "type": ["null", "bytes"]},
        ],
    }
)


@dataclass(frozen=True)
class End:
    """A hub that has given out so many numbers in its one partition."""

    last: int

    async def ends(self) -> list[PartitionEnd]:
        """The partition."""
        return [PartitionEnd("0", 0, self.last)]


class Counting(AioHttpTransport):  # type: ignore[misc] # loaded lazily: no type
    """The SDK's transport, counting what it sends."""

    requests = 0

    async def send(self, request: Any, **options: Any) -> Any:
        """Count, and send."""
        self.requests += 1
        return await super().send(request, **options)


def hour_of_events() -> list[HubEvent]:
    """One hour of one partition, numbered as the hub would."""
    timeline = Timeline(Fleet(7, MACHINES), frozenset(FAULTS), MORNING - 1_800_000)
    events: list[HubEvent] = []
    offset = 0
    for at, delivery in timeline.until(MORNING + 3_600_000):
        if at < MORNING:
            continue
        offset += len(delivery.body) + 200
        about: dict[str, Any] = {
            "offset": str(offset),
            "enqueued": EPOCH + timedelta(milliseconds=at),
            "key": delivery.key,
            "system": {"x-opt-publisher": delivery.publisher} if delivery.publisher else {},
        }
        events.append(hub_event(len(events), delivery.body, **about))
    return events


def live_batches(events: Sequence[HubEvent]) -> list[list[HubEvent]]:
    """As the Event Hubs extension cuts them with host.json's window."""
    hubs = json.loads((ROOT / "host.json").read_text())["extensions"]["eventHubs"]
    least, wait = hubs["minEventBatchSize"], datetime.strptime(hubs["maxWaitTime"], "%H:%M:%S")  # noqa: DTZ007
    patience = timedelta(minutes=wait.minute, seconds=wait.second)
    batches: list[list[HubEvent]] = []
    for event in events:
        full = batches and (len(batches[-1]) >= least or event.enqueued - batches[-1][0].enqueued > patience)
        if full or not batches:
            batches.append([])
        batches[-1].append(event)
    return batches


def backlog_batches(events: Sequence[HubEvent]) -> list[list[HubEvent]]:
    """Full batches."""
    size = json.loads((ROOT / "host.json").read_text())["extensions"]["eventHubs"]["maxEventBatchSize"]
    return [list(events[start : start + size]) for start in range(0, len(events), size)]


def captured(event: HubEvent) -> dict[str, Any]:
    """The event as Capture records it."""
    moment = event.enqueued
    return {
        "SequenceNumber": event.sequence,
        "Offset": event.offset,
        "EnqueuedTimeUtc": f"{moment.month}/{moment.day}/{moment.year} {moment:%I:%M:%S %p}",
        "SystemProperties": {
            "x-opt-enqueued-time": int(moment.timestamp() * 1000),
            "x-opt-partition-key": event.key or "",
            **event.system,
        },
        "Properties": dict(event.properties),
        "Body": event.body,
    }


def capture_bytes(events: Iterable[HubEvent], block: int) -> int:
    """Bytes of Capture's files."""
    windows: dict[int, list[dict[str, Any]]] = {}
    for event in events:
        windows.setdefault((event.enqueued - EPOCH) // WINDOW, []).append(captured(event))
    total = 0
    for rows in windows.values():
        file = io.BytesIO()
        fastavro.writer(file, CAPTURE, rows, codec="deflate", sync_interval=block)
        total += len(file.getvalue())
    return total


@asynccontextmanager
async def container(connection: str, name: str) -> AsyncIterator[tuple[ArchiveContainer, Counting]]:
    """A new container, and the count of its requests."""
    transport = Counting()
    async with BlobServiceClient.from_connection_string(connection, transport=transport) as service:
        made = await service.create_container(name)
        transport.requests = 0
        yield ArchiveContainer(made), transport


async def raw(connection: str, name: str, batches: Sequence[Sequence[HubEvent]]) -> dict[str, float]:
    """Append the batches, then compact the hour: bytes, requests, CPU seconds."""
    async with container(connection, name) as (blobs, sent):
        begun = time.process_time()
        tails = Tails()
        for batch in batches:
            await archive(batch, blobs, tails)
        appended = {"requests": sent.requests, "cpu": time.process_time() - begun}
        stored = sum([blob.size async for blob in blobs.listing("raw/")])
        last = batches[-1][-1]
        sent.requests, begun = 0, time.process_time()
        made = Archive(blobs, End(last.sequence), "1", parquet.ParquetTable, parquet.version())
        done = await compact_archive(made, whole_hour(last.enqueued) + 3 * HOUR)
        if done.events != sum(map(len, batches)):
            raise RuntimeError(f"compacted {done.events} of {sum(map(len, batches))} events")
        return {
            "raw": stored,
            **{f"raw_{key}": value for key, value in appended.items()},
            "parquet_requests": sent.requests,
            "parquet_cpu": time.process_time() - begun,
            "parquet": sum([blob.size async for blob in blobs.listing("parquet/date=")]),
        }


async def figures(connection: str) -> list[dict[str, Any]]:
    """All figures."""
    events = hour_of_events()
    live, backlog = live_batches(events), backlog_batches(events)
    capture = {block: capture_bytes(events, block) for block in (APACHE_BLOCK, ONE_BLOCK)}
    thousand = len(events) / 1000
    found = [
        bare("archive.events_of_the_hour", len(events), "events"),
        bare("archive.bodies", sum(len(event.body) for event in events) / thousand, "bytes/1000"),
        bare("archive.live.events_per_batch", len(events) / len(live), "events"),
        bare("archive.capture.requests_per_1000", 2 * 12 / thousand, "requests/1000"),
    ]
    for name, batches in (("live", live), ("backlog", backlog)):
        cost = await raw(connection, name, batches)
        found += [
            beside(
                f"archive.raw.{name}.bytes_per_1000", cost["raw"], capture[APACHE_BLOCK], thousand, RAW_TARGET
            ),
            strict(f"archive.raw.{name}.bytes_per_1000.one_block", cost["raw"], capture[ONE_BLOCK], thousand),
            bare(f"archive.raw.{name}.requests_per_1000", cost["raw_requests"] / thousand, "requests/1000"),
            bare(f"archive.raw.{name}.cpu", cost["raw_cpu"] / len(events) * 1e6, "us/event"),
        ]
        if name == "backlog":
            size = cost["parquet"]
            found += [
                beside(
                    "archive.parquet.bytes_per_1000", size, capture[APACHE_BLOCK], thousand, PARQUET_TARGET
                ),
                strict("archive.parquet.bytes_per_1000.one_block", size, capture[ONE_BLOCK], thousand),
                bare(
                    "archive.parquet.requests_per_1000", cost["parquet_requests"] / thousand, "requests/1000"
                ),
                bare("archive.parquet.cpu", cost["parquet_cpu"] / len(events) * 1e6, "us/event"),
            ]
    return found


def bare(name: str, value: float, unit: str) -> dict[str, Any]:
    """A figure without a baseline."""
    return {"name": name, "value": round(value, 2), "unit": unit}


def beside(name: str, size: float, capture: int, thousand: float, target: float) -> dict[str, Any]:
    """A size beside Capture's."""
    ratio = size / capture
    return bare(name, size / thousand, "bytes/1000") | {
        "baseline": "Capture's Avro (deflate, 64,000-byte blocks)",
        "baseline_value": round(capture / thousand, 2),
        "ratio": round(ratio, 3),
        "target": target,
        "met": ratio <= target,
    }


def strict(name: str, size: float, capture: int, thousand: float) -> dict[str, Any]:
    """A size beside the strictest baseline; told, not aimed at."""
    found = beside(name, size, capture, thousand, 0)
    del found["target"], found["met"]
    return found | {"baseline": "Capture's Avro (deflate, a file one block)"}


def with_azurite[Result](work: Callable[[str], Result]) -> Result:
    """Do some work with a connection string to an Azurite of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ports = azurite.Ports(free_port(), free_port())
        processes = azurite.start(ports, Path(folder))
        try:
            return work(azurite.connection_string(ports))
        finally:
            azurite.stop(processes)


async def soak(connection: str, count: int) -> dict[str, Any]:
    """An hour of so many events, made of the simulated one over and over, appended, compacted and read."""
    hour = hour_of_events()
    step = timedelta(hours=1) / (count + 1)
    async with container(connection, "soak") as (blobs, sent):
        begun = time.process_time()
        for start in range(0, count, 4096):
            await archive([_again(hour, n, step) for n in range(start, min(count, start + 4096))], blobs)
        appended, peak = time.process_time() - begun, _peak()
        begun, sent.requests = time.process_time(), 0
        made = Archive(blobs, End(count - 1), "1", parquet.ParquetTable, parquet.version())
        done = await compact_archive(made, whole_hour(hour[0].enqueued) + 3 * HOUR)
        return {
            "events": done.events,
            "append_cpu_s": round(appended, 1),
            "compact_cpu_s": round(time.process_time() - begun, 1),
            "compact_requests": sent.requests,
            "peak_before_compaction_mb": peak,
            "peak_mb": _peak(),
            "raw_mb": sum([blob.size async for blob in blobs.listing("raw/")]) // 2**20,
            "parquet_mb": sum([blob.size async for blob in blobs.listing("parquet/date=")]) // 2**20,
        }


def _again(hour: Sequence[HubEvent], number: int, step: timedelta) -> HubEvent:
    event = hour[number % len(hour)]
    moment = whole_hour(hour[0].enqueued) + step * number
    return replace(event, sequence=number, offset=str(number * 400), enqueued=moment)


def _peak() -> int:
    """The most memory that this process ever held, MiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    """Print the figures; in a soak 1 when an event is missing or memory was exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--events", type=int, default=10_000_000)
    asked = parser.parse_args()
    if asked.soak:
        found = with_azurite(lambda connection: asyncio.run(soak(connection, asked.events)))
        print(json.dumps(found))
        return 0 if found["events"] == asked.events and found["peak_mb"] <= 2048 else 1
    rows = with_azurite(lambda connection: asyncio.run(figures(connection)))
    if asked.json:
        print(json.dumps({"figures": rows}))
    else:
        for row_ in rows:
            ratio = f"{row_['ratio']} x {row_['baseline']}" if "ratio" in row_ else ""
            print(f"{row_['name']:<52} {row_['value']:>12,} {row_['unit']:<14} {ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
