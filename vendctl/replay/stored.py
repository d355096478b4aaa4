"""What the system stored of a replay, read from its stores."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vending.adapters.clients import queue_service
from vending.archive import layout
from vending.documents.base import load
from vending.documents.days import Summary
from vending.documents.rollup_state import REWORK, ROLLUP, CatalogProgress
from vending.events.records import decode_lines
from vending.ports import Blobs, Documents, Feed, beginning
from vending.rollups import tree
from vending.state import intervals
from vending.time import millis

Body = dict[str, Any]
FEED_PAGE = 500


async def documents(container: Documents, prefix: str) -> list[Body]:
    """All documents whose ids begin so."""
    return [found.body async for found in container.select(None, *beginning(prefix))]


async def catalog_noticed(fleet: Documents, version: int, now: datetime) -> bool:
    """Whether rollups have noted what this version of the catalog changes, and have nothing due of it."""
    stored = await fleet.read(ROLLUP, "catalog")
    if stored is None or load(stored.body, CatalogProgress).processed < version:
        return False
    async for _ in fleet.select(REWORK, ("open", "=", True), ("due", "<=", millis(now))):
        return False
    return True


async def caught_up(machines: Feed, fleet: Documents) -> bool:
    """Whether rollups have counted every ledger page: their place in the feed moves last."""
    shards = await fleet.read(ROLLUP, "shards")
    if shards is None:
        return False
    for number, feed_range in enumerate(shards.body["ranges"]):
        shard = await fleet.read(ROLLUP, f"shard:{number}")
        place: str | None = shard.body["continuation"] if shard else None
        changes, place = await machines.changes(feed_range, place, FEED_PAGE)
        while changes:
            if any(body.get("type") == "page" for body in changes):
                return False
            changes, place = await machines.changes(feed_range, place, FEED_PAGE)
    return True


async def day_count(machines: Documents, fleet: Documents) -> int:
    """How many machine days and fleet days there are."""
    count = 0
    for container, key in ((machines, None), (fleet, tree.FLEET), (fleet, tree.PRODUCTS)):
        async for _ in container.select(key, *beginning(tree.day_id("")), fields=("id",)):
            count += 1
    return count


async def queue_length(environment: Mapping[str, str], name: str) -> int:
    """Messages of a queue, those in work among them."""
    async with queue_service(environment, "DATA") as queues:
        properties = await queues.get_queue_client(name).get_queue_properties()
    return properties.approximate_message_count or 0


async def ledger_digest(machines: Documents) -> str:
    """Changes whenever a stock document or a ledger page is written, even with the same content."""
    found = [
        [stored.body["machineId"], stored.body["id"], stored.etag]
        for prefix in ("page:", "stock")
        async for stored in machines.select(None, *beginning(prefix))
    ]
    return hashlib.blake2b(repr(sorted(found)).encode(), digest_size=16).hexdigest()


async def fleet_days(fleet: Documents) -> dict[str, Body]:
    """Day → the whole fleet's figures, the products' among them."""
    result: dict[str, Body] = {}
    for scope in (tree.FLEET, tree.PRODUCTS):
        async for stored in fleet.select(scope, ("type", "=", f"{scope}Day")):
            tree.add(result.setdefault(stored.body["date"], {}), tree.total(load(stored.body, Summary)))
    return result


async def dead_letters(blobs: Blobs) -> dict[str, int]:
    """Reason → how many events of the hub were refused for it."""
    places: dict[tuple[str, str, int], str] = {}
    async for name in blobs.names():
        if name.endswith(".jsonl"):
            for line in decode_lines(await blobs.read(name)):
                places[line["generation"], line["partition"], line["sequence"]] = line["reason"]
    reasons = sorted(places.values())
    return {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}


async def archive_gaps(blobs: Blobs, generation: str, hub: Mapping[str, int]) -> dict[str, int]:
    """Partition → numbers up to the hub's last one that no archived block holds; only those with gaps."""
    held: dict[str, intervals.Intervals] = {}
    async for name in blobs.names("raw/"):
        home = layout.raw_name(name)
        if home.generation == generation:
            for block in (await blobs.blocks(name)).ids:
                first, last = layout.block_range(block)
                for number in range(first, last + 1):
                    intervals.add(held.setdefault(home.partition, []), number)
    gaps = {
        partition: last + 1 - sum(min(end, last) - start + 1 for start, end in held.get(partition, []))
        for partition, last in hub.items()
    }
    return {partition: count for partition, count in gaps.items() if count}
