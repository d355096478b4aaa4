"""Blob triggers over Azurite, beside what the platform's extension was measured to do.

Rules: Azure/azure-sdk-for-net Storage.Blobs BlobListenerFactory (one scanner a host id), BlobTriggerExecutor
and BlobReceiptManager (receipts before runs), SharedBlobQueueListenerFactory (poison, parallel runs),
BlobTriggerMessage, ScanContainersStrategy (what a scan passes over); azure-webjobs-sdk BindingTemplateSource
(path tokens).
"""

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.blob.aio import ContainerClient as AsyncContainerClient
from azure.storage.queue import QueueClient as SyncQueueClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Invoker
from devstack.functions.listeners import blob, blob_message
from devstack.functions.listeners.blob_functions import BlobFunction, BlobQueue
from devstack.functions.listeners.blob_message import BlobMessage
from devstack.functions.listeners.blob_path import BlobPath
from devstack.functions.listeners.blob_receipts import Receipt, Receipts
from devstack.functions.listeners.blob_scan import ContainerScan
from devstack.functions.listeners.wakes import Wakes
from devstack.functions.model import Function
from devstack.functions.storage import Storage
from devstack.tests.functions.hosting import Hosted, Services, wait_for

APP = Path(__file__).parent / "storage_app"
HOSTS = "azure-webjobs-hosts"


@contextmanager
def _container(host: Hosted, name: str) -> Iterator[ContainerClient]:
    with BlobServiceClient.from_connection_string(host.services.storage) as service:
        container = service.get_container_client(name)
        if not container.exists():
            container.create_container()
        yield container


def _below(storage: str, prefix: str) -> list[Any]:
    with BlobServiceClient.from_connection_string(storage) as service:
        blobs = service.get_container_client(HOSTS).list_blobs(name_starts_with=prefix, include=["metadata"])
        return list(blobs)


def test_two_hosts_run_each_blob_once_and_one_of_them_scans(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """Measured: 80 blobs, 80 runs; lock WebJobs.Internal.Blobs.Listener; the next host goes on with it."""
    first = hosts(Services(storage), "--only", "counted", app=APP).start()
    second = hosts(Services(storage), "--only", "counted", app=APP).start()
    names = {f"b{n}" for n in range(40)}
    with _container(first, f"{first.prefix}-shared") as shared:
        for name in sorted(names):
            shared.upload_blob(name, b"x")
        seen = [f"{shared.container_name}/{name}" for name in sorted(names)]

        def runs() -> list[str]:
            return sorted(one["blob"] for host in (first, second) for one in host.records("counted"))

        wait_for(lambda: set(runs()) == set(seen), "every blob")
        [lock] = _below(storage, f"locks/{first.prefix}/WebJobs.Internal.Blobs.Listener")
        assert lock.lease.state == "leased"
        assert "Listener is held by another host" in second.log()
        first.stop()
        shared.upload_blob("after", b"x")
        wait_for(lambda: f"{shared.container_name}/after" in runs(), "the blob after the first host's end")
        assert runs() == sorted([*seen, f"{shared.container_name}/after"])


def test_a_killed_scanners_lock_is_waited_for(hosts: Callable[..., Hosted], storage: str) -> None:
    """Measured: a new host scans when the dead one's lease is over, there after up to 60 s."""
    period = {"AzureFunctionsJobHost__singleton__listenerLockPeriod": "00:00:30"}
    first = hosts(Services(storage), "--only", "counted", app=APP, settings=period).start()
    first.kill()
    second = hosts(Services(storage), "--only", "counted", app=APP).start()
    with _container(second, f"{second.prefix}-shared") as shared:
        shared.upload_blob("late", b"x")
    assert "Listener is held by another host, or was not released" in second.log()
    second.await_records("counted")


def test_receipts_are_named_and_emptied_as_the_platforms(hosts: Callable[..., Hosted], storage: str) -> None:
    """blobreceipts/{hostId}/{functionId}/"etag"/{container}/{blob}, without metadata once enqueued."""
    host = hosts(Services(storage), "--only", "counted", app=APP).start()
    with _container(host, f"{host.prefix}-shared") as shared:
        etag = shared.upload_blob("a/b", b"x").get_blob_properties().etag.strip('"')
        host.await_records("counted")
    root = f'blobreceipts/{host.prefix}/Host.Functions.counted/"{etag}"/{host.prefix}-shared/a/b'
    [receipt] = wait_for(lambda: [one for one in _below(storage, root) if not one.metadata], "the receipt")
    assert receipt.size == 0


def test_a_blob_that_fails_comes_to_a_queue_trigger_as_the_platforms_message(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """Measured: base64 of indented JSON, BlobType, the ETag in quotes; an ordinary queue trigger reads it."""
    host = hosts(Services(storage), "--only", "doomed_blob", "poison_blob", app=APP).start()
    with _container(host, f"{host.prefix}-doomed") as doomed:
        etag = doomed.upload_blob("bad/blöb", b"x").get_blob_properties().etag.strip('"')

    def ours() -> list[str]:
        found = [one["body"] for one in host.records("poison_blob")]
        return [one for one in found if host.prefix in one]

    [body] = wait_for(ours, "the poison message")
    assert body == (
        '{\n  "Type": "BlobTrigger",\n  "FunctionId": "Host.Functions.doomed_blob",\n'
        f'  "BlobType": "BlockBlob",\n  "ContainerName": "{host.prefix}-doomed",\n  "BlobName": "bad/blöb",\n'
        f'  "ETag": "\\"{etag}\\""\n}}'
    )
    assert len(host.records("doomed_blob")) == 5


def test_path_tokens_take_all_they_can_and_may_be_empty(hosts: Callable[..., Hosted], storage: str) -> None:
    """Measured: a/b/c.d.txt is dir=a/b, name=c.d, ext=txt; blobs with an empty token run."""
    host = hosts(Services(storage), "--only", "greedy", app=APP).start()
    with _container(host, f"{host.prefix}-greedy") as greedy:
        for name in ("a/b/c.d.txt", "e/n.", "no-dot/here", "a/.txt"):
            greedy.upload_blob(name, b"x")
    found = {one["blob"].partition("/")[2] for one in host.await_records("greedy", 3)}
    assert found == {"a/b/c.d.txt", "e/n.", "a/.txt"}


@pytest.mark.parametrize(
    ("path", "name", "tokens"),
    [
        ("c/{dir}/{name}.{ext}", "a/b/c.d.txt", {"dir": "a/b", "name": "c.d", "ext": "txt"}),
        ("c/{dir}/{name}.{ext}", "/.", {"dir": "", "name": "", "ext": ""}),
        ("c/in/{name}", "in/", {"name": ""}),
        ("c/in/{name}", "in", None),
        ("c/{{x}}/{name}", "{x}/n", {"name": "n"}),
        ("c/fixed.txt", "fixed.txt", {}),
        ("c/fixed.txt", "fixedxtxt", None),
    ],
)
def test_path_tokens(path: str, name: str, tokens: dict[str, str] | None) -> None:
    """BindingTemplateSource: ``.*`` for a token; doubled braces are braces."""
    assert BlobPath(path, "here").match(name) == tokens


def test_paths_that_are_not_understood_are_told() -> None:
    """The prefix of a listing is the literal beginning."""
    assert BlobPath("c/in/{{a}}-{name}.txt", "here").prefix == "in/{a}-"
    assert BlobPath("c/whole.txt", "here").prefix == "whole.txt"
    for wrong in ("{c}/a", "/a", "c/{a", "c/a}", "c/{a}{a}", "c/{}", "c/{1}"):
        with pytest.raises(ConfigurationError, match="here"):
            BlobPath(wrong, "here")


def test_parallel_runs_are_shared_by_all_blob_functions(
    hosts: Callable[..., Hosted], storage: str, tmp_path: Path
) -> None:
    """SharedBlobQueueListener: maxDegreeOfParallelism (8 × cores by default) bounds all of them together."""
    gate = tmp_path / "gate"
    settings = {"AzureFunctionsJobHost__extensions__blobs__maxDegreeOfParallelism": "3", "GATE": str(gate)}
    host = hosts(Services(storage), "--only", "held_one", "held_two", app=APP, settings=settings)
    with _container(host, f"{host.prefix}-held") as held:
        for n in range(4):
            held.upload_blob(f"one/{n}", b"x")
            held.upload_blob(f"two/{n}", b"x")
        host.start()
        # Two or three: the third is fetched only if the first two did not come together.
        host.await_records("held_began", 2)
        queue = f"azure-webjobs-blobtrigger-{host.prefix}"
        wait_for(lambda: _waiting(storage, queue) == 8, "the messages of all eight, in one queue")
        assert host.status()["invocationsInFlight"] in (2, 3)
        gate.touch()
        host.await_records("held_ended", 8)
    lines = (host.folder / "records.jsonl").read_text().splitlines()
    steps = [1 if json.loads(one)["function"] == "held_began" else -1 for one in lines]
    assert max(itertools.accumulate(steps)) in (2, 3)


def _waiting(storage: str, queue: str) -> int:
    with SyncQueueClient.from_connection_string(storage, queue) as client:
        return int(client.get_queue_properties().approximate_message_count or 0)


def test_a_scan_that_finds_more_than_the_platforms_is_warned_of(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """At start, once, with what to do; not where DEVSTACK_BLOB_SCAN=platform asks for the platform's scan."""
    host = hosts(Services(storage), "--only", "counted", "greedy", app=APP).start()
    host.stop()
    assert host.log().count("Warning: blob triggers of counted, greedy: this host finds every blob.") == 1
    assert "let Event Grid put a message into a queue" in host.log()
    asked = hosts(
        Services(storage), "--only", "counted", app=APP, settings={"DEVSTACK_BLOB_SCAN": "platform"}
    )
    asked.start()
    assert "this host finds every blob" not in asked.log()
    with _container(asked, f"{asked.prefix}-shared") as shared:
        shared.upload_blob("one", b"x")
    asked.await_records("counted")


class _Listed:
    """Stands in for a container: lists what it is told to hold."""

    url = "http://localhost/c"

    def __init__(self) -> None:
        self.blobs: dict[str, datetime] = {}

    async def list_blobs(self, name_starts_with: str) -> Any:
        for name, modified in self.blobs.items():
            if name.startswith(name_starts_with):
                yield SimpleNamespace(
                    name=name, last_modified=modified, etag=modified.isoformat(), blob_type="BlockBlob"
                )


class _Taken:
    """Stands in for the receipts: keeps what was enqueued, once each; ``busy`` are at another host."""

    def __init__(self) -> None:
        self.enqueued: list[str] = []
        self.asked: list[str] = []
        self.busy: set[str] = set()

    async def enqueue(self, version: BlobMessage) -> Receipt:
        self.asked.append(version.name)
        if version.name in self.busy:
            return Receipt.TAKEN
        if version.name not in self.enqueued:
            self.enqueued.append(version.name)
        return Receipt.ENQUEUED


def _scan(listed: _Listed, receipts: _Taken, *, complete: bool) -> ContainerScan:
    trigger = {"type": "blobTrigger", "name": "b", "direction": "IN"}
    function = Function("id", "f", True, trigger, (trigger,), None)
    scan = ContainerScan(cast(Receipts, receipts))
    container = cast(AsyncContainerClient, listed)
    poison = cast(QueueClient, None)
    scan.functions.append(BlobFunction(function, BlobPath("c/{n}", "here"), container, poison, complete))
    return scan


def _second(number: int) -> datetime:
    return datetime(2026, 11, 26, 12, 0, number, tzinfo=UTC)


async def test_the_platforms_scan_passes_over_the_newest_second_until_a_restart() -> None:
    """ScanContainersStrategy; measured: 38 of 500 blobs never seen. The complete scan sees them."""
    for complete, missed in ((False, ["a", "c"]), (True, ["a", "late", "c"])):
        listed, receipts = _Listed(), _Taken()
        scan = _scan(listed, receipts, complete=complete)
        listed.blobs["a"] = _second(10)
        await scan.sweep()
        listed.blobs["late"] = _second(10)
        await scan.sweep()
        listed.blobs["c"] = _second(11)
        await scan.sweep()
        assert receipts.enqueued == missed
        await _scan(listed, receipts, complete=complete).sweep()
        assert sorted(receipts.enqueued) == ["a", "c", "late"]


async def test_a_version_that_another_host_is_at_is_looked_at_again() -> None:
    """ScanContainersStrategy: a failed notification is repeated in the next sweep; a known version is not."""
    listed, receipts = _Listed(), _Taken()
    scan = _scan(listed, receipts, complete=False)
    listed.blobs["a"] = _second(10)
    receipts.busy.add("a")
    await scan.sweep()
    assert receipts.enqueued == []
    receipts.busy.clear()
    await scan.sweep()
    await scan.sweep()
    assert receipts.asked == ["a", "a"]
    scan.look_again("a")
    listed.blobs["a"] = _second(9)
    await scan.sweep()
    assert receipts.asked == ["a", "a", "a"], "a version that was overwritten is looked at, however old"


class _Watched:
    """Stands in for the internal queue: looks at the receipt when a message is sent."""

    queue_name = "internal"

    def __init__(self, storage: str, path: str) -> None:
        self._storage = storage
        self._path = path
        self.seen: list[tuple[dict[str, str], str]] = []
        self.fails = False

    async def send_message(self, text: str) -> None:
        with BlobServiceClient.from_connection_string(self._storage) as service:
            found = service.get_blob_client(HOSTS, self._path).get_blob_properties()
        self.seen.append((found.metadata, found.lease.state))
        if self.fails:
            raise RuntimeError("the host ends here")
        assert json.loads(base64.b64decode(text))["Type"] == "BlobTrigger"


async def test_the_receipt_stands_before_the_message_and_is_completed_after_it(storage: str) -> None:
    """BlobTriggerExecutor: Incomplete under a lease; a host that ends in between leaves it for the next."""
    version = BlobMessage("Host.Functions.f", "c", "n", '"0x1"')
    path = 'blobreceipts/order/Host.Functions.f/"0x1"/c/n'
    configuration = Configuration(Path(), {}, {}, {"AzureWebJobsStorage": storage})
    queue = _Watched(storage, path)
    async with Storage(configuration) as service:
        receipts = Receipts(service, "order", cast(QueueClient, queue), Wakes())
        queue.fails = True
        with pytest.raises(RuntimeError):
            await receipts.enqueue(version)
        queue.fails = False
        assert await receipts.enqueue(version) is Receipt.ENQUEUED
        assert await receipts.enqueue(version) is Receipt.COMPLETE
    assert queue.seen == [({"Incomplete": "Incomplete"}, "leased")] * 2


def test_a_message_that_is_none_is_told() -> None:
    """BlobTriggerMessage: the same text both ways; an ETag always in quotes."""
    version = BlobMessage("Host.Functions.f", "c", "ü/n", blob_message.quoted("0x1"))
    assert blob_message.decoded(base64.b64decode(version.encoded())) == version
    assert blob_message.quoted('"0x1"') == '"0x1"'
    for wrong in (b"", b"[]", b"{}", b"\xff"):
        with pytest.raises(ValueError, match=r".+"):
            blob_message.decoded(wrong)


def test_the_internal_queue_carries_the_hosts_id() -> None:
    """HostQueueNames.GetHostBlobTriggerQueueName; this machine's id may hold what a queue's name cannot."""
    assert blob._internal_queue("app-1a2b3c4d") == "azure-webjobs-blobtrigger-app-1a2b3c4d"
    assert blob._internal_queue("-1a2b") == "azure-webjobs-blobtrigger-1a2b"
    assert len(blob._internal_queue(f"ü__{'a' * 36}-{'b' * 9}")) <= 63


def test_a_scan_that_there_is_not_is_refused() -> None:
    """The two words."""
    with pytest.raises(ConfigurationError, match="DEVSTACK_BLOB_SCAN"):
        blob._scan_mode(Configuration(Path(), {}, {}, {"DEVSTACK_BLOB_SCAN": "half"}))


class _Blob:
    """Stands in for a container and its one blob, whose ETag is ``0x2``."""

    url = "http://localhost/c"

    def get_blob_client(self, name: str) -> "_Blob":
        return self

    async def download_blob(self) -> Any:
        return SimpleNamespace(properties=SimpleNamespace(etag='"0x2"'))


async def test_what_became_of_a_blob_meanwhile_and_whose_poison_it_is() -> None:
    """BlobQueueTriggerExecutor: overwritten → looked at again; another app's → passed over; its poison."""
    again: list[str] = []
    default, own = cast(QueueClient, "the host's"), cast(QueueClient, "the blob's")
    queue = BlobQueue(cast(Invoker, None), default, lambda _, name: again.append(name))
    trigger = {"type": "blobTrigger", "name": "b", "direction": "IN"}
    function = Function("id", "f", True, trigger, (trigger,), None)
    container = cast(AsyncContainerClient, _Blob())
    queue.functions["Host.Functions.f"] = BlobFunction(function, BlobPath("c/{n}", "x"), container, own, True)

    def body(function_id: str) -> bytes:
        return base64.b64decode(BlobMessage(function_id, "c", "n", '"0x1"').encoded())

    message = QueueMessage(content="")
    assert await queue.run(message, body("Host.Functions.f"))
    assert again == ["n"]
    assert await queue.run(message, body("Host.Functions.other"))
    assert not await queue.run(message, b"none")
    assert queue.poison(body("Host.Functions.f")) == own
    assert [queue.poison(body("Host.Functions.other")), queue.poison(b"none"), queue.poison(None)] == [
        default
    ] * 3
