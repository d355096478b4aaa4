"""A fleet that has lived for some hours: its catalog, documents and rollups as they then stand."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from benchmarks.arrivals import Day
from benchmarks.rollups import at_once
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue
from vendctl.provision import CONTAINERS
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments
from vending.catalog.cache import CatalogCache
from vending.catalog.catalog import Assignment
from vending.documents.base import Body, load
from vending.documents.pages import LedgerPage
from vending.documents.rollup_state import CatalogProgress
from vending.events.hub_event import HubEvent
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Documents, Put
from vending.rollups import machine_days
from vending.rollups.days import recompute
from vending.rollups.roll_up import RollUpStores
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

PUTS, BYTES = 90, 300_000
"""What one write of the filling holds at most."""


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
        for batch in day.before():
            await ingest(batch, stores, "benchmark")
            self.last_hour += [one for one in batch if one.enqueued >= day.live_from - timedelta(hours=1)]
        await self._roll_up(day.live_from)

    async def _roll_up(self, now: datetime) -> None:
        """Every machine day at once, and all above them."""
        machines, fleet = self.documents["machines"], self.documents["fleet"]
        catalog = CatalogCache(self.documents["catalog"], "Etc/UTC")
        stores = RollUpStores(machines, machines, fleet, catalog, FakeQueue())
        version = await catalog.refresh()
        dirty: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        assignments: dict[str, Assignment] = {}
        for page in (load(body, LedgerPage) for body in machines.bodies(LedgerPage.type)):
            known = assignments.get(page.machine_id) or await catalog.assignment(page.machine_id)
            assignments[page.machine_id] = known
            for date in machine_days.days_of(page, known):
                dirty[page.machine_id, date].add(page.id)
        await recompute(dirty, assignments, now, stores)
        progress = CatalogProgress(processed=version)
        await fleet.write(progress.scope, [Put(progress.dump())])

    async def put_into(self, targets: dict[str, Documents]) -> None:
        """Write all of it into real containers."""
        work = []
        for name, target in targets.items():
            by_key: defaultdict[str, list[Body]] = defaultdict(list)
            for (key, _), (_, body) in self.documents[name].items.items():
                by_key[key].append(body)
            for key, bodies in by_key.items():
                work += [target.write(key, list(map(Put, portion))) for portion in _portions(bodies)]
        await at_once(work)


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
