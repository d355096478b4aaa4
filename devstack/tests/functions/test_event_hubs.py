"""Event Hubs trigger, over the local stack's Event Hubs server and Azurite.

Rules: Azure/azure-sdk-for-net sdk/eventhub/Microsoft.Azure.WebJobs.Extensions.EventHubs (EventHubListener,
EventHubTriggerBindingStrategy), azure-webjobs-sdk FunctionExecutorExtensions (retry).
"""

import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from devstack.tests.functions.hosting import Hosted, Services, wait_for


def test_many_receives_batches_with_the_platforms_metadata(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """EventHubTriggerBindingStrategy: names and shapes of the arrays; azure.functions decodes them."""
    host = hosts(Services(storage, events_server), "--only", "retried_batch").start()
    host.send(["one", "two", "three"], partition_key="dev-17")
    wait_for(lambda: len(host.bodies("retried_batch")) == 3, "three events")
    records = host.records("retried_batch")
    assert host.bodies("retried_batch") == ["one", "two", "three"]
    first = records[0]
    assert first["keys"][0] == "dev-17"
    assert first["sequences"][0] == 0
    assert "+" not in first["times"][0], "the decoded time is naive, as .NET writes it without a zone"
    assert first["properties"][0] == {"n": 3, "at": "here"}
    assert first["partition"]["PartitionId"] in {"0", "1", "2", "3"}
    assert first["partition"]["ConsumerGroup"] == "retried"
    names = "EnqueuedTimeUtc Offset PartitionKey Properties SequenceNumber SystemProperties"
    assert set(first["metadata"]) >= {f"{name}Array" for name in names.split()} | {"PartitionContext"}
    wait_for(lambda: host.checkpoints("retried").values(), "a checkpoint")
    assert set(host.checkpoints("retried").values()) == {2}
    assert host.stop() == 0


def test_one_receives_each_event_and_checkpoints_once(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """PartitionProcessor, single dispatch: sequential, one checkpoint at the last event."""
    host = hosts(Services(storage, events_server), "--only", "single_event").start()
    host.send([f"e{n}" for n in range(20)], partition_id="1")
    found = host.await_records("single_event", 20)
    assert [one["body"] for one in found] == [f"e{n}" for n in range(20)]
    assert isinstance(found[0]["offset"], str)
    wait_for(lambda: host.checkpoints("single").get("1") == 19, "the checkpoint")


def test_partitions_run_in_parallel_and_a_stuck_one_holds_only_itself(
    hosts: Callable[..., Hosted], storage: str, events_server: str, tmp_path: Path
) -> None:
    """PartitionProcessor: one batch in flight for each partition; unlimited retry holds its checkpoint
    back.
    """
    host = hosts(Services(storage, events_server), "--only", "retried_batch").start()
    fixed = tmp_path / "fixed"
    host.send([f"fail-until:{fixed}"], partition_id="0")
    host.await_records("retried_attempt", 3)
    host.send(["free"], partition_id="1")
    wait_for(lambda: "free" in host.bodies("retried_batch"), "the other partition")
    assert "0" not in host.checkpoints("retried")
    fixed.touch()
    record = wait_for(
        lambda: [r for r in host.records("retried_batch") if "free" not in r["bodies"]], "recovery"
    )
    assert record[0]["attempt"] >= 3
    wait_for(lambda: host.checkpoints("retried").get("0") == 0, "the checkpoint of partition 0")


def test_without_a_policy_a_failed_batch_is_lost(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """PartitionProcessor: the checkpoint is written whatever the outcome."""
    host = hosts(Services(storage, events_server), "--only", "plain_batch").start()
    host.send(["fail"], partition_id="2")
    wait_for(lambda: host.checkpoints("plain").get("2") == 0, "the checkpoint after the failure")
    host.send(["next"], partition_id="2")
    wait_for(lambda: "next" in host.bodies("plain_batch"), "the next event")
    assert host.bodies("plain_attempt").count("fail") == 1
    host.stop()
    host.start()
    host.send(["last"], partition_id="2")
    wait_for(lambda: "last" in host.bodies("plain_batch"), "the event after the restart")
    assert host.bodies("plain_attempt").count("fail") == 1, "it is lost, not redelivered"


def test_a_worker_killed_in_the_middle_of_a_batch_loses_nothing(
    hosts: Callable[..., Hosted], storage: str, events_server: str, tmp_path: Path
) -> None:
    """A crash is a failed invocation; the retry policy runs the batch again before the checkpoint."""
    host = hosts(Services(storage, events_server), "--only", "retried_batch").start()
    pids = host.status()["workers"]
    host.send(["before", f"die-once:{tmp_path / 'died'}", "after"], partition_id="3")
    wait_for(lambda: "after" in host.bodies("retried_batch"), "the batch after the crash")
    assert (tmp_path / "died").exists()
    assert host.status()["workers"] != pids
    assert {"before", "after"} <= set(host.bodies("retried_batch"))
    wait_for(lambda: host.checkpoints("retried").get("3") == 2, "the checkpoint")
    assert "WorkerCrashed" in host.log()


def test_a_host_killed_in_the_middle_of_a_batch_redelivers_it(
    hosts: Callable[..., Hosted], storage: str, events_server: str, tmp_path: Path
) -> None:
    """No checkpoint, no loss; and the workers of a killed host end by themselves."""
    host = hosts(Services(storage, events_server), "--only", "retried_batch").start()
    fixed = tmp_path / "fixed"
    host.send([f"fail-until:{fixed}", "kept"], partition_id="0")
    host.await_records("retried_attempt", 2)
    workers = host.status()["workers"]
    host.kill()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the end of the workers")
    assert host.checkpoints("retried") == {}
    fixed.touch()
    host.start()
    wait_for(lambda: "kept" in host.bodies("retried_batch"), "the redelivered batch")
    wait_for(lambda: host.checkpoints("retried").get("0") == 1, "the checkpoint")


def test_a_backlog_is_consumed_in_full_batches(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """host.json maxEventBatchSize bounds a batch; nothing is lost or repeated; order within a partition
    holds.
    """
    host = hosts(Services(storage, events_server), "--only", "plain_batch", "--quiet")
    for partition in "0123":
        host.send([f"{partition}-{n}" for n in range(1500)], partition_id=partition)
    host.start()
    wait_for(lambda: len(host.bodies("plain_batch")) >= 6000, "the backlog")
    bodies = host.bodies("plain_batch")
    for partition in "0123":
        mine = [body for body in bodies if body.startswith(f"{partition}-")]
        assert mine == [f"{partition}-{n}" for n in range(1500)]
    assert max(len(one["bodies"]) for one in host.records("plain_batch")) == 500


def test_instances_balance_partitions_and_survive_each_other(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """EventProcessor balancing over ownership blobs: each instance holds a share, a killed one's share
    moves; per-function scaling gives each its own process.
    """
    host = hosts(
        Services(storage, events_server), "--only", "retried_batch", "--instances", "retried_batch=3"
    ).start()
    pids = host.status()["instances"]["retried_batch"]
    assert len(pids) == 3

    def sent_to_all() -> bool:
        for partition in "0123":
            host.send([f"p{partition}"], partition_id=partition)
        return len({one["pid"] for one in host.records("retried_batch")}) == 3

    wait_for(sent_to_all, "all instances at work", 90)
    for number, pid in enumerate(pids[:2]):
        os.kill(pid, signal.SIGKILL)
        _others_take_over(host, number, pids[number + 1 :])
    assert host.stop() == 0


def _others_take_over(host: Hosted, round_: int, left: list[int]) -> None:
    wait_for(lambda: host.status()["instances"]["retried_batch"] == left, "the end of one")
    last = {f"last-{round_}-{partition}" for partition in "0123"}
    for partition in "0123":
        host.send([f"last-{round_}-{partition}"], partition_id=partition)
    wait_for(lambda: last <= set(host.bodies("retried_batch")), "the others take over", 90)


def test_blobs_are_named_as_the_platform_names_them(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """BlobCheckpointStoreInternal: namespace, hub and group in lower case; empty blobs with metadata."""
    host = hosts(Services(storage, events_server), "--only", "plain_batch")
    host.prefix = host.prefix.upper()
    host.start()
    host.send(["one"], partition_id="2")
    wait_for(lambda: host.bodies("plain_batch"), "the event")
    place = f"localhost/{host.prefix.lower()}/plain"
    with BlobServiceClient.from_connection_string(storage) as service:
        container = service.get_container_client("azure-webjobs-eventhub")

        def found() -> dict[str, dict[str, str]]:
            blobs = container.list_blobs(f"{place}/", include=["metadata"])
            return {blob.name: blob.metadata for blob in blobs if blob.size == 0}

        wait_for(lambda: f"{place}/checkpoint/2" in found(), "the checkpoint")
        blobs = found()
    assert set(blobs) == {f"{place}/ownership/{n}" for n in "0123"} | {f"{place}/checkpoint/2"}
    assert set(blobs[f"{place}/checkpoint/2"]) == {"offset", "sequencenumber", "clientidentifier"}
    assert blobs[f"{place}/checkpoint/2"]["sequencenumber"] == "0"
    owners = {blobs[f"{place}/ownership/{n}"]["ownerid"] for n in "0123"}
    assert owners == {blobs[f"{place}/checkpoint/2"]["clientidentifier"]}


@pytest.mark.parametrize("kind", ["fromEnd", "fromEnqueuedTime"])
def test_the_initial_offset_counts_only_without_a_checkpoint(
    hosts: Callable[..., Hosted], storage: str, events_server: str, kind: str
) -> None:
    """EventHubOptions.InitialOffsetOptions: the end, or a moment; a checkpoint goes before it."""
    root = "AzureFunctionsJobHost__extensions__eventHubs__initialOffsetOptions__"
    settings = {f"{root}type": kind}
    if kind == "fromEnqueuedTime":
        settings[f"{root}enqueuedTimeUtc"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    host = hosts(Services(storage, events_server), "--only", "plain_batch", settings=settings)
    host.send(["old"], partition_id="0")
    host.send(["old"], partition_id="1")
    host.start()
    if kind == "fromEnqueuedTime":
        # Every event is older than tomorrow: what the next start reads shows that none of them was.
        host.stop()
        host.settings = settings | {f"{root}enqueuedTimeUtc": "2001-01-01T00:00:00+00:00"}
        host.start()
        wait_for(lambda: host.bodies("plain_batch") == ["old", "old"], "everything since then")
    else:
        host.send(["new"], partition_id="0")
        wait_for(lambda: host.checkpoints("plain").get("0") == 1, "the checkpoint")
        assert host.bodies("plain_batch") == ["new"]
        host.stop()
        host.send(["while away"], partition_id="0")
        host.start()
        wait_for(lambda: host.bodies("plain_batch") == ["new", "while away"], "what came meanwhile")


def test_a_checkpoint_without_an_offset_is_a_place_by_its_sequence_number(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """The real trigger goes on after ``sequencenumber`` without an ``offset``: how a partition is moved."""
    host = hosts(Services(storage, events_server), "--only", "plain_batch").start()
    host.send(["first"], partition_id="0")
    wait_for(lambda: host.checkpoints("plain").get("0") == 0, "a checkpoint")
    assert host.stop() == 0
    host.send(["passed over", "next"], partition_id="0")
    host.send(["passed over", "other"], partition_id="1")
    _move(host, storage, {"0": "1", "1": "0"})
    host.start()
    wait_for(lambda: {"next", "other"} <= set(host.bodies("plain_batch")), "what comes after the places")
    assert "passed over" not in host.bodies("plain_batch")


def _move(host: Hosted, storage: str, places: dict[str, str]) -> None:
    with BlobServiceClient.from_connection_string(storage) as service:
        container = service.get_container_client("azure-webjobs-eventhub")
        for partition, number in places.items():
            container.upload_blob(
                f"localhost/{host.prefix}/plain/checkpoint/{partition}", b"", overwrite=True,
                metadata={"offset": "", "sequencenumber": number},
            )  # fmt: skip


@pytest.mark.parametrize("late", [0, 2])
def test_a_stop_during_a_retry_still_calls_the_later_batches_that_are_asked_for(
    hosts: Callable[..., Hosted], storage: str, events_server: str, tmp_path: Path, late: int
) -> None:
    """The real trigger called one to three later batches after the cancellation, out of order and without a
    checkpoint; all of them come again.
    """
    settings = {"DEVSTACK_LATE_BATCHES": str(late),
                "AzureFunctionsJobHost__extensions__eventHubs__maxEventBatchSize": "1"}  # fmt: skip
    host = hosts(Services(storage, events_server), "--only", "retried_batch", settings=settings)
    host.send([f"fail-until:{tmp_path / 'fixed'}", "later 1", "later 2", "later 3"], partition_id="0")
    host.start()
    host.await_records("retried_attempt", 2)
    assert host.stop() == 0
    assert host.bodies("retried_batch") == [f"later {n}" for n in range(1, late + 1)]
    assert host.checkpoints("retried") == {}
    (tmp_path / "fixed").touch()
    host.start()
    wait_for(lambda: host.checkpoints("retried").get("0") == 3, "the checkpoint of the last")
    assert host.bodies("retried_batch")[late:] == [
        f"fail-until:{tmp_path / 'fixed'}",
        "later 1",
        "later 2",
        "later 3",
    ]


def test_a_drain_lets_the_batch_finish_and_leaves_its_checkpoint_out(
    hosts: Callable[..., Hosted], storage: str, events_server: str, tmp_path: Path
) -> None:
    """PartitionProcessor: no checkpoint once the listener stops; retries end during their delay."""
    host = hosts(Services(storage, events_server), "--only", "retried_batch").start()
    host.send([f"fail-until:{tmp_path / 'never'}"], partition_id="0")
    host.await_records("retried_attempt", 2)
    assert host.stop() == 0
    assert host.checkpoints("retried") == {}
    assert json.loads((host.folder / "ready.json").read_text())["functions"] == ["retried_batch"]
