"""What an event costs the Event Hubs server, beside what it costs the official client, in CPU microseconds.

``python -m benchmarks.eventhubs [--count N] [--json]``. CPU time comes from the operating system for each
process, so other work on the machine moves it little. Events per second are those of one client, the slower
side; ``raw`` figures replace it by one that only copies bytes. Exit code 1 when the server misses its target.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient

from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.frames import frame
from devstack.eventhubs.wire.message import BATCH_FORMAT
from devstack.tests.eventhubs.peer import event, logged_in

BODY = "x" * 300
TARGET = 12.0
TARGETED = ("produce.batch100", "consume")
KEYS = (
    "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
)
PATIENCE = 300.0
Row = dict[str, Any]


def server_cpu(pid: int) -> float:
    """Seconds of CPU (user and system) of a process so far. Linux only; counted in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def own_cpu() -> float:
    """Seconds of CPU of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def serving(folder: Path, durability: str) -> Iterator[tuple[int, int]]:
    """(port, pid) of a server on an empty folder."""
    ready = folder / "ready.json"
    words = ["--port", "0", "--data", str(folder), "--ready-file", str(ready), "--durability", durability]
    process = subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", "devstack", "eventhubs", *words], stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the Event Hubs server did not start")
            time.sleep(0.02)
        yield int(json.loads(ready.read_text())["port"]), process.pid
    finally:
        process.terminate()
        process.wait(20)


def measure(name: str, pid: int, count: int, run: Callable[[], None]) -> Row:
    """Account for both processes while ``run`` handles ``count`` events."""
    server, client, began = server_cpu(pid), own_cpu(), time.perf_counter()
    run()
    took = time.perf_counter() - began
    server, client = server_cpu(pid) - server, own_cpu() - client
    return {
        "name": name,
        "count": count,
        "server_us": round(server * 1e6 / count, 2),
        "client_us": round(client * 1e6 / count, 2),
        "per_second": round(count / took),
    }


def produce(client: EventHubProducerClient, count: int, size: int) -> None:
    """Send ``count`` events in batches of ``size`` to one partition."""
    for _ in range(count // size):
        batch = client.create_batch(partition_id="0")
        for _ in range(size):
            batch.add(EventData(BODY))
        client.send_batch(batch)


def consume(cs: str, count: int) -> None:
    """Receive ``count`` events of one partition."""
    client = EventHubConsumerClient.from_connection_string(cs, "$Default", eventhub_name="bench")
    left = [count]
    done = threading.Event()

    def take(_context: object, events: list[EventData]) -> None:
        left[0] -= len(events)
        if left[0] <= 0:
            done.set()

    words = {"partition_id": "0", "starting_position": "-1", "prefetch": 3000, "max_batch_size": 1000}
    worker = threading.Thread(target=client.receive_batch, args=(take,), kwargs=words)
    worker.start()
    if not done.wait(PATIENCE):
        raise TimeoutError(f"{left[0]} of {count} events did not come")
    client.close()
    worker.join(PATIENCE)


def raw_produce(port: int, count: int, size: int) -> None:
    """The same batches as bytes that are encoded once; up to 50 on the way."""
    payload = b"".join(e.described(0x75, e.binary(event(BODY))) for _ in range(size))
    with logged_in(port) as peer:
        handle, _ = peer.attach(target="bench/Partitions/1")
        for number in range(count // size):
            peer.transfer(handle, number, payload, form=BATCH_FORMAT)
            if number >= 50:
                peer.hear(p.DISPOSITION)
        for _ in range(min(50, count // size)):
            peer.hear(p.DISPOSITION)


def raw_consume(port: int, count: int) -> None:
    """Count the bytes of ``count`` events without looking at them."""
    with logged_in(port) as peer:
        handle, _ = peer.attach(source="bench/ConsumerGroups/raw/Partitions/1")
        peer.credit(handle, 1, window=0x7FFFFFFF)
        peer.hear(p.TRANSFER)
        peer.credit(handle, count - 1, count=1, next_incoming=1, window=0x7FFFFFFF)
        # Frames grow a little with their numbers: a smallest size, so that the count never waits in vain.
        smallest = len(frame(event(BODY))) + 100
        wanted = (count - 1) * smallest
        while wanted > 0:
            wanted -= len(peer.socket.recv(1 << 20))


def figures(port: int, pid: int, count: int) -> list[Row]:
    """All rows of one run."""
    cs = f"Endpoint=sb://localhost:{port};{KEYS}"
    rows = []
    with EventHubProducerClient.from_connection_string(cs, eventhub_name="bench") as client:
        client.send_event(EventData("warm"), partition_id="0")
        rows.append(measure("produce.batch100", pid, count, lambda: produce(client, count, 100)))
        single = max(count // 20, 1)
        rows.append(measure("produce.batch1", pid, single, lambda: produce(client, single, 1)))
    rows.append(measure("consume", pid, count, lambda: consume(cs, count)))
    rows.append(measure("produce.batch100.raw", pid, count, lambda: raw_produce(port, count, 100)))
    rows.append(measure("consume.raw", pid, count, lambda: raw_consume(port, count)))
    return rows


def report(rows: list[Row]) -> list[Row]:
    """Rows as figures: the server's CPU beside the client's, and the target where there is one."""
    return [
        {
            "name": f"eventhubs.{row['name']}.server_cpu",
            "value": row["server_us"],
            "unit": "µs/event",
            "baseline": "client CPU in the same run",
            "baseline_value": row["client_us"],
            "ratio": round(row["server_us"] / row["client_us"], 3) if row["client_us"] else None,
            "per_second": row["per_second"],
        }
        | ({"target": TARGET, "met": row["server_us"] <= TARGET} if row["name"] in TARGETED else {})
        for row in rows
    ]


def main() -> int:
    """Print a table, or JSON; 1 when the server needs more CPU than its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000, help="events for each figure (default 50000)")
    parser.add_argument("--durability", choices=("process", "power"), default="process")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), options.durability) as (port, pid):
        rows = figures(port, pid, options.count)
    found = report(rows)
    if options.json:
        print(json.dumps({"figures": found}))
    else:
        for row in rows:
            print(
                f"{row['name']:<22} server {row['server_us']:>7.2f} µs  client {row['client_us']:>8.2f} µs  "
                f"{row['per_second']:>8}/s"
            )
    return 0 if all(row.get("met", True) for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
