"""The read model of lag: how far each function that reads the hub is behind it, partition by partition.

From what the hub and the checkpoints say now, and from what the sweep remembers of them: since when events
wait, and since when a checkpoint has not moved. Nothing is noted by looking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from vending.alerts.standing import Halt, Halts
from vending.alerts.waiting import Sample, Samples, waiting_since
from vending.answer import Answer
from vending.archive.layout import STANDING, WAITING
from vending.business_day import instant
from vending.ports import ArchiveBlobs, Checkpoints, Hub, PartitionEnd
from vending.recent import Recent
from vending.time import millis

LOOK = timedelta(seconds=5)
"""How old what the hub said may be: each partition that it is asked for takes a connection of its own."""
Ends = list[PartitionEnd]
Done = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class HubStores:
    """What tells how far the hub is, and how far the functions are."""

    hub: Hub
    checkpoints: Checkpoints
    remembered: ArchiveBlobs
    generation: str
    recent: Recent = field(default_factory=lambda: Recent(LOOK))

    async def now(self, now: datetime) -> tuple[Done, Ends]:
        """Function → partition → the last number done, and the hub's partitions. Raises Transient."""

        async def look() -> tuple[Done, Ends]:
            # The checkpoints first: what is done is never ahead of the hub.
            return await self.checkpoints.done(), await self.hub.ends()

        found: tuple[Done, Ends] = await self.recent.get("hub", now, look)
        return found


class PartitionLag(Answer, frozen=True, kw_only=True):
    """How far a function is in a partition. Numbers are the hub's sequence numbers."""

    function: str
    partition: str
    first: Annotated[int, Meta(description="The lowest number that the hub still has.")]
    last: Annotated[int, Meta(description="The highest one; -1 before the first event.")]
    done: Annotated[int, Meta(description="By the function's checkpoint; -1 before the first one.")]
    behind: Annotated[int, Meta(description="Events that it has still to finish.")]
    waiting_since: Annotated[str | None, Meta(description="The oldest of them is there at least since then.")]
    standing_since: Annotated[
        str | None, Meta(description="The checkpoint has not moved since then, though events waited.")
    ]


class FunctionLag(Answer, frozen=True):
    """How far a function is, in all partitions."""

    function: str
    behind: int
    waiting_since: str | None


class Lag(Answer, frozen=True):
    """How far the functions that read the hub are behind it."""

    generation: Annotated[str, Meta(description="Which life of the hub the numbers count in.")]
    functions: list[FunctionLag]
    partitions: list[PartitionLag]


async def lag(stores: HubStores, now: datetime) -> Lag:
    """As of now, or five seconds ago. Raises Transient."""
    done, ends = await stores.now(now)
    samples, halts = await _samples(stores), await _halts(stores)
    rows = [
        _row(function, end, numbers.get(end.partition, -1), samples, halts.get(function, {}))
        for function, numbers in sorted(done.items())
        for end in sorted(ends, key=lambda end: (len(end.partition), end.partition))
    ]
    functions = [_whole(function, [x for x in rows if x.function == function]) for function in sorted(done)]
    return Lag(stores.generation, functions, rows)


def _row(
    function: str, end: PartitionEnd, done: int, samples: tuple[Sample, ...], halts: Mapping[str, Halt]
) -> PartitionLag:
    since = waiting_since(samples, end.partition, done)
    halt = halts.get(end.partition)
    stands = halt is not None and halt.at == done < end.last
    return PartitionLag(
        function=function,
        partition=end.partition,
        first=end.first,
        last=end.last,
        done=done,
        behind=max(0, end.last - done),
        waiting_since=None if since is None else instant(millis(since)),
        standing_since=instant(millis(halt.since)) if halt and stands else None,
    )


def _whole(function: str, rows: list[PartitionLag]) -> FunctionLag:
    since = min((row.waiting_since for row in rows if row.waiting_since), default=None)
    return FunctionLag(function, sum(row.behind for row in rows), since)


async def _samples(stores: HubStores) -> tuple[Sample, ...]:
    found = await stores.remembered.find(WAITING)
    held = Samples.decode(found[0]) if found else Samples("")
    return held.samples if held.generation == stores.generation else ()


async def _halts(stores: HubStores) -> Mapping[str, Mapping[str, Halt]]:
    found = await stores.remembered.find(STANDING)
    held = Halts.decode(found[0]) if found else Halts("")
    return held.halts if held.generation == stores.generation else {}
