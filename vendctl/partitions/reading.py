"""A partition of the hub read past anything: each event as the bytes that came.

The SDK decodes a message before it hands it over: it forgets the types of values, cannot tell a null body
from none, and never delivers a message with a type that it does not know (a ``char``, a small decimal). So
its decoder is put aside while events are read; answers to its own questions still go through it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient
from azure.eventhub.exceptions import EventHubError

from vendctl.partitions import GROUP
from vendctl.partitions.amqp import Malformed
from vendctl.partitions.message import NUMBER, OFFSET, Message
from vending.adapters.clients import address, credential
from vending.errors import Transient
from vending.settings import Settings

SILENCE = 30.0
"""Seconds without an event, though the hub has some, after which reading is given up."""
AT_ONCE = 200
"""Events of one callback; three times as many wait in memory at the most."""
Arrived = asyncio.Queue[list[EventData] | Exception]


@dataclass(frozen=True, slots=True)
class End:
    """What the hub has of a partition; ``last`` is -1 where it never had an event."""

    first: int
    last: int


@dataclass(frozen=True)
class HubReader:
    """Reads a hub; ``client`` makes a client of it."""

    client: Callable[[], EventHubConsumerClient]

    @classmethod
    def of(cls, environment: Mapping[str, str], group: str = GROUP) -> "HubReader":
        """The telemetry hub that the app's settings name."""
        hub = Settings.read(environment).telemetry_hub
        options: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.2}
        if text := environment.get("EVENTHUB"):
            return cls(
                lambda: EventHubConsumerClient.from_connection_string(
                    text, group, eventhub_name=hub, **options
                )
            )
        namespace = address(environment, "EVENTHUB", "fullyQualifiedNamespace")
        return cls(
            lambda: EventHubConsumerClient(
                namespace, hub, group, credential(environment, "EVENTHUB"), **options
            )
        )

    async def ends(self) -> dict[str, End]:
        """Every partition. Raises Transient."""
        try:
            async with self.client() as client:
                partitions = await client.get_partition_ids()
                found = await asyncio.gather(*map(client.get_partition_properties, partitions))
        except EventHubError as fault:
            raise Transient(f"the hub did not tell its partitions: {fault}") from fault
        return {
            str(state["id"]): End(
                int(state["beginning_sequence_number"]),
                -1 if state["is_empty"] else int(state["last_enqueued_sequence_number"]),
            )
            for state in found
        }

    async def read(self, partition: str, start: str | int, last: int) -> AsyncGenerator[Message]:
        """The events behind ``start`` (an offset's text or a sequence number) up to number ``last``.

        Raises Transient when the hub does not give them.
        """
        arrived: Arrived = asyncio.Queue(1)
        with undecoded():
            async with self.client() as client:
                receiving = asyncio.create_task(_receive(client, partition, start, arrived))
                try:
                    async with aclosing(_until(arrived, last, partition)) as found:
                        async for message in found:
                            yield message
                finally:
                    receiving.cancel()
                    await asyncio.gather(receiving, return_exceptions=True)


async def _receive(
    client: EventHubConsumerClient, partition: str, start: str | int, arrived: Arrived
) -> None:
    async def take(_: Any, events: list[EventData]) -> None:
        if events:
            await arrived.put(events)

    async def fail(_: Any, fault: Exception) -> None:
        await arrived.put(fault)

    await client.receive_batch(
        take, partition_id=partition, starting_position=start, prefetch=AT_ONCE, max_batch_size=AT_ONCE,
        on_error=fail,
    )  # fmt: skip


async def _until(arrived: Arrived, last: int, partition: str) -> AsyncGenerator[Message]:
    while True:
        try:
            found = await asyncio.wait_for(arrived.get(), SILENCE)
        except TimeoutError as fault:
            raise Transient(
                f"partition {partition} gave nothing for {SILENCE:.0f} s. Is there such a group? The SDK "
                f"does not say: `az eventhubs eventhub consumer-group create --name {GROUP}`, or --read-with"
            ) from fault
        if isinstance(found, Exception):
            raise Transient(f"partition {partition} cannot be read: {found}") from found
        for event in found:
            message = Message.read(b"".join(event.body))  # type: ignore[arg-type]  # see undecoded
            yield message
            if message.sequence >= last:
                return


@dataclass
class _Aside:
    """The SDK's decoder while it is put aside, for as many reads as go on."""

    readers: int = 0
    put_back: Callable[[], None] = lambda: None


_aside = _Aside()


@contextmanager
def undecoded() -> Iterator[None]:
    """While this lasts, the body of a received event is the whole message as it came.

    There is no public way: a test tells when the SDK keeps its decoder elsewhere. Raises RuntimeError then.
    """
    if _aside.readers == 0:
        _aside.put_back = _put_aside()
    _aside.readers += 1
    try:
        yield
    finally:
        _aside.readers -= 1
        if _aside.readers == 0:
            _aside.put_back()


def _put_aside() -> Callable[[], None]:
    from azure.eventhub._pyamqp import message as sdk
    from azure.eventhub._pyamqp.aio import _receiver_async

    link: Any = _receiver_async
    original = getattr(link, "decode_payload", None)
    if original is None:
        raise RuntimeError("this version of azure-eventhub keeps its decoder elsewhere: pin the one before")

    def kept(buffer: memoryview) -> Any:
        raw = bytes(buffer)
        try:
            message = Message.read(raw)
            own: dict[str | bytes, Any] = {
                NUMBER.encode(): message.sequence,
                OFFSET.encode(): message.offset.encode(),
            }
        except (Malformed, KeyError):  # an answer of the service, not an event
            return original(buffer)
        return sdk.Message(message_annotations=own, data=[raw])

    link.decode_payload = kept
    return lambda: setattr(link, "decode_payload", original)
