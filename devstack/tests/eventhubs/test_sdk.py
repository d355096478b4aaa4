"""The official Python SDK, synchronous and asynchronous: what ordinary apps do with a hub.

One body for this server, the official emulator and Azure: STACK=devstack|emulators|azure.
"""

import asyncio
import contextlib
import datetime
import threading

import pytest
from azure.eventhub import EventData, TransportType
from azure.eventhub.aio import EventHubProducerClient as AsyncProducerClient
from azure.eventhub.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType
from azure.eventhub.exceptions import ConnectError, EventDataSendError, EventHubError

from devstack.eventhubs.hub.routing import partition_for
from devstack.tests.eventhubs.clients import bodies, consumer, producer, read, read_async, send

UTC = datetime.UTC


def test_properties_of_a_new_hub(cs: str, hub: str) -> None:
    with producer(cs, hub) as client:
        found = client.get_eventhub_properties()
        assert found["eventhub_name"] == hub
        assert found["partition_ids"] == ["0", "1", "2", "3"]
        age = datetime.datetime.now(UTC) - found["created_at"]
        assert abs(age) < datetime.timedelta(minutes=5)
        empty = client.get_partition_properties("1")
        assert (empty["is_empty"], empty["last_enqueued_sequence_number"]) == (True, -1)
        assert empty["last_enqueued_offset"] == "-1"
        client.send_event(EventData("x"), partition_id="1")
        full = client.get_partition_properties("1")
    (event,) = read(cs, hub, 1, "1")
    assert (full["is_empty"], full["beginning_sequence_number"]) == (False, 0)
    assert full["last_enqueued_sequence_number"] == event.sequence_number == 0
    assert full["last_enqueued_offset"] == event.offset
    assert full["last_enqueued_time_utc"] == event.enqueued_time


def test_everything_about_an_event_survives(cs: str, hub: str) -> None:
    event = EventData(b"\x00\xff binary")
    event.properties = {"text": "grüß", "number": 7, "yes": True, "part": 1.5}
    event.content_type, event.correlation_id, event.message_id = "application/json", "c-1", "m-1"
    with producer(cs, hub) as client:
        client.send_batch([event], partition_key="dev-1")
    place = str(partition_for("dev-1", 4))
    (got,) = read(cs, hub, 1, place)
    assert list(got.body) == [b"\x00\xff binary"]  # type: ignore[arg-type]
    assert got.properties == {b"text": "grüß".encode(), b"number": 7, b"yes": True, b"part": 1.5}
    assert (got.content_type, got.correlation_id, got.message_id) == ("application/json", "c-1", "m-1")
    assert got.partition_key == b"dev-1"
    assert set(got.system_properties) == {
        b"x-opt-sequence-number", b"x-opt-offset", b"x-opt-enqueued-time", b"x-opt-partition-key",
        b"content-type", b"correlation-id", b"message-id",
    }  # fmt: skip


def test_every_kind_of_body(cs: str, hub: str) -> None:
    messages: list[EventData | AmqpAnnotatedMessage] = [
        AmqpAnnotatedMessage(data_body=[b"a", b"b"]),
        AmqpAnnotatedMessage(sequence_body=[[1, "x"], [True]]),
        AmqpAnnotatedMessage(value_body={"key": [1, 2]}),
    ]
    with producer(cs, hub) as client:
        client.send_batch(messages, partition_id="0")
    got = read(cs, hub, 3)
    kinds = [event.raw_amqp_message.body_type for event in got]
    assert kinds == [AmqpMessageBodyType.DATA, AmqpMessageBodyType.SEQUENCE, AmqpMessageBodyType.VALUE]
    assert list(got[0].body) == [b"a", b"b"]  # type: ignore[arg-type]
    assert list(got[1].body) == [[1, b"x"], [True]]  # type: ignore[arg-type]
    assert got[2].body == {b"key": [1, 2]}


def test_client_cannot_set_the_service_annotations(cs: str, hub: str) -> None:
    message = AmqpAnnotatedMessage(
        data_body=b"x", annotations={"x-opt-sequence-number": 99, "x-opt-publisher": "forged", "mine": "kept"}
    )
    with producer(cs, hub) as client:
        client.send_batch([message], partition_id="0")
    (got,) = read(cs, hub, 1)
    annotations = got.raw_amqp_message.annotations
    assert got.sequence_number == 0
    assert annotations is not None
    assert b"x-opt-publisher" not in annotations
    assert annotations[b"mine"] == b"kept"


def test_batches_up_to_the_limit_in_many_frames(cs: str, hub: str) -> None:
    with producer(cs, hub) as client:
        batch = client.create_batch(partition_id="0")
        assert batch.max_size_in_bytes == 1024 * 1024
        count = 0
        with contextlib.suppress(ValueError):  # the SDK's way to say that it is full
            while True:
                batch.add(EventData(f"{count:06d}" + "x" * 5000))
                count += 1
        assert count > 190
        client.send_batch(batch)
    got = read(cs, hub, count)
    assert [event.sequence_number for event in got] == list(range(count))
    assert [body[:6] for body in bodies(got)] == [f"{n:06d}" for n in range(count)]


async def test_one_event_of_a_mebibyte_and_the_async_client(cs: str, hub: str) -> None:
    large = "y" * (1024 * 1024 - 1000)
    client = AsyncProducerClient.from_connection_string(cs, eventhub_name=hub)
    async with client:
        await client.send_event(EventData(large), partition_id="0")
        await client.send_batch([EventData("a"), EventData("b")], partition_id="0")
        properties = await client.get_partition_properties("0")
    assert properties["last_enqueued_sequence_number"] == 2
    got = await read_async(cs, hub, 3)
    assert bodies(got) == [large, "a", "b"]


def test_larger_than_the_limit_is_refused(cs: str, hub: str) -> None:
    with producer(cs, hub) as client:
        with pytest.raises((ValueError, EventHubError)):
            client.send_batch([EventData("z" * (1024 * 1024 + 10))], partition_id="0")
        client.send_event(EventData("fits"), partition_id="0")
    assert bodies(read(cs, hub, 1)) == ["fits"]


def test_an_event_over_the_limit_fails_with_the_service_s_condition(cs: str, hub: str) -> None:
    """A program sees by the condition that sending again is of no use."""
    with producer(cs, hub) as client:
        with pytest.raises(EventDataSendError) as refused:
            client.send_event(EventData("z" * 1_200_000), partition_id="0")
        assert refused.value.error == "link:message-size-exceeded"
        assert "currently allowed on the link" in str(refused.value)
        client.send_event(EventData("fits"), partition_id="0")
    assert bodies(read(cs, hub, 1)) == ["fits"]


def test_a_partition_key_over_the_quota_is_refused(cs: str, hub: str) -> None:
    with producer(cs, hub, retry_total=0) as client:
        with pytest.raises(EventHubError, match="128 characters"):
            client.send_batch([EventData("x")], partition_key="k" * 129)
        client.send_batch([EventData("fits")], partition_key="k" * 128)
    assert bodies(read(cs, hub, 1, None)) == ["fits"]


async def test_every_position(cs: str, hub: str) -> None:
    client = AsyncProducerClient.from_connection_string(cs, eventhub_name=hub)
    async with client:
        for text in ("a", "b", "c"):
            await client.send_event(EventData(text), partition_id="0")
            await asyncio.sleep(0.002)  # so that the three have enqueued times of their own
    second = (await read_async(cs, hub, 3))[1]
    offset, number, moment = second.offset, second.sequence_number, second.enqueued_time
    assert moment is not None
    day = datetime.timedelta(days=1)
    wanted = [
        (offset, False, ["c"]), (offset, True, ["b", "c"]),
        (number, False, ["c"]), (number, True, ["b", "c"]),
        (moment, False, ["c"]), (moment, True, ["b", "c"]), (moment - day, False, ["a", "b", "c"]),
    ]  # fmt: skip
    got = await asyncio.gather(
        *(
            read_async(cs, hub, len(texts), group=f"g{index}", starting_position=start,
                       starting_position_inclusive=inclusive)
            for index, (start, inclusive, texts) in enumerate(wanted)
        )
    )  # fmt: skip
    assert [bodies(events) for events in got] == [texts for _, _, texts in wanted]


def test_latest_gets_only_what_comes_later(cs: str, hub: str) -> None:
    send(cs, hub, ["before"], partition_id="0")
    got: list[str] = []
    attached, seen = threading.Event(), threading.Event()

    def take(_context: object, event: EventData | None) -> None:
        attached.set()
        if event is not None:
            got.append(event.body_as_str())
            seen.set()

    client = consumer(cs, hub)
    worker = threading.Thread(
        target=client.receive, args=(take,),
        kwargs={"partition_id": "0", "starting_position": "@latest", "max_wait_time": 0.3},
    )  # fmt: skip
    worker.start()
    try:
        assert attached.wait(60)
        send(cs, hub, ["after"], partition_id="0")
        assert seen.wait(60)
    finally:
        client.close()
        worker.join(60)
    assert got == ["after"]


def test_a_position_beyond_the_end_is_refused(cs: str, hub: str) -> None:
    send(cs, hub, ["x"], partition_id="0")
    faults: list[Exception] = []
    client = consumer(cs, hub, retry_total=0)

    def note(_context: object, fault: Exception) -> None:
        faults.append(fault)
        client.close()

    with contextlib.suppress(EventHubError):
        client.receive(
            lambda _context, _event: None, partition_id="0", starting_position="999999", on_error=note
        )
    assert "The supplied offset '999999' is invalid. The last offset in the system is" in str(faults[0])


def test_runtime_metrics(cs: str, hub: str) -> None:
    send(cs, hub, ["a", "b"], partition_id="0")
    client = consumer(cs, hub)
    found: list[dict[str, object]] = []

    def take(context: object, event: EventData | None) -> None:
        if event is not None:
            found.append(dict(context.last_enqueued_event_properties))  # type: ignore[attr-defined]
            client.close()

    client.receive(
        take,
        partition_id="0",
        starting_position="-1",
        track_last_enqueued_event_properties=True,
        max_wait_time=1,
    )
    assert found[0]["sequence_number"] == 1
    assert isinstance(found[0]["retrieval_time"], datetime.datetime)


def test_events_with_a_key_share_the_partition_of_its_hash(cs: str, hub: str) -> None:
    keys = ["a", "device-17", "gerät-ü", "x" * 128, "日本"]
    with producer(cs, hub) as client:
        for key in keys:
            client.send_batch([EventData(key)], partition_key=key)
            client.send_batch([EventData(key)], partition_key=key)
        ends = {
            place: client.get_partition_properties(place)["last_enqueued_sequence_number"] for place in "0123"
        }
    expected = dict.fromkeys("0123", -1)
    for key in keys:
        expected[str(partition_for(key, 4))] += 2
    assert ends == expected


def test_unkeyed_events_go_round(cs: str, hub: str) -> None:
    with producer(cs, hub) as client:
        for _ in range(8):
            client.send_batch([EventData("x")])
        ends = [client.get_partition_properties(place)["last_enqueued_sequence_number"] for place in "0123"]
    assert ends == [1, 1, 1, 1]


def test_unknown_partition_is_refused(cs: str, hub: str) -> None:
    with producer(cs, hub, retry_total=0) as client:
        with pytest.raises(EventHubError, match=r"(?i)partition"):
            client.get_partition_properties("9")
        with pytest.raises((ValueError, EventHubError, ConnectError)):
            client.send_event(EventData("x"), partition_id="9")


def test_transport_is_plain_tcp(cs: str, hub: str) -> None:
    with producer(cs, hub, transport_type=TransportType.Amqp) as client:
        assert client.get_partition_ids() == ["0", "1", "2", "3"]
