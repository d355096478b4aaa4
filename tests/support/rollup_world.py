"""A small fleet in memory for the rollups' tests: events go in through ingest, the catalog as documents, and
every invocation can be interleaved with others and die before or after any of its writes."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tests.support.events import envelope, hub_event, sale
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue
from tests.support.watched import Call, watched
from vending.catalog.cache import CatalogCache
from vending.documents.base import load
from vending.documents.days import BucketDay, Day, FleetDay, ProductsDay
from vending.errors import Transient
from vending.ingest.ingest import IngestStores, ingest
from vending.rollups import tree
from vending.rollups.current_days import CurrentDays
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.views.stores import ViewStores

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_ZONE = "America/New_York"
WHOLE = FleetDay.type, ProductsDay.type


class Crash(BaseException):
    """The process is gone; nothing of the invocation goes on."""


@dataclass
class Invocation:
    """One run of a function: yields at random, dies at its n-th write (before it, or just after), or halts.

    ``pauses`` are how often it lets others go first, one of them drawn before each access. ``halts`` names an
    operation (``read m1/day:2026-11-16``, ``write``, ``selected m1``) by its beginning: the run stands before
    it, says so by ``halted``, and waits for ``goes_on``.
    """

    random: Random
    dies_at: int | None = None
    after: bool = False
    halts: str | None = None
    pauses: Sequence[int] = (0, 0, 1, 1, 2, 30)
    writes: int = 0
    dead: bool = False
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self, operation: str) -> None:
        """Mostly a short pause, now and then one in which others do a lot."""
        for _ in range(self.random.choice(self.pauses)):
            await asyncio.sleep(0)
        if self.halts is not None and operation.startswith(self.halts):
            self.halted.set()
            await self.goes_on.wait()
        if self.dead:
            raise Crash

    def sees[Store](self, store: Store) -> Store:
        """A container (or its feed, or a queue) as this run sees it."""
        return watched(store, self._around)

    async def _around(self, operation: str, call: Call, *arguments: Any) -> Any:
        await self.step(_named(operation, *arguments))
        if operation in ("write", "send"):
            return await self._write(call, *arguments)
        if operation == "changes":
            return await call(*arguments[:2], 2)
        answer = await call(*arguments)
        if operation == "select":
            await self.step(f"selected {arguments[0]}")
        return answer

    async def _write(self, call: Call, *arguments: Any) -> Any:
        self.writes += 1
        dies = self.writes == self.dies_at
        done = await call(*arguments) if not dies or self.after else None
        self.dead = self.dead or dies
        if dies:
            raise Crash
        return done


def _named(operation: str, key: Any = None, *arguments: Any) -> str:
    """An operation with what it is about."""
    if operation == "read":
        return f"read {key}/{arguments[0]}"
    if operation == "write":
        return f"write {key}/{arguments[0][0].body['id']}"
    return f"select {key}" if operation == "select" else operation


@dataclass
class World:
    """Everything that is stored, and what happened so far."""

    now: datetime
    machines: FakeDocuments = field(default_factory=lambda: FakeDocuments("machineId"))
    conditions: FakeDocuments = field(default_factory=lambda: FakeDocuments("id"))
    fleet: FakeDocuments = field(default_factory=lambda: FakeDocuments("scope"))
    catalog: FakeDocuments = field(default_factory=lambda: FakeDocuments("kind"))
    deadletters: FakeBlobs = field(default_factory=FakeBlobs)
    queue: FakeQueue = field(default_factory=FakeQueue)
    random: Random = field(default_factory=lambda: Random(7))
    sequence: int = 0
    caches: list[CatalogCache] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machines.clock = lambda: self.now

    def stores(self, run: Invocation) -> RollUpStores:
        """As one invocation sees them. Some share a process with an earlier one, and so its cache."""
        machines = run.sees(self.machines)
        if not self.caches or self.random.random() < 0.3:
            self.caches.append(CatalogCache(run.sees(self.catalog), DEFAULT_ZONE))
        cache = self.random.choice(self.caches)
        cache.documents = run.sees(self.catalog)
        return RollUpStores(machines, machines, run.sees(self.fleet), cache, run.sees(self.queue))

    async def arrive(self, events: Sequence[Mapping[str, Any]]) -> None:
        """A batch of event bodies reaches the hub and is ingested."""
        first, self.sequence = self.sequence + 1, self.sequence + len(events)
        batch = [
            hub_event(number, msgspec.json.encode(body), enqueued=self.now)
            for number, body in enumerate(events, first)
        ]
        await ingest(batch, IngestStores(self.machines, self.conditions, self.deadletters), "test")

    async def settle(self) -> None:
        """No more faults: time passes and ticks come until nothing is left to do."""
        for _ in range(4):
            self.now += timedelta(minutes=40)
            await self.tick()

    async def close(self) -> None:
        """All days end, and are closed."""
        self.now += timedelta(days=3)
        await self.settle()

    async def tick(self) -> None:
        """One undisturbed tick and everything that it sends."""
        await roll_up(self.now, self.stores(self.alone()))
        rounds = 0
        while self.queue.messages:
            rounds += 1
            assert rounds < 1_000, "the rollups never come to rest"
            message = self.queue.messages.pop(0)
            await roll_up_shard(message, self.now, self.stores(self.alone()))

    def alone(self) -> Invocation:
        """A run that has nobody beside it but its own concurrent accesses."""
        return Invocation(self.random, pauses=(0, 0, 1, 2))

    async def disturbed(self, plans: Sequence[tuple[int | None, bool]]) -> None:
        """Tick and run the queue's messages side by side, each message by a plan (dies at, after).

        A message whose invocation died, or had to wait, is delivered again once; then it is lost.
        """
        await self.attempt(roll_up(self.now, self.stores(Invocation(self.random, *plans[0]))))
        messages, self.queue.messages = self.queue.messages * 2, []
        runs = [Invocation(self.random, *plans[n % len(plans)]) for n in range(len(messages))]
        await asyncio.gather(
            *(
                self.attempt(roll_up_shard(message, self.now, self.stores(run)), closing="close" in message)
                for message, run in zip(messages, runs, strict=True)
            )
        )

    async def attempt(self, work: Awaitable[Any], *, closing: bool = False) -> None:
        """Run it; dying and waiting are nothing unusual. A bucket that cannot be written fails the closing of
        its day, which the timer begins again, and nothing else."""
        with suppress(Crash, Transient, *([ZeroDivisionError] if closing else [])):
            await work


def view_stores(world: World) -> ViewStores:
    """What views read of that world: it has no alerts."""
    machines, fleet = (current(world, container) for container in (world.machines, world.fleet))
    return ViewStores(machines, world.conditions, FakeDocuments("machineId"), fleet, world.catalog)


def current(world: World, container: FakeDocuments) -> CurrentDays:
    """One of the containers with its days as they count now."""
    return CurrentDays(container, world.fleet, world.catalog, fresh_for=timedelta())


def vend(machine: str, number: int, at: int, **facts: Any) -> dict[str, Any]:
    """A vend of a machine's one device; ``number`` is its sequence and its ledger number."""
    return event(machine, number, at, "vend.completed", sale(number) | facts)


def failure(machine: str, number: int, at: int, **facts: Any) -> dict[str, Any]:
    """A vend that failed."""
    data = {"vendId": f"v{number}", "selection": "A1", "reason": "motor"}
    return event(machine, number, at, "vend.failed", data | facts)


def event(machine: str, number: int, at: int, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Any event of it."""
    time = (EPOCH + timedelta(milliseconds=at)).isoformat()
    return envelope(name, data, number, machine=machine, device=f"dev-{machine}", time=time)


def ms(text: str, zone: str = "Etc/UTC") -> int:
    """Milliseconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def leaves(figures: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    """Every number of some figures, by its path; zeros left out."""
    found: dict[tuple[str, ...], int] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            found |= leaves(value, (*path, name))
        elif value:
            found[*path, name] = value
    return found


def stored_leaves(world: World) -> dict[tuple[str, str], dict[tuple[str, ...], int]]:
    """What every level says: (scope, day) → leaves, of machine days too; empty days left out."""
    found = {}
    for body in world.machines.bodies("day"):
        found[f"machine:{body['machineId']}", body["date"]] = leaves(tree.total(load(body, Day)))
    for (scope, name), (_, body) in world.fleet.items.items():
        if name.startswith("day:") and body["type"] != BucketDay.type:
            found[scope, body["date"]] = leaves(tree.total(load(body, Day)))
    return {key: value for key, value in found.items() if value}


async def current_leaves(
    world: World, expected: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[tuple[str, ...], int]]:
    """The same as readers see it, of these (scope, day) and of all machine days and days of the fleet that
    are stored; areas and regions left out, which nobody reads while a day is open."""
    asked = {key for key in expected if not key[0].startswith(("area:", "region:"))}
    asked |= {(f"machine:{body['machineId']}", body["date"]) for body in world.machines.bodies("day")}
    asked |= {(body["scope"], body["date"]) for kind in WHOLE for body in world.fleet.bodies(kind)}
    found = {}
    for scope, day in asked:
        kind, _, name = scope.partition(":")
        container = world.machines if kind == "machine" else world.fleet
        key = name if kind == "machine" else scope
        stored = await current(world, container).read(key, tree.day_id(day))
        found[scope, day] = leaves(tree.total(load(stored.body, Day))) if stored else {}
    return {key: value for key, value in found.items() if value}


class Ledger:
    """The rollups counted directly, with none of the code under test but the names of areas."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter[tuple[str, ...]]] = {}

    def count(self, machine: str, day: str, site: str, route: str, sold: Mapping[str, Any]) -> None:
        """One vend or failure: ``sold`` has ``hour, selection, sku, payment`` and ``numbers`` {path: n}."""
        scopes = [f"machine:{machine}", f"site:{site}", *([f"route:{route}"] if route else [])]
        scopes += [f"area:{tree.area(site)}", f"region:{tree.area(site)[0]}", "fleet", "products"]
        parts = [(), ("hours", sold["hour"]), ("skus", sold["sku"]), ("selections", sold["selection"])]
        if sold["payment"]:
            parts.append(("payments", sold["payment"]))
        for scope in scopes:
            counts = self.counts.setdefault((scope, day), Counter())
            for part in parts:
                if self.shown(scope, part):
                    counts.update({(*part, *path): n for path, n in sold["numbers"].items() if n})

    @staticmethod
    def shown(scope: str, part: tuple[str, ...]) -> bool:
        """Which breakdown a level has."""
        breakdown = part[0] if part else ""
        if scope == "products":
            return breakdown == "skus"
        if scope == "fleet":
            return breakdown not in ("skus", "selections")
        return breakdown != "selections" or scope.startswith("machine:")

    def leaves(self) -> dict[tuple[str, str], dict[tuple[str, ...], int]]:
        """In the form of :func:`stored_leaves`."""
        return {key: dict(counts) for key, counts in self.counts.items() if counts}
