"""Provisioning: what is made, and what an older version made without and is brought in line."""

import uuid
from collections.abc import AsyncIterator

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient, DatabaseProxy

from vendctl.provision import CONTAINERS, LIFE, create_database, indexing_policy


@pytest.fixture
async def database(client: CosmosClient) -> AsyncIterator[DatabaseProxy]:
    """An empty database."""
    found = await client.create_database(f"provisioned-{uuid.uuid4().hex[:8]}")
    yield found
    await client.delete_database(found.id)


async def lives(database: DatabaseProxy) -> dict[str, int | None]:
    """Container → its default time to live."""
    return {name: (await database.get_container_client(name).read()).get("defaultTtl") for name in CONTAINERS}


async def test_a_lock_in_the_leases_can_expire_and_nothing_else_does(
    client: CosmosClient, database: DatabaseProxy
) -> None:
    """``AcquireInitializationLockAsync`` writes ``….lock`` with a ttl. Without defaultTtl it never expires,
    and where the host died with it no later host gets past its start."""
    await create_database(client, database.id)
    assert await lives(database) == dict.fromkeys(CONTAINERS) | LIFE
    await create_database(client, database.id)
    assert await lives(database) == dict.fromkeys(CONTAINERS) | LIFE


@pytest.mark.parametrize("before", [None, 3600])
async def test_leases_that_were_made_otherwise_are_brought_in_line_and_keep_what_they_hold(
    client: CosmosClient, database: DatabaseProxy, before: int | None
) -> None:
    policy = indexing_policy("leases") | {"excludedPaths": [{"path": "/left/?"}]}
    leases = await database.create_container(
        "leases", PartitionKey("/id"), indexing_policy=policy, default_ttl=before
    )
    await leases.create_item({"id": "a-lease", "ContinuationToken": "7"})
    await create_database(client, database.id)
    found = await leases.read()
    assert found["defaultTtl"] == -1
    assert {"path": "/left/?"} in found["indexingPolicy"]["excludedPaths"]
    assert found["partitionKey"]["paths"] == ["/id"]
    assert (await leases.read_item("a-lease", "a-lease"))["ContinuationToken"] == "7"
