"""A message as the Event Hubs trigger would hand it over: the same event, whichever way it came."""

from vendctl.partitions.message import Message
from vending.adapters.eventhubs import OWN_FIELDS
from vending.events.hub_event import HubEvent

KEY = "x-opt-partition-key"


def hub_event(message: Message, generation: str, partition: str) -> HubEvent:
    """The event. One that no trigger can bind carries its AMQP form, and what else of it can be told."""
    key = message.annotations.get(KEY)
    told = message.told
    return HubEvent(
        generation=generation,
        partition=partition,
        sequence=message.sequence,
        offset=message.offset,
        enqueued=message.enqueued,
        key=None if key is None else str(key.value),
        properties=told.properties,
        system={name: value for name, value in told.system.items() if name not in OWN_FIELDS},
        body=told.body,
        amqp=message.form() if message.unbindable else None,
    )
