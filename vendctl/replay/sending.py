"""The devices' events to Event Hubs with the official producer, each device's in order."""

from collections.abc import Callable, Mapping, Sequence

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from vendctl.replay.device_events import DeviceEvents
from vendctl.replay.errors import ReplayError

Sent = Callable[[int], None]
"""Called with the number of events that Event Hubs has acknowledged so far."""


async def send(devices: Sequence[DeviceEvents], environment: Mapping[str, str], sent: Sent) -> int:
    """Send everything; how many events. A batch is awaited before the next one of the same device.

    Raises :class:`ReplayError` when Event Hubs does not take them.
    """
    try:
        return await _send(devices, environment, sent)
    except EventHubError as fault:
        raise ReplayError(
            f"Event Hubs did not take the events: {fault}. Run again: what was sent is recognised"
        ) from fault


async def _send(devices: Sequence[DeviceEvents], environment: Mapping[str, str], sent: Sent) -> int:
    producer = EventHubProducerClient.from_connection_string(
        environment["EVENTHUB"], eventhub_name=environment["TELEMETRY_HUB"]
    )
    count = 0
    async with producer:
        for device in devices:
            batch = await producer.create_batch(partition_key=device.device)
            for body in device.bodies:
                event = EventData(body)
                try:
                    batch.add(event)
                except ValueError:  # the batch is full
                    await producer.send_batch(batch)
                    count += len(batch)
                    sent(count)
                    batch = await producer.create_batch(partition_key=device.device)
                    batch.add(event)
            await producer.send_batch(batch)
            count += len(batch)
            sent(count)
    return count
