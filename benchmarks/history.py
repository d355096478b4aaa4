"""A fleet that has lived for some hours: its catalog, documents and rollups as they then stand."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from benchmarks.arrivals import START, Day
from benchmarks.rollups import at_once
from benchmarks.schedules import minutes_between
from tests.support.fakes import RANGES, FakeBlobs, FakeDocuments, FakeQueue
from vendctl.provision import CONTAINERS
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments
from vending.catalog.assignments import Assignment
from vending.catalog.cache import CatalogCache
from vending.documents.base import Body, load
from vending.documents.pages import LedgerPage
from vending.documents.rollup_state import CatalogProgress
from vending.events.hub_event import HubEvent
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Documents, Put
from vending.rollups import machine_days
from vending.rollups.compute import DirtyDay
from vending.rollups.days import recompute
from vending.rollups.run import Run
from vending.rollups.timer import RollUpStores
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

PUTS, BYTES = 90, 300_000
"""What one write of the filling holds at most."""
ALL = 1_000_000
"""Of the changes."""


class History:
    """Documents in memory, by container, and the events of the last hour."""

    def __init__(self) -> None:
        self.documents = {name: FakeDocuments(key[1:]) for name, key in CONTAINERS.items()}
        self.last_hour: list[HubEvent] = []

    async def live(self, day: Day) -> None:
        """Live the hours before the live ones, each step in memory."""
        await import_catalog(catalog_of(day), self.documents["catalog"])
        machines = RememberedDocuments(self.documents["machines"], STOCKS)
        conditions = RememberedDocuments(self.documents["conditions"], CONDITIONS)
        stores = IngestStores(machines, conditions, FakeBlobs())
        rollups = RollUps(self.documents)
        for batch in day.before():
            await ingest(batch, stores, "benchmark")
            await rollups.tick(batch[-1].enqueued)
            self.last_hour += [one for one in batch if one.enqueued >= day.live_from - timedelta(hours=1)]
        await rollups.finish(day.live_from)

    async def put_into(self, targets: Mapping[str, Documents]) -> None:
        """Write all of it into real containers."""
        work = []
        for name, target in targets.items():
            by_key: defaultdict[str, list[Body]] = defaultdict(list)
            for (key, _), (_, body) in self.documents[name].items.items():
                by_key[key].append(body)
            for key, bodies in by_key.items():
                work += [target.write(key, list(map(Put, portion))) for portion in _portions(bodies)]
        await at_once(work)


class RollUps:
    """What is new in the ledger is counted as often as infra/ says, as a shard of the rollups does."""

    def __init__(self, documents: Mapping[str, FakeDocuments]) -> None:
        self._machines, self._fleet = documents["machines"], documents["fleet"]
        self._catalog = CatalogCache(documents["catalog"], "Etc/UTC")
        self._stores = RollUpStores(self._machines, self._machines, self._fleet, self._catalog, FakeQueue())
        self._read: dict[str, str | None] = dict.fromkeys(RANGES)
        self._assignments: dict[str, Assignment] = {}
        self._due = START

    async def tick(self, now: datetime) -> None:
        """Count, if it is time."""
        if now >= self._due:
            self._due = now + timedelta(minutes=minutes_between("roll_up", now))
            await self._count(now)

    async def finish(self, now: datetime) -> None:
        """Count the rest; the catalog is spread over the machines."""
        await self._count(now)
        progress = CatalogProgress(processed=self._catalog.version)
        await self._fleet.write(progress.scope, [Put(progress.dump())])

    async def _count(self, now: datetime) -> None:
        """The days that have new lines."""
        await self._catalog.refresh()
        pages: dict[tuple[str, str], dict[str, LedgerPage]] = {}
        for page in await self._news():
            known = await self._assignment(page.machine_id)
            for date in machine_days.days_of(page, known):
                pages.setdefault((page.machine_id, date), {})[page.id] = page
        dirty = [DirtyDay(self._assignments[who], date, new) for (who, date), new in pages.items()]
        run = Run(now, self._stores)
        await recompute(dirty, run)
        if run.broken.machines:
            raise RuntimeError(f"the history cannot be counted: {run.broken.machines}")

    async def _assignment(self, machine: str) -> Assignment:
        if machine not in self._assignments:
            self._assignments[machine] = await self._catalog.assignment(machine)
        return self._assignments[machine]

    async def _news(self) -> list[LedgerPage]:
        found = []
        for one, continuation in self._read.items():
            bodies, self._read[one] = await self._machines.changes(one, continuation, ALL)
            found += [load(body, LedgerPage) for body in bodies if body["type"] == LedgerPage.type]
        return found


def catalog_of(day: Day) -> CatalogFile:
    """The simulator's fleet as an operator's file."""
    described: dict[str, Any] = day.fleet.describe()
    return msgspec.convert(described, CatalogFile)


def _portions(bodies: Iterable[Body]) -> Iterator[list[Body]]:
    portion: list[Body] = []
    size = 0
    for body in bodies:
        each = len(json.dumps(body))
        if portion and (len(portion) == PUTS or size + each > BYTES):
            yield portion
            portion, size = [], 0
        portion.append(body)
        size += each
    if portion:
        yield portion
