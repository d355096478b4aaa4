"""State rebuilt from the archive into a database of its own, compared with the live one.

The target database is created on the same account, with the live one's containers, and must be empty; its
dead letters go to the blob container ``rebuild-{target}``. Nothing live is written to; operators' writes are
not compared. Devices may go on sending: what differs is looked at again, after what the archive got
meanwhile, until it is equal or ``--wait`` seconds are over. What changed between the looks could not be
compared.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from azure.cosmos.aio import CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

from devstack.commandline import Exit
from vendctl.operations.compare_rebuilt import Comparison, State, compare, standing
from vendctl.operations.rebuild import Course, Messages, Replayed, Wanted, replay, roll_up_all
from vendctl.progress import Progress
from vendctl.provision import CONTAINERS, create_database
from vending import wiring
from vending.adapters.blobs import BlobContainer
from vending.adapters.clients import blob_service, cosmos_client
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.packing import PackedDocuments
from vending.catalog.cache import CatalogCache
from vending.ingest import exclusion_list
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import AsOf
from vending.ingest.ingest import IngestStores
from vending.ingest.name_machines import on_record
from vending.rollups.current_days import CurrentDays
from vending.rollups.timer import RollUpStores

PAUSE = 15.0
"""Seconds between two looks at a live system: its rollups are about a minute behind its ledger."""
TARGET = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,39}")


class Target:
    """The stores of the target database."""

    def __init__(self, cosmos: CosmosClient, service: BlobServiceClient, name: str) -> None:
        self.admission: Admission | None = None
        database = cosmos.get_database_client(name)
        self.documents = {
            name: CosmosDocuments(database.get_container_client(name), key.removeprefix("/"))
            for name, key in CONTAINERS.items()
        }
        self.fleet = PackedDocuments(self.documents["fleet"], "early")
        self.deadletters = BlobContainer(service.get_container_client(f"rebuild-{name}"))

    @property
    def ingest(self) -> IngestStores:
        """Where the replay writes. It judges as the live app does; what was excluded, or refused by a quota,
        is so again."""
        return replace(
            wiring.ingest_stores(),
            machines=self.documents["machines"],
            conditions=self.documents["conditions"],
            deadletters=self.deadletters,
            admission=self.admission,
        )

    @property
    def state(self) -> State:
        """What is compared."""
        machines = CurrentDays(self.documents["machines"], self.fleet, wiring.catalog())
        return State(machines, self.documents["conditions"], self.fleet)

    def rollups(self, queue: Messages) -> RollUpStores:
        """Where the rollups read and write; the catalog is the live one, which they only read."""
        known = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
        machines = self.documents["machines"]
        return RollUpStores(machines, machines, self.fleet, known, queue)

    async def holds_anything(self) -> bool:
        """Whether something was written to it before."""
        for name in ("machines", "conditions", "fleet"):
            async for _ in self.documents[name].select(None, fields=("id",)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Into:
    """The target database. ``resume``: it may hold what an earlier run left; ``wait``: for how many seconds
    what differs is looked at again."""

    name: str
    resume: bool = False
    wait: float = 0.0


async def rebuild(
    environment: Mapping[str, str], into: Into, wanted: Wanted, progress: Progress
) -> tuple[Replayed, Comparison | None]:
    """Replay, roll up, compare; without a comparison where only the events until a time were replayed.

    Raises ValueError for a target that cannot be one, or holds something and this is not to resume.
    """
    name = into.name
    if name == wiring.settings().cosmos_database or not TARGET.fullmatch(name):
        raise ValueError("--target: 3 to 40 lower-case letters, digits and hyphens; not the live database")
    async with cosmos_client(environment, "COSMOS") as cosmos, blob_service(environment, "DATA") as blobs:
        target = await _prepared(cosmos, blobs, into)
        done = await _caught_up(target, wanted, progress)
        if wanted.until is not None:
            return done, None
        looks = [await _compared(target, done, wanted, progress)]
        deadline = asyncio.get_running_loop().time() + into.wait
        while not standing(looks).settled and asyncio.get_running_loop().time() < deadline:
            progress.say(f"{looks[-1].differences:,} differences; looking again")
            await asyncio.sleep(PAUSE)
            done.join(await _caught_up(target, replace(wanted, after=done.reached), progress))
            looks.append(await _compared(target, done, wanted, progress))
        return done, standing(looks)


async def _caught_up(target: Target, wanted: Wanted, progress: Progress) -> Replayed:
    """Replay what is wanted of the archive, judged as it was judged up to now, and roll it up."""
    excluded = AsOf(await exclusion_list.read(wiring.catalog()))
    target.admission = Admission(excluded, await on_record(wiring.deadletters()))
    archive = wiring.archive_blobs()

    def replayed(hour: datetime, number: int, blobs: int, events: int) -> None:
        progress.stage("blobs replayed", number, blobs, f"up to {hour:%Y-%m-%dT%H}h, {events:,} events")

    course = Course(wiring.version(), asyncio.sleep, replayed)
    done = await replay(archive, target.ingest, wanted, course)
    queue = Messages()
    await roll_up_all(target.rollups(queue), queue, datetime.now(UTC))
    return done


async def _compared(target: Target, done: Replayed, wanted: Wanted, progress: Progress) -> Comparison:
    live = State(wiring.current_machines(), wiring.conditions(), wiring.fleet())

    def compared(number: int, machines: int) -> None:
        progress.stage("machines compared", number, machines)

    return await compare(live, target.state, done.inexact, wanted.machine, compared)


async def drop(environment: Mapping[str, str], name: str) -> None:
    """Delete a target, if there is one."""
    async with cosmos_client(environment, "COSMOS") as cosmos, blob_service(environment, "DATA") as blobs:
        with suppress(CosmosResourceNotFoundError):
            await cosmos.delete_database(name)
        container = blobs.get_container_client(f"rebuild-{name}")
        if await container.exists():
            await container.delete_container()


async def _prepared(cosmos: CosmosClient, service: BlobServiceClient, into: Into) -> Target:
    await create_database(cosmos, into.name)
    target = Target(cosmos, service, into.name)
    if not into.resume and await target.holds_anything():
        raise ValueError(f"database {into.name} is not empty: name another one, or say --resume to go on")
    if not await target.deadletters.container.exists():
        await target.deadletters.container.create_container()
    return target


def figures(done: Replayed, found: Comparison | None) -> dict[str, Any]:
    """The outcome as JSON."""
    told: dict[str, Any] = {
        "events": done.events, "deadLettered": len(done.refused), "forgotten": done.forgotten,
    }  # fmt: skip
    return told | (found.figures() if found else {"equal": None})


def explain(done: Replayed, found: Comparison | None) -> str:
    """The outcome for people."""
    forgotten = f", {done.forgotten:,} forgotten" if done.forgotten else ""
    lines = [f"replayed {done.events:,} events, {len(done.refused):,} of them dead letters{forgotten}"]
    if found is None:
        return "\n".join([*lines, "not compared: the live state has seen more than --until"])
    lines.append(
        f"{'equal' if found.equal else f'{found.differences} DIFFERENCES'}: {found.machines:,} machines, "
        f"{found.lines:,} ledger lines, {found.days:,} machine days, {found.summaries:,} summary entries"
    )
    if found.moving:
        lines.append(
            f"not compared: {found.moving:,} things that changed between the looks (today's figures, as a "
            "rule). Ask again when less is sent, or for one --machine"
        )
    if found.excepted:
        lines.append(f"{found.excepted:,} estimated times differ, as they may")
    if found.bounded:
        lines.append(f"{found.bounded:,} days and summaries name other products; their sums are equal")
    return "\n".join([*lines, *(f"  {difference}" for difference in found.named)])


def code(found: Comparison | None) -> Exit:
    """The exit code of a comparison, and of none: then only a part was replayed."""
    if found is not None and not found.equal:
        return Exit.WRONG
    return Exit.NOT_YET if found is not None and found.moving else Exit.DONE
