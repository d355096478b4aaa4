"""The timer of the rollups: it decides what to do and does none of it.

What the rollups remember of their work are the documents of :mod:`vending.documents.rollup_state`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vending.catalog.cache import CatalogCache
from vending.documents.base import load
from vending.documents.rollup_state import REWORK, CatalogProgress, OpenDays, Shards, State
from vending.errors import Conflict
from vending.ports import Documents, Feed, Put, Queue
from vending.time import millis

MACHINES_A_TICK = 200
"""Of those that a change of the catalog made dirty; the next tick takes the next ones."""


@dataclass(frozen=True)
class RollUpStores:
    """Where rollups read and write. ``ledger`` is ``machines`` once more, as a feed."""

    machines: Documents
    ledger: Feed
    fleet: Documents
    catalog: CatalogCache
    queue: Queue
    at_work: set[str] = field(default_factory=set)
    """What invocations of this process do just now, as :mod:`vending.rollups.shard` calls it."""


async def roll_up(now: datetime, stores: RollUpStores) -> int:
    """Send one message per stored feed range, for each day that closes, and for what the catalog made dirty;
    how many messages."""
    ranges = await feed_ranges(stores)
    messages: list[dict[str, Any]] = [{"shard": number} for number in range(len(ranges))]
    version = await stores.catalog.refresh()
    progress, _ = await state_of(stores, CatalogProgress())
    if version > progress.processed:
        messages.append({"catalog": version})
    open_days, _ = await state_of(stores, OpenDays())
    closing = [one.date for one in open_days.days if one.rests(millis(now))]
    messages += [{"close": date} for date in closing]
    due = stores.fleet.select(REWORK, ("open", "=", True), ("due", "<=", millis(now)))
    async for stored in due:
        messages.append({"machine": stored.body["id"]})
        if len(messages) >= MACHINES_A_TICK + len(ranges):
            break
    for message in messages:
        await stores.queue.send(message)
    return len(messages)


async def feed_ranges(stores: RollUpStores) -> list[str]:
    """The feed ranges as they were when first asked for."""
    held, etag = await state_of(stores, Shards(ranges=[]))
    if etag is None:
        held.ranges = await stores.ledger.ranges()
        try:
            await stores.fleet.write(held.scope, [Put(held.dump())])
        except Conflict:
            held, _ = await state_of(stores, held)
    return held.ranges


async def state_of[Kind: State](stores: RollUpStores, empty: Kind) -> tuple[Kind, str | None]:
    """A document of the rollups' state and its ETag, or ``empty`` where there is none."""
    stored = await stores.fleet.read(empty.scope, empty.id)
    return (load(stored.body, type(empty)), stored.etag) if stored else (empty, None)
