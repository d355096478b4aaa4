"""A deployment in memory with operators: a catalog with exclusions, an archive, rollups and alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.archive import FakeArchive
from tests.support.events import NOON
from tests.support.events import World as Core
from tests.support.events import hub_event as arrived
from tests.support.fakes import FakeDocuments, FakeQueue
from vendctl.operations.account import Account, AccountStores, account
from vendctl.operations.compare_rebuilt import Comparison, State, compare
from vendctl.operations.exclude import Who, quarantine, release
from vendctl.operations.forget_machine import Forgetting, Forgotten, forget
from vendctl.operations.honest_machine import Sources
from vendctl.operations.mend_machine import MendStores
from vendctl.operations.rebuild import Course, Messages, Wanted, replay, roll_up_all
from vending.archive.append import archive
from vending.catalog.cache import CatalogCache
from vending.catalog.machines import CatalogMachines
from vending.documents.catalog import VERSION_ID
from vending.events.hub_event import HubEvent
from vending.ingest.admission import Quota
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import AsOf, ExclusionList, read
from vending.ingest.exclusions import MARGIN, Scope
from vending.ingest.ingest import IngestStores, Outcome, ingest
from vending.ingest.name_machines import NewMachines, on_record
from vending.ports import Put
from vending.rollups.current_days import CurrentDays
from vending.rollups.timer import RollUpStores
from vending.time import millis

START = NOON + timedelta(minutes=20)
"""When event 0 is enqueued; each later one comes a second after the one before."""


def hub_event(
    number: int, content: bytes, *, publisher: str | None = None, partition: str = "0", **more: Any
) -> HubEvent:
    """An event as the hub delivers it, with the name of the credential that it was sent with."""
    system = {} if publisher is None else {"x-opt-publisher": publisher}
    enqueued = START + timedelta(seconds=number)
    return arrived(number, content, partition=partition, **{"system": system, "enqueued": enqueued} | more)


class Clock:
    """The clock of what ingest remembers: it stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World(Core):
    """The stores of ingest, and those of operators; ``number`` is the hub's next sequence number."""

    catalog: FakeDocuments = field(default_factory=lambda: FakeDocuments("kind"))
    alerts: FakeDocuments = field(default_factory=lambda: FakeDocuments("machineId"))
    fleet_days: FakeDocuments = field(default_factory=lambda: FakeDocuments("scope"))
    notifications: FakeQueue = field(default_factory=FakeQueue)
    archived: FakeArchive = field(default_factory=FakeArchive)
    quota: Quota = field(default_factory=Quota)
    clock: Clock = field(default_factory=Clock)
    queue: Messages = field(default_factory=Messages)
    number: int = 0

    def __post_init__(self) -> None:
        naming = NewMachines(CatalogMachines(self.catalog), self.conditions, self.quota)
        self.exclusions = ExclusionList(self.catalog, clock=self.clock)
        self.admission = Admission(self.exclusions, naming)

    @property
    def stores(self) -> IngestStores:
        return IngestStores(self.machines, self.conditions, self.deadletters, admission=self.admission)

    @property
    def now(self) -> datetime:
        """When the hub's next event is enqueued."""
        return START + timedelta(seconds=self.number)

    async def arrive(self, *bodies: bytes, publisher: str | None = None) -> list[HubEvent]:
        """Bodies reach the hub, the archive and ingest."""
        batch = self.sent(*bodies, publisher=publisher)
        await archive(batch, self.archived)
        await self.ingest(batch)
        return batch

    def sent(self, *bodies: bytes, publisher: str | None = None) -> list[HubEvent]:
        """Bodies reach the hub."""
        first, self.number = self.number, self.number + len(bodies)
        return [hub_event(first + n, body, publisher=publisher) for n, body in enumerate(bodies)]

    async def ingest(self, batch: Sequence[HubEvent]) -> Outcome:
        self.clock.now = float(self.number)
        return await ingest(batch, self.stores, "test")

    def wait(self) -> None:
        """An exclusion that was written begins or ends."""
        self.number += MARGIN // timedelta(seconds=1)

    async def places(self, *machines: str) -> None:
        """The catalog names the machines."""
        stored = await self.catalog.read("version", VERSION_ID)
        number = stored.body["number"] + 1 if stored else 1
        for machine in machines:
            body = {"id": machine, "kind": "machine", "type": "machine", "schema": 1, "version": number}
            await self.catalog.write("machine", [Put(body | {"site": "s", "placements": [["", "s"]]})])
        top = {"id": VERSION_ID, "kind": "version", "type": "version", "schema": 1, "number": number}
        await self.catalog.write("version", [Put(top, stored.etag if stored else None)])

    @property
    def rollups(self) -> RollUpStores:
        return RollUpStores(
            self.machines, self.machines, self.fleet_days, CatalogCache(self.catalog, "Etc/UTC"), self.queue
        )

    @property
    def mending(self) -> MendStores:
        return MendStores(self.machines, self.conditions, self.alerts, self.rollups)

    @property
    def forgetting(self) -> Forgetting:
        sources = Sources(self.archived, self.stores, Course("test", _no_pause))
        return Forgetting(self.catalog, self.mending, sources)

    @property
    def state_stores(self) -> State:
        return State(self.current(self.machines), self.conditions, self.fleet_days)

    def current(self, container: FakeDocuments) -> CurrentDays:
        """A container with its days as they count now."""
        return CurrentDays(container, self.fleet_days, self.catalog, fresh_for=timedelta())

    async def roll_up(self) -> None:
        await roll_up_all(self.rollups, self.queue, self.now)

    async def quarantine(self, machine: str, device: str = "") -> None:
        """Put it in quarantine, and wait for it."""
        scope = Scope((machine,), device)
        await quarantine(scope, Who("test"), self.catalog, millis(self.now))
        self.wait()

    async def release(self, machine: str, device: str = "") -> None:
        """End it, and wait for it."""
        await release(machine, device, self.catalog, millis(self.now))
        self.wait()

    async def forget(self, machine: str, device: str = "", epoch_from: int = 0) -> Forgotten:
        return await forget(Scope((machine,), device, epoch_from), Who("test"), self.forgetting, self.now)

    async def rebuilt(self) -> Comparison:
        """The live state beside one that is rebuilt from the archive."""
        await self.roll_up()
        target = World(catalog=self.catalog, number=self.number)
        target.admission = Admission(AsOf(await read(self.catalog)), await on_record(self.deadletters))
        done = await replay(self.archived, target.stores, Wanted(), Course("test", _no_pause))
        await target.roll_up()
        return await compare(self.state_stores, target.state_stores, done.inexact)

    async def account(self) -> Account:
        stores = AccountStores(self.archived, self.machines, self.conditions, self.deadletters)
        return await account(stores, excluded=await read(self.catalog))

    def known(self) -> set[str]:
        """The machines of which anything is stored."""
        stocks = {body["machineId"] for body in self.machines.bodies("stock") if body["applied"]}
        return stocks | self.fleet().keys()


async def _no_pause(seconds: float) -> None:
    raise AssertionError(f"nothing waits here ({seconds} s)")


def reasons(world: Core) -> list[str]:
    """The reasons of the dead letters."""
    return sorted(world.dead().values())


def names(prefix: str, count: int) -> Iterable[str]:
    """Invented machines."""
    return (f"{prefix}-{number}" for number in range(count))
