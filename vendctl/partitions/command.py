"""Which partitions stand still and before what, and the way past it.

A message whose AMQP body is no data fails before any function is called, and the retry policy repeats its
batch for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, NamedTuple

from devstack.commandline import Answer, Exit
from vendctl.partitions.checkpoints import Checkpoint, HostBlobs, home
from vendctl.partitions.clearing import Bounds, Show, Stretch, Take, bring_in, move, stretch
from vendctl.partitions.looking import advice, look, table, whose
from vendctl.partitions.reading import HubReader
from vendctl.progress import Progress
from vending import wiring
from vending.adapters.checkpoints import CONTAINER, GROUPS
from vending.adapters.clients import blob_service
from vending.archive.append import archive
from vending.errors import Conflict, Transient
from vending.ingest.ingest import ingest

CHOICES = {function.partition("_")[0]: group for group, function in GROUPS.items()}
"""``ingest`` and ``archive`` → their consumer groups."""
TRIES = 5
RESTART = """A running host does not read its checkpoints again. Restart it now:
  az functionapp restart --resource-group RESOURCE_GROUP --name APP
  (locally: stop and start it), then look again: vendctl partitions"""


@dataclass(frozen=True, slots=True)
class Clearing:
    """What is to be cleared: a partition for one function or both, looked at so far ahead."""

    partition: str
    group: str = "both"
    dry_run: bool = False
    bounds: Bounds = field(default_factory=Bounds)


class Output(NamedTuple):
    """Where it is told what was found and done, in lines, and how far it is."""

    tell: Callable[[str], None]
    progress: Progress

    def stage(self, what: str, checkpoint: Checkpoint) -> Show:
        """How far one function's part of the work is."""
        return partial(self.progress.stage, f"{_where(checkpoint)}: {what}")


@dataclass(slots=True)
class Cleared:
    """What became of one function's place in the partition."""

    found: Stretch
    state: Literal["moved", "left", "clear"]
    """``left``: something is still to do."""

    def told(self) -> dict[str, Any]:
        """As JSON."""
        moved = self.found.last.sequence if self.state == "moved" else self.found.checkpoint.sequence
        return {
            "function": self.found.checkpoint.function,
            "partition": self.found.checkpoint.partition,
            "state": self.state,
            "bad": [bad.sequence for bad in self.found.bad],
            "before": self.found.checkpoint.sequence,
            "checkpoint": moved,
            "lookedUpTo": self.found.looked,
            "hubsLast": self.found.end,
            "lost": self.found.lost,
        }


async def listed(hub: HubReader, host: HostBlobs, after: timedelta) -> Answer:
    """The list; WRONG where something has not moved for longer than ``after``."""
    now = datetime.now(UTC)
    rows = await look(hub, host, now, after)
    todo = advice(rows)
    told = [f"partition {partition}: {what}" for partition, what in todo.items()]
    text = "\n".join([table(rows, now), *told])
    return Answer([row.told() for row in rows], text, Exit.WRONG if todo else Exit.DONE)


async def cleared(hub: HubReader, host: HostBlobs, asked: Clearing, output: Output) -> list[Cleared]:
    """Clear a partition for the groups that were asked for; what is done is told as it happens."""
    held, ends = await host.checkpoints(), await hub.ends()
    if asked.partition not in ends:
        raise ValueError(f"the hub has no partition {asked.partition!r}; it has {', '.join(sorted(ends))}")
    done = []
    for name in CHOICES if asked.group == "both" else [asked.group]:
        group = CHOICES[name]
        checkpoint = held.get((group, asked.partition), Checkpoint(group, asked.partition))
        show = output.stage("events looked at", checkpoint)
        found = await stretch(hub, checkpoint, ends[asked.partition], asked.bounds, show)
        for line in _lines(found):
            output.tell(f"{_where(checkpoint)}: {line}")
        done.append(Cleared(found, await _of_group(hub, host, found, asked, output)))
    if any(one.state == "moved" for one in done):
        output.tell(RESTART)
    return done


async def _of_group(
    hub: HubReader, host: HostBlobs, found: Stretch, asked: Clearing, output: Output
) -> Literal["moved", "left", "clear"]:
    checkpoint = found.checkpoint
    where = _where(checkpoint)
    if not found.bad:
        return "left" if found.looked < found.end else "clear"
    if asked.dry_run:
        return "left"
    take, show = _take(checkpoint.group, output.progress), output.stage("events brought in", checkpoint)
    await bring_in(hub, found, wiring.settings().hub_generation, take, show)
    try:
        await move(host, found)
    except Conflict:
        output.tell(
            f"{where}: its checkpoint has moved meanwhile, so it does not stand; left as it is. Look again."
        )
        return "left"
    output.tell(f"{where}: checkpoint moved from {checkpoint.sequence} to {found.last.sequence}")
    return "moved"


def _where(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.function}, partition {checkpoint.partition}"


def _lines(found: Stretch) -> Iterator[str]:
    """What was found, for people."""
    if found.lost:
        yield f"{found.lost:,} numbers from {found.checkpoint.sequence + 1} on are gone from the hub"
    for bad in found.bad:
        yield (f"number {bad.sequence}, enqueued {bad.enqueued:%Y-%m-%d %H:%M:%S} UTC, cannot be "
               f"bound: {bad.fault}; {whose(bad)}")  # fmt: skip
    if found.looked < found.end:
        yield f"looked up to number {found.looked}, the hub has {found.end}: run it once more"
    elif not found.bad:
        yield f"everything up to number {found.end} can be bound; nothing to clear"


def _take(group: str, progress: Progress) -> Take:
    """A function's use case, on the app's stores; what must wait is tried again for some minutes."""
    take: Take = {
        CHOICES["ingest"]: lambda events: ingest(events, wiring.ingest_stores(), wiring.version()),
        CHOICES["archive"]: lambda events: archive(events, wiring.archive_blobs()),
    }[group]

    async def patiently(events: object) -> object:
        for attempt in range(TRIES):
            try:
                return await take(events)  # type: ignore[arg-type]
            except (Transient, Conflict) as fault:
                if attempt + 1 == TRIES:
                    raise
                progress.say(f"waiting for a store: {fault}")
                await asyncio.sleep(getattr(fault, "retry_after", None) or 2.0**attempt)
        return None

    return patiently


@asynccontextmanager
async def host_blobs(environment: Mapping[str, str]) -> AsyncIterator[HostBlobs]:
    """The host's checkpoints of the hub that the settings name."""
    async with blob_service(environment, "AzureWebJobsStorage") as service:
        yield HostBlobs(service.get_container_client(CONTAINER), home(environment))
