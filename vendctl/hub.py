"""How far the hub is, and how far the app's triggers have come: from the hub and from the checkpoints."""

import asyncio
from collections.abc import Mapping

from vending.adapters.clients import address, blob_service, credential
from vending.settings import Settings

CHECKPOINTS = "azure-webjobs-eventhub"
"""The container in which the Functions host keeps checkpoints (metadata of empty blobs)."""
GROUPS = {"ingest": "$Default", "archive": "archive"}
"""The consumer groups of the two Event Hubs functions."""


async def last_numbers(environment: Mapping[str, str]) -> dict[str, int]:
    """Partition → the last sequence number that the hub gave out; -1 where it gave none."""
    from azure.eventhub.aio import EventHubConsumerClient

    hub, group = Settings.read(environment).telemetry_hub, GROUPS["ingest"]
    if text := environment.get("EVENTHUB"):
        client = EventHubConsumerClient.from_connection_string(text, group, eventhub_name=hub)
    else:
        namespace = address(environment, "EVENTHUB", "fullyQualifiedNamespace")
        client = EventHubConsumerClient(namespace, hub, group, credential(environment, "EVENTHUB"))
    async with client:
        partitions = await client.get_partition_ids()
        # Each of these calls takes a connection of its own, half a second, nearly all of it waiting.
        found = await asyncio.gather(*(client.get_partition_properties(one) for one in partitions))
    return {
        partition: -1 if state["is_empty"] else int(state["last_enqueued_sequence_number"])
        for partition, state in zip(partitions, found, strict=True)
    }


async def checkpoints(environment: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Function (ingest, archive) → partition → the sequence number of its checkpoint."""
    hub = Settings.read(environment).telemetry_hub
    found: dict[str, dict[str, int]] = {name: {} for name in GROUPS}
    names = {group.lower(): name for name, group in GROUPS.items()}
    async with blob_service(environment, "AzureWebJobsStorage") as service:
        container = service.get_container_client(CHECKPOINTS)
        if not await container.exists():
            return found
        async for blob in container.list_blobs(include=["metadata"]):
            _, owner, group, kind, partition = blob.name.split("/")
            if (owner, kind) == (hub.lower(), "checkpoint") and group in names:
                found[names[group]][partition] = int(blob.metadata["sequencenumber"])
    return found


async def behind(environment: Mapping[str, str]) -> dict[str, int]:
    """Function → how many events it has still to finish."""
    numbers, marks = await asyncio.gather(last_numbers(environment), checkpoints(environment))
    return {
        name: sum(last - marks[name].get(partition, -1) for partition, last in numbers.items())
        for name in GROUPS
    }
