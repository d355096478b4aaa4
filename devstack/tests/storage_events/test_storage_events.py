"""Blobs that are written to Azurite are told as Event Grid tells them."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContentSettings
from azure.storage.queue import QueueServiceClient

from devstack.stack import Stack
from devstack.storage_events.watch import Watcher


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack.start(tmp_path_factory.mktemp("stack"), progress=lambda _: None) as found:
        yield found


@pytest.fixture
def blobs(stack: Stack) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(stack.storage_connection) as service:
        yield service


@pytest.fixture
def queues(stack: Stack) -> Iterator[QueueServiceClient]:
    with QueueServiceClient.from_connection_string(stack.storage_connection) as service:
        yield service


def taken(queues: QueueServiceClient, name: str) -> list[dict[str, Any]]:
    queue = queues.get_queue_client(name)
    found = list(queue.receive_messages(messages_per_page=32))
    for one in found:
        queue.delete_message(one)
    return [json.loads(base64.b64decode(one.content)) for one in found]


def test_each_version_is_told_once_and_again_by_nobody(
    blobs: BlobServiceClient, queues: QueueServiceClient, tmp_path: Path
) -> None:
    container, queue = blobs.create_container("one"), queues.create_queue("one")
    settings = ContentSettings(content_type="image/jpeg")
    written = container.upload_blob("photo/a b.jpg", b"12345", content_settings=settings)
    watcher = Watcher(container, queue, tmp_path / "told.json")
    assert watcher.look() == ["photo/a b.jpg"]
    assert watcher.look() == []
    [told] = taken(queues, "one")
    assert told["eventType"] == "Microsoft.Storage.BlobCreated"
    assert told["subject"] == "/blobServices/default/containers/one/blobs/photo/a b.jpg"
    data = told["data"]
    etag = written.get_blob_properties().etag.strip('"')
    assert (data["eTag"], data["contentLength"], data["contentType"]) == (etag, 5, "image/jpeg")
    assert Watcher(container, queue, tmp_path / "told.json").look() == []
    written.upload_blob(b"changed", overwrite=True)
    container.upload_blob("b", b"")
    assert Watcher(container, queue, tmp_path / "told.json").look() == ["b", "photo/a b.jpg"]
    assert len(taken(queues, "one")) == 2
    written.delete_blob()
    assert watcher.look() == ["b"]
    container.upload_blob("photo/a b.jpg", b"12345")
    assert watcher.look() == ["photo/a b.jpg"]


def test_the_part_waits_for_its_container_and_for_a_store_that_is_away(
    stack: Stack, blobs: BlobServiceClient, queues: QueueServiceClient
) -> None:
    stack.start_storage_events("later", "later")
    container = blobs.create_container("later")
    container.upload_blob("first", b"1")
    queues.create_queue("later")
    assert subjects(queues, "later") == ["first"]
    stack.stop_storage()
    stack.start_storage()
    container.upload_blob("second", b"2")
    assert subjects(queues, "later") == ["second"]
    assert (stack.data / "storage-events" / "later.json").exists()


def subjects(queues: QueueServiceClient, name: str) -> list[str]:
    """The names that are told next."""
    deadline = time.monotonic() + 60
    while not (found := taken(queues, name)):
        assert time.monotonic() < deadline, "nothing is told"
        time.sleep(0.1)
    return [told["subject"].rpartition("/")[2] for told in found]
