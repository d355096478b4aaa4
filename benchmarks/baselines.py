"""The published patterns for events from Event Hubs in Cosmos DB, as an app in Python writes them.

B0 (mspnp/serverless-reference-implementation): a loop, one awaited upsert per event. B1 (Azure-Samples/
streaming-at-scale): one upsert per event, all of a batch under one gather; it keeps raw documents and no
state. B5 (the former mspnp): per event read the machine's state, merge, upsert, without an ETag. Each uses
the SDK as it comes, on a container with the three indexed paths that streaming-at-scale publishes (about
8.5 RU a write). Wrong as some of them are (lost updates, no order, no dead letters), they are what is used.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from benchmarks.meter import Meter, measured
from devstack.cosmos.auth import WELL_KNOWN_KEY
from vending.events.hub_event import HubEvent

INDEXING: dict[str, Any] = {
    "indexingMode": "consistent",
    "includedPaths": [{"path": f"/{name}/?"} for name in ("deviceId", "createdAt", "type")],
    "excludedPaths": [{"path": "/*"}],
}


class Baseline:
    """One container, and what its accesses cost."""

    def __init__(self, container: ContainerProxy, meter: Meter) -> None:
        self.container = container
        self.meter = meter

    async def b0(self, batch: Sequence[HubEvent]) -> None:
        """One upsert after the other."""
        for event in batch:
            await self._upsert(raw(event))

    async def b1(self, batch: Sequence[HubEvent]) -> None:
        """All upserts at once."""
        await asyncio.gather(*(self._upsert(raw(event)) for event in batch))

    async def b5(self, batch: Sequence[HubEvent]) -> None:
        """Read, merge, upsert; one event after the other, as its loop does."""
        for event in batch:
            fields = raw(event)
            key = str(fields["deviceId"])
            state: dict[str, Any] = {"id": key}
            with suppress(CosmosResourceNotFoundError):
                state = dict(await self.container.read_item(key, key, response_hook=self.meter.hook))
            news = {name: value for name, value in fields.items() if name not in ("id", "data")}
            await self._upsert(state | news | {fields["type"]: fields["data"]})

    async def _upsert(self, body: dict[str, Any]) -> None:
        await self.container.upsert_item(body, response_hook=self.meter.hook)


def raw(event: HubEvent) -> dict[str, Any]:
    """The event as a document: its own fields, and the three that are indexed."""
    fields: dict[str, Any] = json.loads(event.body)
    device = fields["source"].rpartition("/")[2]
    return fields | {"deviceId": device, "createdAt": event.enqueued.isoformat()}


async def compare_with(
    client: CosmosClient, pattern: str, what: str, batches: Sequence[Sequence[HubEvent]]
) -> dict[str, float]:
    """What a pattern's own database takes on the same server; by a client of its own, the SDK as it comes."""
    database = await client.create_database(f"{pattern}-{what}")
    await database.create_container("c", PartitionKey("/deviceId"), indexing_policy=INDEXING)
    async with CosmosClient(client.client_connection.url_connection, WELL_KNOWN_KEY) as plain:
        meter = Meter()
        baseline = Baseline(plain.get_database_client(database.id).get_container_client("c"), meter)
        if pattern == "b5":  # the state of every machine exists on an ordinary day
            await baseline.b5([event for batch in batches for event in batch])
        return await measured(getattr(baseline, pattern), batches, meter)
