"""The official SDK in few words: read a partition to an expected number of events, as tests need it."""

import asyncio
import threading
from typing import Any

from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient
from azure.eventhub.aio import EventHubConsumerClient as AsyncConsumerClient

PATIENCE = 60.0


def producer(cs: str, hub: str, **options: Any) -> EventHubProducerClient:
    """A sync producer that retries quickly."""
    options.setdefault("retry_backoff_factor", 0.1)
    return EventHubProducerClient.from_connection_string(cs, eventhub_name=hub, **options)


def consumer(cs: str, hub: str, group: str = "$Default", **options: Any) -> EventHubConsumerClient:
    """A sync consumer that retries quickly."""
    options.setdefault("retry_backoff_factor", 0.1)
    return EventHubConsumerClient.from_connection_string(cs, group, eventhub_name=hub, **options)


def send(cs: str, hub: str, bodies: list[Any], **place: Any) -> None:
    """Send one batch."""
    with producer(cs, hub) as client:
        batch = client.create_batch(**place)
        for body in bodies:
            batch.add(EventData(body))
        client.send_batch(batch)


def read(cs: str, hub: str, count: int, partition: str | None = "0", **start: Any) -> list[EventData]:
    """The first ``count`` events from a position on; fails when they do not come."""
    got: list[EventData] = []
    full = threading.Event()
    start.setdefault("starting_position", "-1")

    def take(_context: Any, events: list[EventData]) -> None:
        got.extend(events)
        if len(got) >= count:
            full.set()

    client = consumer(cs, hub, start.pop("group", "$Default"))
    worker = threading.Thread(
        target=client.receive_batch,
        args=(take,),
        kwargs={"partition_id": partition, "max_wait_time": 0.1, **start},
    )
    worker.start()
    try:
        assert full.wait(PATIENCE), f"{len(got)} of {count} events came"
    finally:
        client.close()
        worker.join(PATIENCE)
    return got


async def read_async(
    cs: str, hub: str, count: int, partition: str | None = "0", **start: Any
) -> list[EventData]:
    """The same with the asynchronous client."""
    got: list[EventData] = []
    full = asyncio.Event()
    start.setdefault("starting_position", "-1")

    async def take(_context: Any, events: list[EventData]) -> None:
        got.extend(events)
        if len(got) >= count:
            full.set()

    client = AsyncConsumerClient.from_connection_string(cs, start.pop("group", "$Default"), eventhub_name=hub)
    async with client:
        task = asyncio.create_task(
            client.receive_batch(take, partition_id=partition, max_wait_time=0.1, **start)
        )
        try:
            await asyncio.wait_for(full.wait(), PATIENCE)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    return got


def bodies(events: list[EventData]) -> list[str]:
    """Bodies as text."""
    return [event.body_as_str() for event in events]
