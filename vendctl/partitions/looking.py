"""What each function stands before, in each partition: looked at, nothing changed."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from vendctl.partitions.checkpoints import Checkpoint, HostBlobs
from vendctl.partitions.message import Message
from vendctl.partitions.reading import End, HubReader
from vending.adapters.checkpoints import GROUPS
from vending.events import publishers
from vending.events.identity import PUBLISHER_KEYS

NEXT = 500
"""Events of the next batch at the most: ``maxEventBatchSize`` of host.json. One of them stops all of it."""
READERS = 8
"""Partitions that are read at once: each takes a connection of its own, a second, mostly of waiting."""
State = Literal["idle", "moves", "stands", "blocked"]


@dataclass(frozen=True, slots=True)
class Bad:
    """A message that no trigger can bind, and whose it is."""

    sequence: int
    offset: str
    enqueued: datetime
    kind: str
    fault: str
    publisher: str | None
    """The identity of the sender's credential, where it has one: this is who sent it."""
    key: str | None

    @classmethod
    def of(cls, message: Message) -> "Bad":
        """What is worth telling of it."""
        said = {name: str(value.value) for name, value in message.annotations.items()}
        publisher = next((said[name] for name in PUBLISHER_KEYS if name in said), None)
        return cls(
            message.sequence, message.offset, message.enqueued, message.kind, message.unbindable,
            publisher, said.get("x-opt-partition-key"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One function in one partition."""

    function: str
    group: str
    partition: str
    state: State
    checkpoint: int
    """The last number that is done; -1 for none."""
    offset: str
    moved: datetime | None
    last: int
    behind: int
    next: int | None
    """The number that stands next, and since when it is there."""
    enqueued: datetime | None
    bad: Bad | None
    owner: str | None
    lost: int
    """Numbers that the hub's retention took before the function came to them."""

    def told(self) -> dict[str, Any]:
        """As JSON; times in ISO 8601."""
        return asdict(self, dict_factory=_json)


def _json(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: x.isoformat() if isinstance(x, datetime) else x for name, x in fields}


async def look(hub: HubReader, host: HostBlobs, now: datetime, limit: timedelta) -> list[Row]:
    """Every function and partition. ``limit``: how long a function may stand before what waits. Transient."""
    # The checkpoints first: what is done is never ahead of the hub.
    held, owners = await host.checkpoints(), await host.owners()
    ends = await hub.ends()
    checkpoints = [
        held.get((group, partition), Checkpoint(group, partition))
        for group in GROUPS
        for partition in sorted(ends, key=_order)
    ]
    places = {_place(one): one for one in checkpoints}
    gate = asyncio.Semaphore(READERS)

    async def read(one: Checkpoint) -> tuple[Message | None, Bad | None]:
        async with gate:
            return await ahead(hub, one, ends[one.partition])

    found = dict(zip(places, await asyncio.gather(*map(read, places.values())), strict=True))
    states = _State(now, limit)
    return [
        _row(one, ends[one.partition], found[_place(one)], owners.get((one.group, one.partition)), states)
        for one in checkpoints
    ]


def _place(one: Checkpoint) -> tuple[str, int, str]:
    """Where a function is: what two functions at one place stand before is read once."""
    return one.partition, one.sequence, one.offset


async def ahead(hub: HubReader, checkpoint: Checkpoint, end: End) -> tuple[Message | None, Bad | None]:
    """What stands next, and the first of the next batch that cannot be bound."""
    first, last = None, min(end.last, max(checkpoint.sequence, end.first - 1) + NEXT)
    if checkpoint.sequence >= end.last or end.first > end.last:
        return None, None
    async with aclosing(hub.read(checkpoint.partition, checkpoint.start, last)) as messages:
        async for message in messages:
            first = first or message
            if message.unbindable:
                return first, Bad.of(message)
    return first, None


@dataclass(frozen=True, slots=True)
class _State:
    now: datetime
    limit: timedelta

    def of(self, checkpoint: Checkpoint, first: Message | None, bad: Bad | None) -> State:
        if first is None:
            return "idle"
        if bad is not None:
            return "blocked"
        since = max(checkpoint.moved or first.enqueued, first.enqueued)
        return "stands" if self.now - since > self.limit else "moves"


def _row(
    checkpoint: Checkpoint, end: End, stands: tuple[Message | None, Bad | None],
    owner: str | None, states: _State,
) -> Row:  # fmt: skip
    first, bad = stands
    return Row(
        function=checkpoint.function,
        group=checkpoint.group,
        partition=checkpoint.partition,
        state=states.of(checkpoint, first, bad),
        checkpoint=checkpoint.sequence,
        offset=checkpoint.offset,
        moved=checkpoint.moved,
        last=end.last,
        behind=max(0, end.last - checkpoint.sequence),
        next=first.sequence if first else None,
        enqueued=first.enqueued if first else None,
        bad=bad,
        owner=owner,
        lost=max(0, first.sequence - checkpoint.sequence - 1) if first else 0,
    )


def _order(partition: str) -> tuple[int, str]:
    return (int(partition), "") if partition.isdecimal() else (1 << 30, partition)


HEADS = ("function", "partition", "checkpoint", "hub's last", "behind", "waits", "state", "what stands next")


def table(rows: Sequence[Row], now: datetime) -> str:
    """For people: one line each."""
    cells = [HEADS, *(_cells(row, now) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    age = "" if row.enqueued is None else f"{max(0, round((now - row.enqueued).total_seconds())):,} s"
    done = "none" if row.checkpoint < 0 else str(row.checkpoint)
    return (
        row.function, row.partition, done, "none" if row.last < 0 else str(row.last), f"{row.behind:,}",
        age, row.state, _next(row),
    )  # fmt: skip


def _next(row: Row) -> str:
    if row.next is None:
        return ""
    gone = f"{row.lost:,} numbers are gone from the hub; " if row.lost else ""
    if row.bad is None:
        return f"{gone}number {row.next} can be bound"
    return f"{gone}number {row.bad.sequence} cannot be bound: {row.bad.fault}; {whose(row.bad)}"


def whose(bad: Bad) -> str:
    """Whose message it is, as far as the hub tells."""
    if bad.publisher is not None:
        known = publishers.parse(bad.publisher)
        named = f"{known.device} in machine {known.machine}" if known else bad.publisher
        device = known.device if known else bad.publisher
        return f"sent with the credential of {named}, which `vendctl device {device} --revoke` ends"
    return f"partition key {bad.key}, no publisher" if bad.key is not None else "neither publisher nor key"


def advice(rows: Sequence[Row]) -> Mapping[str, str]:
    """Partition → what to do about it, for those that do not move."""
    told: dict[str, str] = {}
    for row in rows:
        if row.state == "blocked":
            told[row.partition] = f"vendctl partitions clear {row.partition}"
        elif row.state == "stands":
            told.setdefault(
                row.partition,
                f"everything next can be bound: a store throttles or is away, or the app is stopped; "
                f"see the log of {row.function}",
            )
    return told
