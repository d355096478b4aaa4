"""The database, containers and queues that the app uses.

In Azure the Bicep files create all of this; the app's own identity may not. Locally this command does.
"""

from collections.abc import Mapping
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy

from vending.adapters.clients import blob_service, cosmos_client, queue_service
from vending.resources import BLOB_CONTAINERS, CONTAINERS, INDEXED, LIFE, QUEUES
from vending.settings import Settings

__all__ = [
    "BLOB_CONTAINERS",
    "CONTAINERS",
    "INDEXED",
    "LIFE",
    "QUEUES",
    "create_database",
    "indexing_policy",
    "provision",
]


def indexing_policy(container: str) -> dict[str, Any]:
    """The policy of a container: only the paths that its queries use."""
    if container not in INDEXED:
        return {"indexingMode": "consistent", "includedPaths": [{"path": "/*"}], "excludedPaths": []}
    return {
        "indexingMode": "consistent",
        "includedPaths": [{"path": f'/"{name}"/?'} for name in INDEXED[container]],
        "excludedPaths": [{"path": "/*"}],
    }


async def create_database(cosmos: CosmosClient, name: str) -> None:
    """A database with the app's containers; what exists is left as it is, but for its time to live."""
    database = await cosmos.create_database_if_not_exists(name)
    for container, key in CONTAINERS.items():
        policy, life = indexing_policy(container), LIFE.get(container)
        found = await database.create_container_if_not_exists(
            container, PartitionKey(path=key), indexing_policy=policy, default_ttl=life
        )
        if life is not None:
            await _give_life(database, found, life)


async def _give_life(database: DatabaseProxy, container: ContainerProxy, life: int) -> None:
    """Bring a container's time to live in line, where it was made without; the rest of it stays."""
    held = await container.read()
    if held.get("defaultTtl") == life:
        return
    key = held["partitionKey"]
    await database.replace_container(
        container,
        PartitionKey(path=key["paths"][0], kind=key["kind"], version=key.get("version", 1)),
        indexing_policy=held["indexingPolicy"],
        conflict_resolution_policy=held.get("conflictResolutionPolicy"),
        default_ttl=life,
    )


async def provision(environment: Mapping[str, str]) -> None:
    """Create what is missing; what exists is left as it is, but for the leases' time to live."""
    settings = Settings.checked(environment)
    async with cosmos_client(environment, "COSMOS") as cosmos:
        await create_database(cosmos, settings.cosmos_database)
    async with blob_service(environment, "DATA") as blobs:
        for name in BLOB_CONTAINERS:
            container = blobs.get_container_client(name)
            if not await container.exists():
                await container.create_container()
    async with queue_service(environment, "DATA") as queues:
        held = {queue.name async for queue in queues.list_queues()}
        for name in QUEUES:
            if name not in held:
                await queues.create_queue(name)
