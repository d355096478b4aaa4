"""Queue, blob and timer triggers, over Azurite.

Rules: Azure/azure-sdk-for-net Storage.Queues (QueueListener, QueueProcessor, QueuesOptions), Storage.Blobs
(BlobTriggerExecutor, BlobReceiptManager); azure-webjobs-sdk-extensions TimerListener, StorageScheduleMonitor.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient

from devstack.tests.functions.hosting import Hosted, Services, wait_for


def _take(queue: QueueClient, count: int) -> list[str]:
    """So many messages, in any order."""
    found: list[str] = []

    def enough() -> bool:
        for message in queue.receive_messages(max_messages=32):
            found.append(message.content)
            queue.delete_message(message)
        return len(found) >= count

    wait_for(enough, f"{count} messages")
    return sorted(found)


def test_queue_messages_outputs_and_poison(hosts: Callable[..., Hosted], storage: str) -> None:
    """Base64 both ways, dequeue counts 1 to 5, then the poison queue; a failed invocation writes no
    output.
    """
    host = hosts(Services(storage), "--only", "work", "slow", "fan").start()
    with host.queue("work") as work, host.queue("done") as done, host.queue("work-poison") as poison:
        for body in ("one", "zwei €", "fail"):
            work.send_message(body)
        assert _take(done, 2) == ["done one", "done zwei €"]
        assert _take(poison, 1) == ["fail"]
        counts = [one["count"] for one in host.records("work") if one["body"] == "fail"]
        assert counts == [1, 2, 3, 4, 5]
        assert _take(done, 0) == []
        assert next(one for one in host.records("work"))["inserted"].endswith("+00:00")
    with host.queue("fan") as fan, host.queue("fanned") as fanned:
        fan.send_message("a b c")
        assert _take(fanned, 3) == ["a", "b", "c"]


def test_what_is_not_base64_or_came_too_often_goes_to_poison_unread(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """QueueProcessor: a message that cannot be decoded, and one over maxDequeueCount when it is received."""
    settings = {"AzureFunctionsJobHost__extensions__queues__maxDequeueCount": "1"}
    host = hosts(Services(storage), "--only", "work", settings=settings)
    with host.queue("work") as work, host.queue("work-poison") as poison:
        work.send_message("came before")
        [received] = work.receive_messages(max_messages=1)
        work.update_message(received, visibility_timeout=0)
        with QueueClient.from_connection_string(storage, work.queue_name) as plain:
            plain.send_message("no base64!")
        host.start()
        with QueueClient.from_connection_string(storage, poison.queue_name) as raw:
            assert _take(raw, 2) == [base64.b64encode(b"came before").decode(), "no base64!"]
        assert host.records("work") == []
        assert "received too often" in host.log()
        assert "is not base64" in host.log()


def test_plain_messages_and_a_pause_before_the_next_attempt(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """QueuesOptions: messageEncoding none, both ways; visibilityTimeout delays what failed."""
    root = "AzureFunctionsJobHost__extensions__queues__"
    settings = {f"{root}messageEncoding": "none", f"{root}visibilityTimeout": "01:00:00"}
    host = hosts(Services(storage), "--only", "work", settings=settings)
    with host.queue("work") as made, host.queue("done") as done_made:
        names = made.queue_name, done_made.queue_name
    with (
        QueueClient.from_connection_string(storage, names[0]) as work,
        QueueClient.from_connection_string(storage, names[1]) as done,
    ):
        work.send_message("fail")
        work.send_message("{plain}")
        host.start()
        assert _take(done, 1) == ["done {plain}"]
        host.await_records("work", 2)
        host.stop()
        assert [one["count"] for one in host.records("work")] == [1, 1]
        assert work.peek_messages() == [], "it is there, but not before an hour is over"
        assert work.get_queue_properties().approximate_message_count == 1


def test_a_long_message_is_renewed_and_a_drain_lets_it_end(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """QueueProcessor renews at half of the visibility; SIGTERM waits for the invocation and its output."""
    host = hosts(Services(storage), "--only", "slow", settings={"DEVSTACK_QUEUE_LEASE_SECONDS": "2"}).start()
    with host.queue("slow") as slow, host.queue("slow-done") as done:
        slow.send_message("3.5")
        host.await_records("slow_began")
        assert host.stop() == 0
        assert _take(done, 1) == ["3.5"]
        assert len(host.records("slow_began")) == 1, "it was not delivered a second time meanwhile"
        assert slow.get_queue_properties().approximate_message_count == 0


@contextmanager
def _container(host: Hosted, name: str) -> Iterator[ContainerClient]:
    with BlobServiceClient.from_connection_string(host.services.storage) as service:
        container = service.get_container_client(name)
        if not container.exists():
            container.create_container()
        yield container


def test_blobs_run_once_a_version_and_go_to_poison(hosts: Callable[..., Hosted], storage: str) -> None:
    """One run for each ETag, also over a restart; five failures, then webjobs-blobtrigger-poison."""
    host = hosts(Services(storage), "--only", "uploaded", "uploaded_async")
    with _container(host, f"{host.prefix}-uploads") as uploads:
        uploads.upload_blob("in/a.txt", b"first")
        uploads.upload_blob("in/a.bin", b"not matched")
        host.start()
        [found] = host.await_records("uploaded")
        assert (found["blob"], found["content"], found["length"]) == (
            f"{host.prefix}-uploads/in/a.txt",
            "first",
            5,
        )
        assert found["uri"].endswith("/in/a.txt")
        uploads.upload_blob("in/a.txt", b"second", overwrite=True)
        host.await_records("uploaded", 2)
        host.stop()
        host.start()
        uploads.upload_blob("async/b", b"event grid")
        assert host.await_records("uploaded_async")[0]["content"] == "event grid"
        assert [one["content"] for one in host.records("uploaded")] == ["first", "second"]
        uploads.upload_blob("in/bad.txt", b"fail")
        host.await_records("uploaded", 7)
        queue = QueueClient.from_connection_string(storage, "webjobs-blobtrigger-poison")
        with queue:
            wait_for(lambda: "5 times; moved to webjobs-blobtrigger-poison" in host.log(), "poison")
            wait_for(lambda: "in/bad.txt" in _names(queue), "the poison message")


def _names(queue: QueueClient) -> list[str]:
    try:
        found = [json.loads(base64.b64decode(one.content)) for one in queue.peek_messages(max_messages=32)]
    except ResourceNotFoundError:
        return []
    return [one["BlobName"] for one in found]


def _status(host: Hosted, function: str = "yearly") -> tuple[str, str]:
    return "azure-webjobs-hosts", f"timers/{host.prefix}/Host.Functions.{function}/status"


def _read_status(host: Hosted, function: str = "yearly") -> dict[str, str]:
    with BlobServiceClient.from_connection_string(host.services.storage) as service:
        found: dict[str, str] = json.loads(
            service.get_blob_client(*_status(host, function)).download_blob().readall()
        )
    return found


def _write_status(host: Hosted, function: str = "yearly", **fields: Any) -> None:
    with BlobServiceClient.from_connection_string(host.services.storage) as service:
        service.get_blob_client(*_status(host, function)).upload_blob(json.dumps(fields), overwrite=True)


def test_timers_at_start(hosts: Callable[..., Hosted], storage: str) -> None:
    """A first start is not past due; a missed occurrence runs once at the next start; runOnStartup; sub-
    minute.
    """
    host = hosts(Services(storage), "--only", "yearly", "at_startup", "every_second").start()
    host.await_records("at_startup")
    host.await_records("every_second", 2)
    assert host.records("yearly") == []
    host.stop()
    stored = _read_status(host)
    assert set(stored) == {"Last", "Next", "LastUpdated"}
    assert datetime.fromisoformat(stored["Next"]).month == 1

    year = datetime.now(UTC).year
    missed = datetime(year, 1, 1, tzinfo=UTC)
    _write_status(host, Last=stored["Last"], Next=missed.isoformat(),
                  LastUpdated=(missed - timedelta(days=1)).isoformat())  # fmt: skip
    host.start()
    [late] = host.await_records("yearly")
    assert late["past_due"] is True
    host.stop()
    host.start()
    host.await_records("at_startup", 3)
    assert len(host.records("yearly")) == 1, "missed runs coalesce, and the status says that it ran"


def test_a_failed_run_is_retried_and_its_status_is_written(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """TimerListener: the retry policy first, then the status, whatever the outcome: it is not run again."""
    host = hosts(Services(storage), "--only", "failing").start()
    host.stop()
    now = datetime.now(UTC)
    missed = max(x for year in (now.year - 1, now.year) if (x := datetime(year, 1, 3, tzinfo=UTC)) <= now)
    before = missed - timedelta(days=1)
    _write_status(host, "failing", Last=before.isoformat(), Next=missed.isoformat(),
                  LastUpdated=before.isoformat())  # fmt: skip
    host.start()
    host.await_records("failing", 2)
    wait_for(lambda: _read_status(host, "failing")["Next"] > missed.isoformat(), "the status")
    assert [one["past_due"] for one in host.records("failing")] == [True, True]
    host.stop()
    host.start()
    assert len(host.records("failing")) == 2


def test_a_timer_waits_for_a_status_that_it_cannot_read(hosts: Callable[..., Hosted], storage: str) -> None:
    """A listener that cannot read its status begins again; it does not end without a word."""
    host = hosts(Services(storage), "--only", "yearly").start()
    host.stop()
    with BlobServiceClient.from_connection_string(storage) as service:
        service.get_blob_client(*_status(host)).upload_blob(b"no json", overwrite=True)
    host.start()
    wait_for(lambda: "JSONDecodeError" in host.log(), "word of it")
    missed = datetime(datetime.now(UTC).year, 1, 1, tzinfo=UTC)
    before = missed - timedelta(days=1)
    _write_status(host, Last=before.isoformat(), Next=missed.isoformat(), LastUpdated=before.isoformat())
    assert host.await_records("yearly")[0]["past_due"] is True


def test_a_changed_schedule_is_never_past_due(hosts: Callable[..., Hosted], storage: str) -> None:
    """StorageScheduleMonitor: a stored occurrence that the present schedule does not have counts for
    nothing.
    """
    host = hosts(Services(storage), "--only", "yearly", "at_startup").start()
    host.await_records("at_startup")
    host.stop()
    then = datetime(2025, 6, 1, tzinfo=UTC)
    _write_status(host, Last=then.isoformat(), Next=then.isoformat(), LastUpdated=then.isoformat())
    host.start()
    host.await_records("at_startup", 2)
    wait_for(lambda: host.status()["invocationsInFlight"] == 0, "rest")
    assert host.records("yearly") == []


def test_a_timer_runs_on_one_host_only(hosts: Callable[..., Hosted], storage: str) -> None:
    """SingletonManager: the listener's blob lease; the next host goes on when it is released."""
    first = hosts(Services(storage), "--only", "every_second").start()
    second = hosts(Services(storage), "--only", "every_second").start()
    first.await_records("every_second", 2)
    assert second.records("every_second") == []
    first.stop()
    second.await_records("every_second")
