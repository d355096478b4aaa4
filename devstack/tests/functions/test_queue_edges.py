"""Queue triggers over Azurite at their edges, beside what the platform's extension was measured to do.

Rules: Azure/azure-sdk-for-net Storage.Queues QueueListenerFactory, QueueProcessor, QueueTriggerBinding.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path

from azure.storage.queue import QueueClient

from devstack.tests.functions.hosting import Hosted, Services, wait_for

APP = Path(__file__).parent / "storage_app"
RAW = b"\x00\xff\xfeA"


def test_bytes_arrive_as_they_were_sent(hosts: Callable[..., Hosted], storage: str) -> None:
    """data_type=BINARY; base64 broken over lines is taken too."""
    host = hosts(Services(storage), "--only", "as_bytes", app=APP).start()
    with host.queue("bytes") as made, QueueClient.from_connection_string(storage, made.queue_name) as queue:
        queue.send_message(base64.b64encode(RAW).decode())
        queue.send_message(base64.encodebytes(RAW * 30).decode())
        found = {one["body"] for one in host.await_records("as_bytes", 2)}
    assert found == {RAW.hex(), (RAW * 30).hex()}


def test_a_body_that_is_no_text_is_tried_five_times_and_never_seen(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """Bound as text: binding fails, poison after the fifth try; the name's capitals count for nothing."""
    host = hosts(Services(storage), "--only", "as_text", app=APP).start()
    with (
        host.queue("text") as made,
        QueueClient.from_connection_string(storage, made.queue_name) as queue,
        host.queue("text-poison") as poisoned,
        QueueClient.from_connection_string(storage, poisoned.queue_name) as poison,
    ):
        queue.send_message(base64.b64encode(RAW).decode())
        [message] = wait_for(lambda: poison.peek_messages(), "the poison message")
        assert message.content == base64.b64encode(RAW).decode()
        assert host.log().count("Exception binding parameter 'message'") == 5
        queue.send_message(base64.b64encode("zwei €".encode()).decode())
        assert [one["body"] for one in host.await_records("as_text")] == ["zwei €"]


def test_what_fails_on_a_poison_queue_stays_there_invisible(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """One try, no queue …-poison-poison, also for what is no base64; poison wakes its queue's function."""
    settings = {
        "AzureFunctionsJobHost__extensions__queues__maxDequeueCount": "1",
        "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "01:00:00",
    }
    host = hosts(Services(storage), "--only", "doomed", "undertaker", app=APP, settings=settings)
    with (
        host.queue("doomed") as doomed,
        host.queue("doomed-poison") as poison,
        QueueClient.from_connection_string(storage, poison.queue_name) as raw,
    ):
        raw.send_message("no base64!")
        poison.send_message("fail")
        host.start()
        host.await_records("undertaker")
        wait_for(lambda: host.log().count("it stays invisible") == 2, "word of both")
        doomed.send_message("dies")
        found = [one["body"] for one in host.await_records("undertaker", 2)]
        assert found == ["fail", "dies"]
        # The message is deleted after its function's record is there.
        wait_for(lambda: raw.get_queue_properties().approximate_message_count == 2, "one was deleted")
        assert raw.peek_messages(max_messages=32) == [], "both are there, and neither can be seen"
    assert "poison-poison" not in host.log()


def test_a_retry_policy_runs_within_one_dequeue(hosts: Callable[..., Hosted], storage: str) -> None:
    """Measured: it works on a queue trigger, with a warning that it soon will not."""
    settings = {"AzureFunctionsJobHost__extensions__queues__maxDequeueCount": "2"}
    host = hosts(Services(storage), "--only", "retried", app=APP, settings=settings).start()
    with host.queue("retried") as queue, host.queue("retried-poison") as poison:
        queue.send_message("fails")
        wait_for(lambda: poison.peek_messages(), "poison")
    tries = [(one["count"], one["attempt"]) for one in host.records("retried")]
    assert tries == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert "and warns that it soon will not" in host.log()


def test_the_admin_endpoint_runs_a_message_that_never_was_in_a_queue(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """POST /admin/functions/{name}: id None, dequeue count 0."""
    host = hosts(Services(storage), "--only", "as_text", app=APP).start()
    body = json.dumps({"input": "by hand"}).encode()
    assert host.request("/admin/functions/as_text", body, content_type="application/json")[0] == 202
    [found] = host.await_records("as_text")
    assert (found["body"], found["id"], found["count"], found["receipt"]) == ("by hand", None, 0, None)
