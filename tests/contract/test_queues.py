"""What the use cases rely on in Queue."""

import base64
import json

import pytest

from tests.support.fakes import FakeQueue
from vending.adapters.queues import MAX_BYTES, PoisonQueue, StorageQueue

MESSAGE = {"kind": "alert", "text": "Ünïcødé ☕", "money": {"minor": 150}, "none": None}


async def received(queue: FakeQueue | StorageQueue) -> list[object]:
    if isinstance(queue, FakeQueue):
        return list(queue.messages)
    return [
        json.loads(base64.b64decode(message.content))
        async for message in queue.queue.receive_messages(max_messages=10)
    ]


async def test_messages_arrive_as_they_were(queue: FakeQueue | StorageQueue) -> None:
    await queue.send(MESSAGE)
    await queue.send({"second": True})
    assert await received(queue) == [MESSAGE, {"second": True}]


async def test_a_message_may_fill_48_kibibytes(storage_queue: StorageQueue) -> None:
    room = MAX_BYTES - len('{"text":""}')
    await storage_queue.send({"text": "x" * room})
    with pytest.raises(ValueError, match="49153 bytes"):
        await storage_queue.send({"text": "x" * (room + 1)})
    assert len(await received(storage_queue)) == 1


async def test_a_poison_queue_that_nobody_made_is_empty(storage_queue: StorageQueue) -> None:
    poison = PoisonQueue(storage_queue.queue)
    assert await poison.length() == 0
    await storage_queue.send(MESSAGE)
    assert await poison.length() == 1
    await storage_queue.queue.delete_queue()
    assert await poison.length() == 0
