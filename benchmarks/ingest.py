"""Ingest beside the published patterns: CPU, requests and request units per event.

``python -m benchmarks.ingest [--minutes M] [--batches N] [--json]``. All on one local Cosmos DB server. CPU
is this process's alone: the SDK and everything above it. Request units are the server's estimate of Azure's.
Counted are stock, ledger pages, conditions and the reads of all of them; the patterns of
:mod:`benchmarks.baselines` count what they read and write. The roll-up of what was taken, and reading it once
from the change feeds, which the patterns do not have, stand apart.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from azure.cosmos.aio import CosmosClient, DatabaseProxy

from benchmarks.app import App
from benchmarks.arrivals import Day, backlog
from benchmarks.baselines import compare_with
from benchmarks.cosmos import serving
from benchmarks.meter import Beside, Figure, compared, figure, measured, tell
from devstack.cosmos.auth import WELL_KNOWN_KEY
from vendctl.provision import create_database
from vending.adapters.clients import cosmos_client

EACH = (1, 4, 16, 64)
DAY_B1 = {"cpu_us_per_event": 1 / 3, "ru_per_event": 0.8}
DAY_B5 = {"cpu_us_per_event": 1 / 3, "ru_per_event": 0.4}
BACKLOG_16 = {"cpu_us_per_event": 1 / 6, "requests_per_event": 1 / 8, "ru_per_event": 1 / 3}


async def day(client: CosmosClient, minutes: int) -> list[Figure]:
    """Live arrivals."""
    app, life = App(await _database(client, "day")), Day()
    await app.fill(life)
    batches = life.live(minutes)
    events = [event for batch in batches for event in batch]
    await app.roll_up(events)  # of what was filled in: nothing, but its continuations stand
    ours = await measured(app.take, batches, app.meter)
    for operation, units in sorted(app.meter.by.items()):
        print(f"  {operation}: {units / len(events):.2f} RU an event", file=sys.stderr)
    found = [
        {
            "name": "ingest.day.events_per_batch",
            "value": round(len(events) / len(batches), 1),
            "unit": "events",
        }
    ]
    for name, targets in (("b1", DAY_B1), ("b5", DAY_B5), ("b0", {})):
        theirs = await compare_with(client, name, "day", batches)
        found += compared("ingest.day", ours, name.upper(), theirs, targets)
    for name, work in (("roll_up", app.roll_up), ("feeds", app.feeds)):
        after = await measured(work, [events], app.meter)
        for what, unit in (("ru_per_event", "RU (estimated)"), ("cpu_us_per_event", "us CPU")):
            beside = Beside("ingest itself", ours[what])
            found.append(figure(f"ingest.day.{name}.{what}", after[what], unit, beside))
    return found


async def backlogs(client: CosmosClient, count: int) -> list[Figure]:
    """Full batches with so many ledger events of each machine."""
    found = []
    for each in EACH:
        app = App(await _database(client, f"backlog-{each}"))
        levels, batches = backlog(each, count)
        await app.take(levels)
        ours = await measured(app.take, batches, app.meter)
        theirs = await compare_with(client, "b1", f"backlog-{each}", batches)
        targets = BACKLOG_16 if each == 16 else {}
        found += compared(f"ingest.backlog_{each}", ours, "B1", theirs, targets)
    return found


async def _database(client: CosmosClient, name: str) -> DatabaseProxy:
    await create_database(client, name)
    return client.get_database_client(name)


async def run(port: int, minutes: int, batches: int) -> list[Figure]:
    """All figures."""
    account = f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey={WELL_KNOWN_KEY}"
    async with cosmos_client({"COSMOS": account}, "COSMOS") as client:
        return await day(client, minutes) + await backlogs(client, batches)


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=6, help="of the day, measured; default 6")
    parser.add_argument("--batches", type=int, default=3, help="of each backlog; default 3")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (port, _):
        found = asyncio.run(run(port, asked.minutes, asked.batches))
    tell(found, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
