"""``prefetchSizeInBytes``: what a receiver holds of a partition is bounded by bytes.

Rules: EventProcessorOptions.PrefetchSizeInBytes (before the count; intent, no limit; at least one event);
azure-amqp ReceivingAmqpLink.SizeBasedFlowQueue (256 KiB guessed at first, the window before measured after
it, windows of at most 500, none while as much is held as may be).
"""

import asyncio
import uuid
from collections.abc import Sequence

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.message import Message
from azure.eventhub.aio import EventHubProducerClient, PartitionContext

from devstack.functions.errors import ConfigurationError
from devstack.functions.listeners import event_hub_settings, prefetch
from devstack.functions.listeners.prefetch import FIRST_GUESS, LARGEST_WINDOW, BoundedClient, Held
from devstack.tests.functions.test_settings import configuration

LARGE = b"\0" * 1_000_000
WANTED = 8 * 1024 * 1024


def message(body: bytes) -> Message:
    return Message(data=[body])


def test_the_setting_is_read_and_checked() -> None:
    def read(value: object) -> int | None:
        hubs = {"extensions": {"eventHubs": {"prefetchSizeInBytes": value}}}
        return event_hub_settings.read(configuration(hubs)).prefetch_bytes

    assert event_hub_settings.read(configuration()).prefetch_bytes is None
    assert (read(WANTED), read("8388608"), read(2**40), read(0)) == (WANTED, WANTED, 2**40, 0)
    for wrong in (-1, "8 MiB", True):
        with pytest.raises(ConfigurationError, match="prefetchSizeInBytes"):
            read(wrong)


def test_windows_are_measured_by_the_one_before() -> None:
    held = Held(WANTED)
    assert held.credit() == WANTED // FIRST_GUESS == 32
    for _ in range(32):
        held.append(message(LARGE))
    assert (held.bytes, held.credit()) == (32_000_000, 0)
    for _ in range(30):
        held.popleft()
    assert (held.bytes, held.credit()) == (2_000_000, (WANTED - 2_000_000) // 1_000_000)


def test_small_events_come_five_hundred_at_a_time() -> None:
    held = Held(WANTED)
    held.credit()
    held.append(message(b"{}"))
    assert held.credit() == LARGEST_WINDOW


def test_a_small_event_among_large_ones_asks_for_no_more_of_them() -> None:
    """A window of one small event says nothing of the next ones: 500 of a megabyte would follow it."""
    held = Held(WANTED)
    held.credit()
    for body in [LARGE] * 40:
        held.append(message(body))
        held.popleft()
    held.credit()
    held.append(message(b"{}"))
    assert held.credit() == (WANTED - 2) // (31 * len(LARGE) // 32) == 8
    for _ in range(40):
        held.append(message(b"{}"))
    assert held.credit() == LARGEST_WINDOW


@pytest.mark.parametrize("limit", [0, 1, 999_999])
def test_an_event_over_the_bound_comes_alone(limit: int) -> None:
    held = Held(limit)
    held.append(message(LARGE))
    assert held.credit() == 0
    held.popleft()
    assert (held.bytes, held.credit()) == (0, 1)


def test_properties_count() -> None:
    held = Held(WANTED)
    held.append(Message(data=[b"{}", b"{}"], application_properties={b"note": b"x" * 1000}))
    assert held.bytes > 1000


async def sent(connection: str, hub: str, bodies: Sequence[bytes]) -> None:
    async with EventHubProducerClient.from_connection_string(connection, eventhub_name=hub) as client:
        for body in bodies:
            await client.send_batch([EventData(body)], partition_id="0")


class Watched(Held):
    """What was held at the most, after the first window."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.windows: list[int] = []
        self.most = 0
        self.more = asyncio.Event()

    def append(self, one: Message) -> None:
        super().append(one)
        self.more.set()
        if len(self.windows) > 1:
            self.most = max(self.most, self.bytes)

    def credit(self) -> int:
        asked = super().credit()
        if asked:
            self.windows.append(asked)
        return asked


async def received(connection: str, hub: str, count: int, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """All events of partition 0, by a reader that lets its receiver take whatever it will each time."""
    watched = Watched(WANTED)
    monkeypatch.setattr(prefetch, "Held", lambda _: watched)
    client = BoundedClient.from_connection_string(connection, "$Default", eventhub_name=hub)
    assert isinstance(client, BoundedClient)
    client.prefetch_bytes = WANTED
    seen: list[int | None] = []
    done = asyncio.Event()

    async def take(_: PartitionContext, events: list[EventData]) -> None:
        seen.extend(event.sequence_number for event in events)
        while watched.bytes < WANTED and len(seen) + len(watched) < count:
            watched.more.clear()
            await watched.more.wait()
        if len(seen) == count:
            done.set()

    async with client:
        reading = asyncio.create_task(
            client.receive_batch(
                take, max_batch_size=500, prefetch=1000, partition_id="0", starting_position="-1"
            )
        )
        await asyncio.wait_for(done.wait(), 120)
        reading.cancel()
    assert seen == list(range(count))
    return watched


async def test_a_receiver_holds_no_more_bytes_than_wanted_and_one_event(
    events_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 events of 1 MB: after the first guess, never more than the bound and the event that reached it."""
    hub = f"t{uuid.uuid4().hex[:10]}"
    await sent(events_server, hub, [LARGE] * 60)
    watched = await received(events_server, hub, 60, monkeypatch)
    assert watched.windows[0] == 32
    assert WANTED <= watched.most <= WANTED + len(LARGE)
    assert max(watched.windows[1:]) <= 8


async def test_a_single_event_over_the_bound_passes(
    events_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = f"t{uuid.uuid4().hex[:10]}"
    await sent(events_server, hub, [LARGE, LARGE, b"small"])
    monkeypatch.setattr("devstack.tests.functions.test_prefetch.WANTED", 1000)
    watched = await received(events_server, hub, 3, monkeypatch)
    assert watched.windows == [1, 1, 1]
    assert watched.most == len(LARGE)
