"""What an upsert costs the Cosmos DB server and the SDK in front of it, in CPU milliseconds.

``python -m benchmarks.cosmos [--count N] [--json]``. CPU time is read from the operating system for each
process, so other work on the machine moves the figures little; nothing here is a wall-clock promise.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient

from devstack.cosmos.auth import WELL_KNOWN_KEY

IN_FLIGHT = 32
TARGET = 0.6


def server_cpu(pid: int) -> float:
    """Seconds of CPU (user and system) of a process so far. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / 100


def own_cpu() -> float:
    """Seconds of CPU of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[int, int]]:
    """(port, pid) of a server on an empty folder."""
    ready = folder / "ready.json"
    words = ["cosmos", "--port", "0", "--data", str(folder), "--ready-file", str(ready), *options]
    process = subprocess.Popen([sys.executable, "-m", "devstack", *words], stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the Cosmos DB server did not start")
            time.sleep(0.02)
        yield int(json.loads(ready.read_text())["port"]), process.pid
    finally:
        process.terminate()
        process.wait(20)


def document(n: int) -> dict[str, Any]:
    """About 700 bytes, twelve index terms."""
    slots = [{"s": f"A{k}", "q": n % 9} for k in range(4)]
    return {"id": f"d{n}", "pk": f"m{n % 200}", "n": n, "slots": slots, "text": "x" * 450}


async def measure(name: str, pid: int, count: int, run: Callable[[int], Awaitable[Any]]) -> dict[str, Any]:
    """Run ``count`` operations, some in flight at once, and account for both processes."""
    server, client, began = server_cpu(pid), own_cpu(), time.perf_counter()
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(n: int) -> None:
        async with gate:
            await run(n)

    await asyncio.gather(*(one(n) for n in range(count)))
    took = time.perf_counter() - began
    return {
        "name": name,
        "count": count,
        "server_cpu_ms": round((server_cpu(pid) - server) * 1000 / count, 3),
        "sdk_cpu_ms": round((own_cpu() - client) * 1000 / count, 3),
        "per_second": round(count / took),
    }


async def figures(port: int, pid: int, count: int) -> list[dict[str, Any]]:
    """All figures of one run."""
    async with CosmosClient(f"http://127.0.0.1:{port}/", WELL_KNOWN_KEY) as client:
        database = await client.create_database("bench")
        made = await database.create_container("c", PartitionKey("/pk"))
        await made.upsert_item(document(0))
        policy: dict[str, Any] = {"indexingMode": "none", "automatic": False}
        bare: ContainerProxy = await database.create_container(
            "b", PartitionKey("/pk"), indexing_policy=policy
        )
        await bare.upsert_item(document(0))

        async def batch(n: int) -> None:
            pages = [("upsert", ({**document(k), "pk": f"m{n}"},)) for k in range(50)]
            await made.execute_item_batch(pages, f"m{n}")

        return [
            await measure("upsert", pid, count, lambda n: made.upsert_item(document(n))),
            await measure("upsert.unindexed", pid, count, lambda n: bare.upsert_item(document(n))),
            await measure("read", pid, count, lambda n: made.read_item(f"d{n}", f"m{n % 200}")),
            await measure("batch.of50", pid, max(4, count // 50), batch),
        ]


def report(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as figures: the server's CPU beside the SDK's, and the target of an upsert."""
    return [
        {
            "name": f"cosmos.{row['name']}.server_cpu",
            "value": row["server_cpu_ms"],
            "unit": "ms/request",
            "baseline": "SDK CPU in the same run",
            "baseline_value": row["sdk_cpu_ms"],
            "ratio": round(row["server_cpu_ms"] / row["sdk_cpu_ms"], 3),
            "per_second": row["per_second"],
        }
        | ({"target": TARGET, "met": row["server_cpu_ms"] <= TARGET} if row["name"] == "upsert" else {})
        for row in rows
    ]


def main() -> int:
    """Print a table, or JSON; 1 when the server needs more CPU for an upsert than its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (port, pid):
        rows = asyncio.run(figures(port, pid, options.count))
    found = report(rows)
    if options.json:
        print(json.dumps({"figures": found}))
    else:
        for row in rows:
            print(
                "{name:<18} server {server_cpu_ms:.3f} ms  SDK {sdk_cpu_ms:.3f} ms  {per_second}/s".format(
                    **row
                )
            )
    return 0 if all(row.get("met", True) for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
