"""Rules of the queue trigger that need no process: settings, names, bodies, and the loop's poison queues.

Rules: Azure/azure-sdk-for-net QueuesOptions, QueueListenerFactory (poison queues), QueueProcessor,
SharedQueueWatcher; measured on the platform's extension beside ours.
"""

import asyncio
import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker, Outcome
from devstack.functions.listeners import blob, queue, queue_loop
from devstack.functions.listeners.queue import QueueFunction, poison_name
from devstack.functions.listeners.queue_loop import Executor, QueueLoop
from devstack.functions.listeners.wakes import Wakes
from devstack.functions.model import Function
from devstack.functions.storage import queue_name


def _configuration(section: str, **values: Any) -> Configuration:
    return Configuration(Path(), {"extensions": {section: values}}, {}, {})


def test_ranges_of_queue_settings() -> None:
    """Measured: maxPollingInterval 0 refused, visibilityTimeout −1 s accepted."""
    assert queue.read(_configuration("queues", visibilityTimeout="-00:00:01")).retry_after == -1
    assert queue.read(_configuration("queues", maxPollingInterval="00:00:00.100")).max_poll == 0.1
    for wrong in ({"maxPollingInterval": "00:00:00"}, {"maxPollingInterval": "-00:00:01"}, {"batchSize": 33}):
        with pytest.raises(ConfigurationError):
            queue.read(_configuration("queues", **wrong))


@pytest.mark.parametrize(
    ("given", "batch", "threshold"), [(1, 1, 0), (3, 2, 1), (8, 5, 3), (33, 17, 16), (1000, 32, 968)]
)
def test_parallel_blob_runs(given: int, batch: int, threshold: int) -> None:
    """SharedBlobQueueListenerFactory: fetched and in work are maxDegreeOfParallelism, also over 32."""
    found = blob.read(_configuration("blobs", maxDegreeOfParallelism=given))
    assert (found.batch, found.threshold) == (batch, threshold)


def test_parallel_blob_runs_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """BlobsOptions: eight for each core."""
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    found = blob.read(_configuration("blobs"))
    assert (found.batch + found.threshold, found.max_dequeue) == (24, 5)
    with pytest.raises(ConfigurationError):
        blob.read(_configuration("blobs", maxDegreeOfParallelism=0))


def test_names_are_small_letters() -> None:
    """QueuesExtensionConfigProvider.NormalizeQueueName; what no queue can be called is told at start."""
    assert queue_name("MyApp-Work", "here") == "myapp-work"
    for wrong in ("ab", "a" * 64, "under_score", "double--dash", "-dash", "dash-", "ümlaut"):
        with pytest.raises(ConfigurationError, match="no name of a queue"):
            queue_name(wrong, "here")


def test_a_poison_queue_has_none_itself_nor_has_one_with_a_long_name() -> None:
    """QueueListenerFactory.CreatePoisonQueueReference."""
    assert poison_name("work") == "work-poison"
    assert poison_name("work-poison") is None
    assert poison_name("a" * 56) == f"{'a' * 56}-poison"
    assert poison_name("a" * 57) is None


class _Queue:
    """Stands in for a queue: hands its messages out once, keeps what is done with them."""

    def __init__(self, name: str, *messages: QueueMessage, exists: bool = True) -> None:
        self.queue_name = name
        self.messages = list(messages)
        self.done: list[tuple[str, Any]] = []
        self.fetches = asyncio.Semaphore(0)
        self._exists = exists

    async def receive_messages(self, **_: Any) -> Any:
        self.fetches.release()
        while self.messages:
            yield self.messages.pop(0)

    async def send_message(self, content: str) -> None:
        if not self._exists:
            raise ResourceNotFoundError("no such queue")
        self.done.append(("sent", content))

    async def create_queue(self) -> None:
        self._exists = True

    async def delete_message(self, message: QueueMessage) -> None:
        self.done.append(("deleted", message.id))

    async def update_message(self, message: QueueMessage, **options: Any) -> None:
        self.done.append(("updated", options))


class _Work:
    """Stands in for a function."""

    where = "function 'f'"

    def __init__(self, poison: _Queue | None, *, succeeds: bool = False) -> None:
        self.bodies: list[bytes] = []
        self._poison = poison
        self._succeeds = succeeds

    async def run(self, message: QueueMessage, body: bytes) -> bool:
        self.bodies.append(body)
        return self._succeeds

    def poison(self, _body: bytes | None, /) -> QueueClient | None:
        return cast(QueueClient | None, self._poison)


def _message(content: str, count: int = 1) -> QueueMessage:
    found = QueueMessage(content=content)
    found.id, found.dequeue_count, found.pop_receipt = "1", count, "r"
    return found


def _loop(source: _Queue, work: _Work, wakes: Wakes | None = None, **settings: Any) -> QueueLoop:
    read = queue.read(_configuration("queues", **settings))
    return QueueLoop(cast(QueueClient, source), read, cast(Executor, work), wakes or Wakes())


async def _settled(source: _Queue, loop: QueueLoop) -> None:
    """Until the loop has looked again after its messages."""
    await loop.start()
    async with asyncio.timeout(60):
        for _ in range(3):
            await source.fetches.acquire()
    await loop.stop()
    await loop.close()


@pytest.mark.parametrize("form", ["{}", "{}\r\n", " {}\t", "\n{}"])
async def test_base64_with_white_space_is_taken(form: str) -> None:
    """Convert.FromBase64String passes over line ends; measured: accepted."""
    text = base64.encodebytes(b"a body that needs more than one line of base64, since a line holds 57 bytes")
    source, work = _Queue("q", _message(form.format(text.decode()))), _Work(None, succeeds=True)
    await _settled(source, _loop(source, work))
    assert work.bodies == [b"a body that needs more than one line of base64, since a line holds 57 bytes"]
    assert source.done == [("deleted", "1")]


@pytest.mark.parametrize("text", ["no base64!", "YQ", "YQ=", "Y===", "YQ==YQ==", "ü"])
async def test_what_is_no_base64_goes_to_poison_as_it_is(text: str) -> None:
    """QueueMessageDecodingFailedHandler: unread, at once; the poison queue is made."""
    poison = _Queue("q-poison", exists=False)
    source, work = _Queue("q", _message(text)), _Work(poison)
    await _settled(source, _loop(source, work))
    assert (work.bodies, poison.done, source.done) == ([], [("sent", text)], [("deleted", "1")])


@pytest.mark.parametrize("content", [base64.b64encode(b"fails").decode(), "no base64!"])
async def test_without_a_poison_queue_a_message_is_left_invisible(content: str) -> None:
    """QueueProcessor: released, it would fail again at once; measured: 1 try, 600 s, no other queue."""
    source, work = _Queue("q-poison", _message(content)), _Work(None)
    await _settled(source, _loop(source, work))
    assert source.done == []
    assert len(work.bodies) == (content != "no base64!")


@pytest.mark.parametrize(("count", "expected"), [(4, "updated"), (5, "deleted"), (6, "deleted")])
async def test_the_fifth_failure_is_the_last(count: int, expected: str) -> None:
    """MaxDequeueCount; a message over it is not run at all."""
    poison = _Queue("q-poison")
    source, work = _Queue("q", _message("YQ==", count)), _Work(poison)
    await _settled(source, _loop(source, work))
    assert source.done[0][0] == expected
    assert len(work.bodies) == (count <= 5)
    assert poison.done == ([("sent", "YQ==")] if count >= 5 else [])


async def test_poison_wakes_the_listener_of_its_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """SharedQueueWatcher: measured within 4 ms, whatever the back-off had come to; here it is hours."""
    wakes = Wakes()
    poison = _Queue("q-poison")
    waiting = _loop(poison, _Work(None, succeeds=True), wakes, maxPollingInterval="10:00:00")
    failing = _loop(_Queue("q", _message("YQ==", 5)), _Work(poison), wakes)
    monkeypatch.setattr(queue_loop, "SHORTEST_POLL", 7200)
    await waiting.start()
    async with asyncio.timeout(60):
        await poison.fetches.acquire()
        await failing.start()
        await poison.fetches.acquire()
    assert poison.done == [("sent", "YQ==")]
    for loop in (waiting, failing):
        await loop.stop()
        await loop.close()


async def test_a_loop_outlives_what_nobody_thought_of(capsys: pytest.CaptureFixture[str]) -> None:
    """A fault of the client or of ours is told and tried again: no listener ends without a word."""
    source, work = _Queue("q", _message("YQ=="), _message("Yg==")), _Work(None, succeeds=True)
    faults = [RuntimeError("of the client"), RuntimeError("of ours")]
    receive, run = source.receive_messages, work.run

    def failing_once(**options: Any) -> Any:
        if len(faults) == 2:
            raise faults.pop(0)
        return receive(**options)

    async def run_failing_once(message: QueueMessage, body: bytes) -> bool:
        if faults:
            raise faults.pop()
        return await run(message, body)

    source.receive_messages, work.run = failing_once, run_failing_once  # type: ignore[method-assign]
    await _settled(source, _loop(source, work))
    assert len(work.bodies) == 1
    assert source.done == [("deleted", "1")]
    said = capsys.readouterr().err
    assert "RuntimeError: of the client; again in" in said
    assert "message 1: RuntimeError: of ours" in said


class _Invoker:
    """Keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def run(self, function: Function, call: Call, stop: asyncio.Event) -> Outcome:
        self.calls.append(call)
        return Outcome("id", ok=call.fault is None)


def _function(**trigger: Any) -> Function:
    binding = {"type": "queueTrigger", "name": "m", "queueName": "q", "direction": "IN"} | trigger
    return Function("id", "f", True, binding, (binding,), None)


async def test_a_binary_body_is_bound_as_it_was_sent() -> None:
    """dataType BINARY: bytes; QueueTrigger only where they are a text."""
    invoker = _Invoker()
    bound = QueueFunction(_function(dataType="BINARY"), cast(Invoker, invoker), None)
    assert await bound.run(_message(""), b"\x00\xff\xfeA")
    assert await bound.run(_message(""), b"text")
    assert [one.payload for one in invoker.calls] == [("bytes", b"\x00\xff\xfeA"), ("bytes", b"text")]
    assert ["QueueTrigger" in one.metadata for one in invoker.calls] == [False, True]


async def test_a_body_that_is_no_text_fails_in_binding() -> None:
    """Measured: binding fails, the function never runs; the try counts."""
    invoker = _Invoker()
    bound = QueueFunction(_function(), cast(Invoker, invoker), None)
    assert not await bound.run(_message(""), b"\x00\xff\xfeA")
    [call] = invoker.calls
    assert call.fault is not None
    assert "Exception binding parameter 'm': the message is no UTF-8" in call.fault


async def test_a_run_by_hand_has_no_id_and_was_never_dequeued() -> None:
    """QueueTriggerBinding of a text: measured: id None, dequeue count 0."""
    invoker = _Invoker()
    await QueueFunction(_function(), cast(Invoker, invoker), None).by_hand("by hand")
    [call] = invoker.calls
    assert call.payload == ("string", "by hand")
    assert call.metadata["DequeueCount"] == ("json", "0")
    assert "Id" not in call.metadata


def test_a_data_type_that_is_no_message_is_refused() -> None:
    """A queue message is bytes or a text."""
    with pytest.raises(ConfigurationError, match="dataType STREAM"):
        QueueFunction(_function(dataType="STREAM"), cast(Invoker, SimpleNamespace()), None)
