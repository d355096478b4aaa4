"""Rebuild: the archive, replayed in hub order through the same fold, into stores of its own (P4).

Raw blobs are read as streams, hour by hour and chunk by chunk, and handed to ingest as batches; then the
same rollups run over what ingest wrote. Every step is idempotent: an interrupted rebuild is run again over
what it left. Batches are cut otherwise than they once arrived, so times that are estimated from a batch may
differ; :class:`Replayed` says of which events.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vending.archive.layout import CHUNK, raw_name
from vending.archive.read_archive import raw_events
from vending.errors import Rejected, Transient
from vending.events.event import Event, parse
from vending.events.hub_event import HubEvent
from vending.events.slices import SLICE, size
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import ArchiveBlobs
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, feed_ranges, roll_up

BATCH = 2_000
"""Events of one call of ingest, or fewer large ones (:data:`SLICE`): a machine's events of minutes are folded
and written together."""
PATIENCE = 60
"""Attempts at a batch that must wait, before the rebuild gives up."""
TICKS = 1_000
Inexact = set[tuple[str, int, int]]
"""(machine, epoch, sequence) of events of which only an estimated time is known."""


@dataclass(frozen=True)
class Wanted:
    """Which events are replayed."""

    machine: str | None = None
    until: datetime | None = None
    """Enqueued before."""
    after: Mapping[str, int] = field(default_factory=dict)
    """Per hub partition (``generation/partition``), the last sequence number that is not wanted."""

    def holds(self, hub: HubEvent) -> bool:
        """Whether the event is wanted. What is no event at all belongs to no machine."""
        if self.until is not None and hub.enqueued >= self.until:
            return False
        if hub.sequence <= self.after.get(hub.numbering, -1):
            return False
        if self.machine is None:
            return True
        if self.machine.encode() not in hub.body and b"\\" not in hub.body:
            return False  # nearly all of the archive: its name could only be there in other letters
        event = _event(hub)
        return event is not None and event.machine == self.machine


@dataclass
class Replayed:
    """What was replayed."""

    events: int = 0
    forgotten: int = 0
    """Those that operators want as if never sent."""
    refused: set[str] = field(default_factory=set)
    """Places of the events that ingest dead-lettered, again."""
    inexact: Inexact = field(default_factory=set)
    reached: dict[str, int] = field(default_factory=dict)
    """Per hub partition (``generation/partition``), the last sequence number that was read."""

    def read(self, hub: HubEvent) -> None:
        """An event of the archive, wanted or not."""
        self.reached[hub.numbering] = max(hub.sequence, self.reached.get(hub.numbering, -1))

    def join(self, later: "Replayed") -> None:
        """What a later replay, of the events after these, did."""
        self.events += later.events
        self.forgotten += later.forgotten
        self.refused |= later.refused
        self.inexact |= later.inexact
        self.reached |= later.reached


@dataclass(frozen=True)
class Course:
    """How a replay runs: as which version of the code; ``pause`` waits seconds; ``progress`` is told (hour,
    blobs done, blobs, events) per blob."""

    version: str
    pause: Callable[[float], Awaitable[None]]
    progress: Callable[[datetime, int, int, int], None] | None = None


async def replay(blobs: ArchiveBlobs, stores: IngestStores, wanted: Wanted, course: Course) -> Replayed:
    """Replay what is wanted.

    Raises Damaged (audit the archive), and Transient when a store stays away.
    """
    done = Replayed()
    names = [name async for name in blobs.names("raw/") if _begins(name, wanted)]
    for number, name in enumerate(names, 1):
        batch: list[HubEvent] = []
        held = 0
        async for _, hub in raw_events(blobs, name):
            done.read(hub)
            if wanted.holds(hub):
                batch.append(hub)
                held += size(hub)
            if len(batch) == BATCH or held >= SLICE:
                await _apply(batch, stores, course, done)
                batch, held = [], 0
        if batch:
            await _apply(batch, stores, course, done)
        if course.progress is not None:
            course.progress(raw_name(name).hour, number, len(names), done.events)
    return done


def _begins(name: str, wanted: Wanted) -> bool:
    """Whether some of the blob may be wanted: its name says its hour and its highest sequence number."""
    blob = raw_name(name)
    if wanted.after.get(blob.key, -1) >= (blob.chunk + 1) * CHUNK - 1:
        return False
    return wanted.until is None or blob.hour < wanted.until


async def _apply(batch: Sequence[HubEvent], stores: IngestStores, course: Course, done: Replayed) -> None:
    for attempt in range(PATIENCE):
        try:
            outcome = await ingest(batch, stores, course.version)
        except Transient as fault:
            if attempt + 1 == PATIENCE:
                raise
            await course.pause(fault.retry_after or 1.0)
            continue
        done.events += len(batch)
        done.forgotten += outcome.forgotten
        done.refused |= {hub.position for hub, _ in outcome.refusals}
        done.inexact |= _inexact(batch)
        return


def _inexact(batch: Sequence[HubEvent]) -> Inexact:
    found: Inexact = set()
    for hub in batch:
        event = _event(hub)
        if event is None:
            continue
        if event.at.quality in ("uptime", "estimated"):
            found.add((event.machine, *event.order))
    return found


def _event(hub: HubEvent) -> Event | None:
    try:
        return parse(hub)
    except Rejected:
        return None


class Messages:
    """The queue of a rebuild: its rollups run here, one after the other."""

    def __init__(self) -> None:
        self.waiting: list[Mapping[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        """Add a message."""
        self.waiting.append(message)


async def roll_up_all(stores: RollUpStores, queue: Messages, now: datetime) -> None:
    """Run the rollups until a tick finds nothing to do but to look. ``stores.queue`` must be ``queue``."""
    for _ in range(TICKS):
        sent = await roll_up(now, stores)
        while queue.waiting:
            await roll_up_shard(queue.waiting.pop(0), now, stores)
        if sent == len(await feed_ranges(stores)):
            return
    raise RuntimeError(f"the rollups were not done after {TICKS} ticks")
