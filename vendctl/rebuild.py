"""State rebuilt from the archive into a database of its own, compared with the live one.

The target database is created on the same account, with the live one's containers, and must be empty; its
dead letters go to the blob container ``rebuild-{target}``. Nothing live is written to; operators' writes are
not compared.
"""

import asyncio
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from azure.cosmos.aio import CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

from vendctl.provision import CONTAINERS, create_database
from vending import wiring
from vending.adapters.blobs import BlobContainer
from vending.adapters.clients import blob_service, cosmos_client
from vending.adapters.cosmos import CosmosDocuments
from vending.usecases.catalog_cache import CatalogCache
from vending.usecases.compare_rebuilt import Comparison, State, compare
from vending.usecases.ingest import IngestStores
from vending.usecases.rebuild import Messages, Replayed, Wanted, replay, roll_up_all
from vending.usecases.roll_up import RollUpStores

TARGET = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,39}")


class Target:
    """The stores of the target database."""

    def __init__(self, cosmos: CosmosClient, service: BlobServiceClient, name: str) -> None:
        database = cosmos.get_database_client(name)
        self.documents = {
            name: CosmosDocuments(database.get_container_client(name), key.removeprefix("/"))
            for name, key in CONTAINERS.items()
        }
        self.deadletters = BlobContainer(service.get_container_client(f"rebuild-{name}"))

    @property
    def ingest(self) -> IngestStores:
        """Where the replay writes."""
        return IngestStores(self.documents["machines"], self.documents["conditions"], self.deadletters)

    @property
    def state(self) -> State:
        """What is compared."""
        return State(*(self.documents[name] for name in ("machines", "conditions", "fleet")))

    def rollups(self, queue: Messages) -> RollUpStores:
        """Where the rollups read and write; the catalog is the live one, which they only read."""
        known = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
        machines = self.documents["machines"]
        return RollUpStores(machines, machines, self.documents["fleet"], known, queue)

    async def holds_anything(self) -> bool:
        """Whether something was written to it before."""
        for name in ("machines", "conditions", "fleet"):
            async for _ in self.documents[name].select(None, fields=("id",)):
                return True
        return False


async def rebuild(
    environment: Mapping[str, str], name: str, wanted: Wanted, resume: bool = False
) -> tuple[Replayed, Comparison | None]:
    """Replay, roll up, compare; without a comparison where only the events until a time were replayed.

    Raises ValueError for a target that cannot be one, or holds something and this is not to ``resume``.
    """
    if name == wiring.settings().cosmos_database or not TARGET.fullmatch(name):
        raise ValueError("--target: 3 to 40 lower-case letters, digits and hyphens; not the live database")
    async with cosmos_client(environment, "COSMOS") as cosmos, blob_service(environment, "DATA") as blobs:
        target = await _prepared(cosmos, blobs, name, resume)
        show = _Progress()
        archive = wiring.archive_blobs()
        done = await replay(archive, target.ingest, wanted, wiring.version(), asyncio.sleep, show.replayed)
        queue = Messages()
        await roll_up_all(target.rollups(queue), queue, datetime.now(UTC))
        if wanted.until is not None:
            return done, None
        live = State(wiring.machines(), wiring.conditions(), wiring.fleet())
        return done, await compare(live, target.state, done.inexact, wanted.machine, show.compared)


async def drop(environment: Mapping[str, str], name: str) -> None:
    """Delete a target, if there is one."""
    async with cosmos_client(environment, "COSMOS") as cosmos, blob_service(environment, "DATA") as blobs:
        with suppress(CosmosResourceNotFoundError):
            await cosmos.delete_database(name)
        container = blobs.get_container_client(f"rebuild-{name}")
        if await container.exists():
            await container.delete_container()


async def _prepared(cosmos: CosmosClient, service: BlobServiceClient, name: str, resume: bool) -> Target:
    await create_database(cosmos, name)
    target = Target(cosmos, service, name)
    if not resume and await target.holds_anything():
        raise ValueError(f"database {name} is not empty: name another one, or say --resume to go on")
    if not await target.deadletters.container.exists():
        await target.deadletters.container.create_container()
    return target


class _Progress:
    """Lines on stderr: one for each hundredth of the work."""

    def __init__(self) -> None:
        self._told = -1

    def replayed(self, hour: datetime, done: int, blobs: int, events: int) -> None:
        """After each raw blob."""
        self._tell(done, blobs, f"replayed up to {hour:%Y-%m-%dT%H}h, {events:,} events")

    def compared(self, done: int, machines: int) -> None:
        """After each machine."""
        self._tell(done, machines, f"compared {done:,} of {machines:,} machines")

    def _tell(self, done: int, all_of_it: int, text: str) -> None:
        percent = done * 100 // all_of_it
        if percent != self._told:
            self._told = percent
            print(f"{percent:3} %  {text}", file=sys.stderr, flush=True)


def figures(done: Replayed, found: Comparison | None) -> dict[str, Any]:
    """The outcome as JSON."""
    told: dict[str, Any] = {"events": done.events, "deadLettered": len(done.refused)}
    return told | (found.figures() if found else {"equal": None})


def explain(done: Replayed, found: Comparison | None) -> str:
    """The outcome for people."""
    lines = [f"replayed {done.events:,} events, {len(done.refused):,} of them dead letters"]
    if found is None:
        return "\n".join([*lines, "not compared: the live state has seen more than --until"])
    lines.append(
        f"{'equal' if found.equal else f'{found.differences} DIFFERENCES'}: {found.machines:,} machines, "
        f"{found.lines:,} ledger lines, {found.days:,} machine days, {found.summaries:,} summary entries"
    )
    if found.excepted:
        lines.append(f"{found.excepted:,} estimated times differ, as they may")
    return "\n".join([*lines, *(f"  {difference}" for difference in found.named)])
