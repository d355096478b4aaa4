"""How far the hub is, and how far the app's triggers have come: from the hub and from the checkpoints."""

import asyncio
from collections.abc import Mapping

from vending.adapters.checkpoints import CONTAINER, HostCheckpoints
from vending.adapters.clients import address, blob_service, credential, hub_namespace
from vending.settings import Settings


async def last_numbers(environment: Mapping[str, str]) -> dict[str, int]:
    """Partition → the last sequence number that the hub gave out; -1 where it gave none."""
    from azure.eventhub.aio import EventHubConsumerClient

    hub, group = Settings.read(environment).telemetry_hub, "$Default"
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
    """``ingest`` and ``archive`` → partition → the sequence number of that function's checkpoint."""
    hub = Settings.read(environment).telemetry_hub
    async with blob_service(environment, "AzureWebJobsStorage") as service:
        container, namespace = service.get_container_client(CONTAINER), hub_namespace(environment, "EVENTHUB")
        done = await HostCheckpoints(container, namespace, hub).done()
    return {function.partition("_")[0]: numbers for function, numbers in done.items()}


async def behind(environment: Mapping[str, str]) -> dict[str, int]:
    """Function → how many events it has still to finish."""
    numbers, marks = await asyncio.gather(last_numbers(environment), checkpoints(environment))
    return {
        name: sum(last - done.get(partition, -1) for partition, last in numbers.items())
        for name, done in marks.items()
    }
