"""The way past messages that no trigger can bind.

All that lies between a function's checkpoint and the last such message goes through the app's own use cases,
with the hub's numbers, as the trigger would have handed it over; only then is the checkpoint moved, If-Match.
Every step is idempotent: a run that dies leaves the next one the same work.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from vendctl.partitions import AHEAD_EVENTS, AHEAD_MEGABYTES
from vendctl.partitions.checkpoints import Checkpoint, HostBlobs
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.looking import Bad
from vendctl.partitions.message import Message
from vendctl.partitions.reading import End, HubReader
from vending.events.hub_event import HubEvent

EVENTS, BYTES = 500, 8 * 1024 * 1024
"""Of one portion that goes through a use case; whichever is reached first."""
Take = Callable[[Sequence[HubEvent]], Awaitable[object]]
Show = Callable[[int, int, str], None]
"""How many of how many events, and what of them."""
LOOKED = 1_000
"""Events between two words about how far it is."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far ahead of a checkpoint is looked for bad messages."""

    events: int = AHEAD_EVENTS
    megabytes: int = AHEAD_MEGABYTES


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies between a checkpoint and the last bad message that was found behind it."""

    checkpoint: Checkpoint
    bad: tuple[Bad, ...]
    first: int
    """The first number that the hub still has behind the checkpoint."""
    looked: int
    """The number up to which was looked."""
    end: int
    """The hub's last number then."""

    @property
    def last(self) -> Bad:
        """Where the checkpoint goes."""
        return self.bad[-1]

    @property
    def lost(self) -> int:
        """Numbers that the hub's retention took."""
        return max(0, self.first - self.checkpoint.sequence - 1)


async def stretch(hub: HubReader, checkpoint: Checkpoint, end: End, bounds: Bounds, show: Show) -> Stretch:
    """Look for bad messages from the checkpoint to the hub's end, or as far as the bounds go. Transient."""
    bad: list[Bad] = []
    first = looked = checkpoint.sequence
    count = size = 0
    if checkpoint.sequence >= end.last or end.first > end.last:
        return Stretch(checkpoint, (), checkpoint.sequence + 1, end.last, end.last)
    async with aclosing(hub.read(checkpoint.partition, checkpoint.start, end.last)) as messages:
        async for message in messages:
            first = first if count else message.sequence
            count, size, looked = count + 1, size + len(message.raw), message.sequence
            if message.unbindable:
                bad.append(Bad.of(message))
            if count % LOOKED == 0:
                ahead = min(bounds.events, end.last - checkpoint.sequence)
                show(count, ahead, f"{len(bad)} of them cannot be bound")
            if count >= bounds.events or size >= bounds.megabytes << 20:
                break
    return Stretch(checkpoint, tuple(bad), first, looked, end.last)


async def bring_in(hub: HubReader, found: Stretch, generation: str, take: Take, show: Show) -> int:
    """Put the whole stretch through a function's use case; how many events. Raises Transient."""
    done, held = 0, found.checkpoint
    async for portion in _portions(hub, held, found.last.sequence):
        events = [hub_event(message, generation, held.partition) for message in portion]
        await take(events)
        done += len(events)
        last = events[-1].sequence
        show(done, done + found.last.sequence - last, f"up to number {last}")
    return done


async def move(host: HostBlobs, found: Stretch) -> None:
    """Put the checkpoint behind the stretch. Raises Conflict when the function has moved meanwhile."""
    await host.move(found.checkpoint, found.last.sequence, found.last.offset)


async def _portions(hub: HubReader, held: Checkpoint, last: int) -> AsyncGenerator[list[Message]]:
    portion: list[Message] = []
    size = 0
    async with aclosing(hub.read(held.partition, held.start, last)) as messages:
        async for message in messages:
            portion.append(message)
            size += len(message.raw)
            if len(portion) == EVENTS or size >= BYTES:
                yield portion
                portion, size = [], 0
    if portion:
        yield portion
