"""The whole system beside the published patterns: what an event costs with everything that it sets in motion.

``python -m benchmarks.whole [--fleets N …] [--minutes M] [--hours H] [--roll-up M] [--json]``. A simulated
fleet with its catalog has lived for five hours; then a quarter of an hour is live, as the hub hands it over,
with the timers at the schedules of infra/ (``--roll-up``: every M minutes); at last the day is closed. All
functions are called (:mod:`benchmarks.deployed`), on the local servers, and then the patterns of
:mod:`benchmarks.baselines` on the same servers, with the same batches.

Fleets of 100 and 5,000 machines are measured, on four partitions. Larger ones are reckoned
(:mod:`benchmarks.formula`), as are the measured ones, to see how far off that is.

Request units are the server's estimate of Azure's. CPU is this process's: the SDK and everything above it,
not what the host does. Not counted on either side: invocations, decoding, queues, leases, TLS. Compaction
counts by the hour of events that it wrote, the closing of the day by the events of a whole day (of which it
finds a third or less).
"""

import argparse
import asyncio
import gc
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from azure.cosmos.aio import CosmosClient

from benchmarks.archive import container, with_azurite
from benchmarks.arrivals import HOURS, START, Day
from benchmarks.baselines import compare_with
from benchmarks.cosmos import serving
from benchmarks.deployed import CLOSE, HOST, Deployed
from benchmarks.formula import EVENTS_A_DAY, Load, units_per_event
from benchmarks.meter import UNITS, Beside, Figure, Part, compared, figure, tell
from benchmarks.schedules import each, minutes_between
from devstack.cosmos.auth import WELL_KNOWN_KEY
from vendctl.provision import create_database
from vending.adapters.clients import cosmos_client
from vending.events.hub_event import HubEvent

MINUTES = 15
"""Three of the roll-up's; long enough for a compaction of the hour before."""
GOALS = {
    5: {"cpu_us_per_event": 0.75, "requests_per_event": 0.35, "ru_per_event": 0.65},
    1: {"cpu_us_per_event": 0.9, "requests_per_event": 0.35, "ru_per_event": 0.9},
}
"""Minutes between two roll-ups → goals, of B1, at 5,000 machines."""
COMPACT = "compact"


class Measured(NamedTuple):
    """A fleet, and the partitions of its hub."""

    machines: int
    partitions: int


FLEETS = (Measured(100, 4), Measured(5_000, 4))
LEAST = 5_000
"""Machines from which on the goals hold; below, what is there in any case is most of it."""
LARGE = Load(machines=100_000, partitions=32, ranges=4)


class Bench:
    """One fleet, on the servers of the run."""

    def __init__(self, client: CosmosClient, azurite: str, size: Measured, roll_up: int) -> None:
        self.client, self.azurite, self.size, self.roll_up = client, azurite, size, roll_up
        self.name = f"whole.{size.machines}"

    async def figures(self, hours: int, minutes: int) -> list[Figure]:
        """All of them."""
        app, batches, storage, seconds = await self.lived(hours, minutes)
        count = sum(map(len, batches))
        ledger = sum(b'"ledgersequence"' in one.body for batch in batches for one in batch) / count
        about = (
            ("events", count, "events"),
            ("ledger_events", ledger, "of all"),
            ("events_per_batch", count / len(batches), "events"),
            ("storage_requests_per_event", storage / count, "requests"),
        )
        found: list[Figure] = [
            {"name": f"{self.name}.{what}", "value": round(value, 3), "unit": unit}
            for what, value, unit in about
        ]
        among = {COMPACT: app.compacted, CLOSE: self.size.machines * EVENTS_A_DAY}
        parts = per_event(app.parts.by, count, among)
        found += await self.beside(parts, count / seconds, batches)
        return found + self.reckoned(parts, app.ranges, ledger)

    async def lived(self, hours: int, minutes: int) -> tuple[Deployed, list[list[HubEvent]], int, float]:
        """The app when the day is closed; the batches of its live minutes, the requests to Storage and the
        seconds that these took."""
        size, name = self.size, self.name.replace(".", "-")
        day = Day(size.machines, size.partitions, hours)
        await create_database(self.client, name)
        async with container(self.azurite, name) as (blobs, sent):
            timers = {"roll_up": each(self.roll_up, "roll_up")}
            app = Deployed(self.client.get_database_client(name), blobs, timers)
            await app.begin(day)
            gc.collect()
            gc.freeze()  # an ordinary process never held the history
            sent.requests, began = 0, perf_counter()
            batches = await app.live(day, minutes)
            seconds, storage = perf_counter() - began, sent.requests
        await app.poll_idly(60 * minutes)
        await app.close_days()
        return app, batches, storage, seconds

    async def beside(
        self, parts: Mapping[str, Part], per_second: float, batches: Sequence[Sequence[HubEvent]]
    ) -> list[Figure]:
        """All parts together beside the patterns, then each part beside all of them."""
        ours = together(parts) | {"events_per_second": per_second}
        found: list[Figure] = []
        goals_of_b1 = GOALS.get(self.roll_up, {}) if self.size.machines >= LEAST else {}
        for pattern, goals in (("b1", goals_of_b1), ("b0", {})):
            theirs = await compare_with(self.client, pattern, self.name, batches)
            found += compared(self.name, ours, pattern.upper(), theirs, goals)
        for name, part in sorted(parts.items()):
            for what, value in of(part).items():
                if value:
                    told = f"{self.name}.{name}.{what}"
                    found.append(figure(told, value, UNITS[what], Beside("the whole", ours[what])))
        return found

    def reckoned(self, parts: Mapping[str, Part], ranges: int, ledger: float) -> list[Figure]:
        """What the formula says of this fleet, beside what was measured."""
        size = self.size
        load = Load(size.machines, size.partitions, ranges, ledger, self.roll_up)
        found = units_per_event(load)
        unit, name = UNITS["ru_per_event"], f"{self.name}.formula"
        measured = Beside("measured", sum(part.units for part in parts.values()))
        return [figure(f"{name}.ru_per_event", sum(found.values()), unit, measured)] + [
            figure(f"{name}.{part}.ru_per_event", units, unit, Beside("measured", parts[part].units))
            for part, units in found.items()
            if parts.get(part, Part()).units
        ]


def per_event(parts: Mapping[str, Part], events: int, among: Mapping[str, int]) -> dict[str, Part]:
    """Each part an event, or one of those ``among`` which it has; the host's part without CPU."""
    found = {}
    for name, part in parts.items():
        if count := among.get(name, events):
            cpu = 0.0 if name in HOST else part.cpu_us / count
            found[name] = Part(cpu, part.requests / count, part.units / count)
    return found


def of(part: Part) -> dict[str, float]:
    """The figures of a part, by name."""
    return {
        "cpu_us_per_event": part.cpu_us,
        "requests_per_event": part.requests,
        "ru_per_event": part.units,
    }


def together(parts: Mapping[str, Part]) -> dict[str, float]:
    """The figures of all of them."""
    return {what: sum(of(part)[what] for part in parts.values()) for what in of(Part())}


def large(b1: float, roll_up: int) -> Figure:
    """The fleet that is only reckoned, beside what an upsert is in this run."""
    units = sum(units_per_event(replace(LARGE, roll_up=roll_up)).values())
    return figure(
        f"whole.{LARGE.machines}.formula.ru_per_event", units, UNITS["ru_per_event"], Beside("B1", b1)
    )


async def run(port: int, azurite: str, asked: argparse.Namespace) -> list[Figure]:
    """All figures."""
    account = f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey={WELL_KNOWN_KEY}"
    found: list[Figure] = []
    async with cosmos_client({"COSMOS": account}, "COSMOS") as client:
        for size in FLEETS:
            if size.machines in asked.fleets:
                bench = Bench(client, azurite, size, asked.roll_up)
                found += await bench.figures(asked.hours, asked.minutes)
    b1 = next(one["baseline_value"] for one in found if one.get("baseline") == "B1" and "ru_" in one["name"])
    return [*found, large(b1, asked.roll_up)]


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    fleets = [size.machines for size in FLEETS]
    parser.add_argument("--fleets", type=int, nargs="+", choices=fleets, default=fleets)
    parser.add_argument("--minutes", type=int, default=MINUTES, help=f"measured; default {MINUTES}")
    parser.add_argument("--hours", type=int, default=HOURS, help=f"lived before; default {HOURS}")
    often = minutes_between("roll_up", START)
    parser.add_argument(
        "--roll-up", type=int, default=int(often), help="minutes between; default %(default)s"
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), "--ranges", "1") as (port, _):
        found = with_azurite(lambda azurite: asyncio.run(run(port, azurite, asked)))
    tell(found, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
