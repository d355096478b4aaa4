"""The timer of the rollups: it decides what to do and does none of it.

State, all in the container ``fleet``:

- scope ``rollup``: ``shards`` ``{ranges: [feed range, ...]}``, written once and never again, because a stored
  range stays readable after a split; ``shard:{n}`` ``{continuation}``; ``catalog`` ``{processed, after}``;
- scope ``rework``: one document per machine whose days a change of the catalog made dirty, or a defect left:
  ``{open, since, due, settles, broken, failing, cursor, began, version}`` (:mod:`roll_up_catalog`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vending.catalog.catalog_cache import CatalogCache
from vending.errors import Conflict
from vending.ports import Documents, Feed, Put, Queue, Stored
from vending.time import millis

ROLLUP, REWORK = "rollup", "rework"
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


async def roll_up(now: datetime, stores: RollUpStores) -> int:
    """Send one message per stored feed range, and for what the catalog made dirty; how many messages."""
    ranges = await feed_ranges(stores)
    messages: list[dict[str, Any]] = [{"shard": number} for number in range(len(ranges))]
    version = await stores.catalog.refresh()
    state = await stores.fleet.read(ROLLUP, "catalog")
    if version > (state.body["processed"] if state else 0):
        messages.append({"catalog": version})
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
    stored = await stores.fleet.read(ROLLUP, "shards")
    if stored is None:
        ranges = await stores.ledger.ranges()
        body = {"id": "shards", "scope": ROLLUP, "type": "shards", "schema": 1, "ranges": ranges}
        try:
            await stores.fleet.write(ROLLUP, [Put(body)])
            return ranges
        except Conflict:
            stored = await stores.fleet.read(ROLLUP, "shards")
    return list(stored.body["ranges"]) if stored else []


async def state_of(stores: RollUpStores, name: str) -> tuple[dict[str, Any], Stored | None]:
    """A state document of the scope ``rollup``, or an empty one, and how it is stored."""
    stored = await stores.fleet.read(ROLLUP, name)
    empty = {"id": name, "scope": ROLLUP, "type": name.partition(":")[0], "schema": 1}
    return (stored.body if stored else empty), stored
