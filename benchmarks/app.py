"""The app's own steps on containers of the local Cosmos DB server, as the functions put them together."""

from collections.abc import Sequence
from datetime import timedelta

from azure.cosmos.aio import DatabaseProxy

from benchmarks.arrivals import HOURS, START, Day
from benchmarks.meter import Meter
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue
from vendctl.provision import CONTAINERS
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.packing import PackedDocuments
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments
from vending.catalog.cache import CatalogCache
from vending.events.hub_event import HubEvent
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Put
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up


class App:
    """The app's own containers."""

    def __init__(self, database: DatabaseProxy) -> None:
        self.meter = Meter()
        self.documents = {
            name: CosmosDocuments(database.get_container_client(name), key[1:], self.meter.charge)
            for name, key in CONTAINERS.items()
        }
        stocks = RememberedDocuments(self.documents["machines"], STOCKS)
        self.conditions = PackedDocuments(self.documents["conditions"], "machines")
        self.fleet = PackedDocuments(self.documents["fleet"], "early")
        self.stores = IngestStores(stocks, RememberedDocuments(self.conditions, CONDITIONS), FakeBlobs())

    async def take(self, batch: Sequence[HubEvent]) -> None:
        """What the function does."""
        outcome = await ingest(batch, self.stores, "benchmark")
        if outcome.refusals:
            raise RuntimeError(f"an event of the benchmark was refused: {next(iter(outcome.refusals))[1]}")

    async def fill(self, day: Day) -> None:
        """Live some hours in memory, and put the documents in; ledger pages are never read here."""
        machines, conditions = FakeDocuments("machineId"), FakeDocuments("id")
        held = IngestStores(machines, conditions, FakeBlobs())
        for batch in day.before():
            await ingest(batch, held, "benchmark")
        for target, store in ((self.stores.machines, machines), (self.stores.conditions, conditions)):
            for (key, _), (_, body) in store.items.items():
                if body["type"] != "page":
                    await target.write(key, [Put(body)])

    async def feeds(self, _: Sequence[HubEvent]) -> None:
        """Everything that the change feeds hold, read once."""
        for name in ("machines", "conditions"):
            documents = self.documents[name]
            for one in await documents.ranges():
                continuation, more = None, True
                while more:
                    found, continuation = await documents.changes(one, continuation, 100)
                    more = bool(found)

    async def roll_up(self, _: Sequence[HubEvent]) -> None:
        """A tick of the roll-up."""
        queue, now = FakeQueue(), START + timedelta(hours=HOURS + 1)
        machines, known = self.documents["machines"], CatalogCache(self.documents["catalog"], "Etc/UTC")
        stores = RollUpStores(machines, machines, self.fleet, known, queue)
        await roll_up(now, stores)
        while queue.messages:
            await roll_up_shard(queue.messages.pop(0), now, stores)
