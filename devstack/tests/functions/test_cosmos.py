"""Cosmos DB trigger, over the local stack's Cosmos DB server.

Rules: azure-webjobs-sdk-extensions CosmosDBTriggerListener, CosmosDBTriggerAttribute (defaults,
leases, failures).
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import PartitionKey

from devstack.tests.functions.hosting import SAMPLE, Hosted, Services, wait_for


def _put(host: Hosted, *ids: str, **fields: Any) -> None:
    """Write documents; the container is made when it is missing."""
    with host.cosmos() as client:
        database = client.create_database_if_not_exists(host.prefix)
        container = database.create_container_if_not_exists("items", PartitionKey("/pk"))
        for one in ids:
            container.upsert_item({"id": one, "pk": one, **fields})


def _seen(host: Hosted, function: str) -> list[str]:
    return [one for record in host.records(function) for one in record["ids"]]


def test_from_the_beginning_in_bounded_batches_and_on_after_a_restart(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """startFromBeginning, maxItemsPerInvocation, createLeaseContainerIfNotExists; the lease keeps the
    place. Only what was being delivered when the host stopped may come again.
    """
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch")
    _put(host, *(f"i{n}" for n in range(25)))
    host.start()
    wait_for(lambda: set(_seen(host, "watch")) == {f"i{n}" for n in range(25)}, "the backlog")
    assert max(one["count"] for one in host.records("watch")) <= 10
    _put(host, "live")
    wait_for(lambda: "live" in _seen(host, "watch"), "a live change")
    _put(host, "last", pk="live")
    wait_for(lambda: "last" in _seen(host, "watch"), "the next change of the same range")
    assert host.stop() == 0
    _put(host, "while-away")
    host.start()
    wait_for(lambda: "while-away" in _seen(host, "watch"), "the change made while the host was away")
    seen = Counter(_seen(host, "watch"))
    assert len(seen) == 28
    assert {name for name, times in seen.items() if times > 1} <= {"last"}, "delivered twice"


def test_without_startFromBeginning_only_changes_from_now_on(  # noqa: N802 - the setting's own name
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """Default start: the moment of listening. A host that stops gives its leases back."""
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch_from_now")
    _put(host, "old")
    host.start()
    _put(host, "new")
    wait_for(lambda: "new" in _seen(host, "watch_from_now"), "the new document")
    assert _seen(host, "watch_from_now") == ["new"]
    assert host.stop() == 0
    with host.cosmos() as client:
        leases = client.get_database_client(host.prefix).get_container_client("leases").read_all_items()
        assert {one["Owner"] for one in leases if "FeedRange" in one} == {""}
    _put(host, "while-away")
    host.start()
    wait_for(lambda: "while-away" in _seen(host, "watch_from_now"), "the document written meanwhile")
    assert _seen(host, "watch_from_now") == ["new", "while-away"]


def test_a_failed_batch_is_lost_without_a_policy(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """CosmosDBTriggerListener: a failure is only reported; the lease advances."""
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch_from_now")
    _put(host, "old")
    host.start()
    _put(host, "bad", ask="fail")
    wait_for(lambda: "bad" in _seen(host, "watch_from_now_attempt"), "the failure")
    _put(host, "bad2", ask="fail")
    wait_for(lambda: "bad2" in _seen(host, "watch_from_now_attempt"), "the second failure")
    _put(host, "good")
    wait_for(lambda: "good" in _seen(host, "watch_from_now"), "the next document")
    assert _seen(host, "watch_from_now_attempt").count("bad") == 1


def test_a_policy_tries_again_before_the_lease_advances(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str, tmp_path: Path
) -> None:
    """SupportsRetry: N retries are N+1 attempts; then the batch is lost; a crash of the worker is an
    attempt.
    """
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch")
    _put(host, "bad", ask="fail")
    host.start()
    wait_for(lambda: _seen(host, "watch_attempt").count("bad") == 3, "three attempts")
    _put(host, "crash", ask=f"die-once:{tmp_path / 'died'}")
    wait_for(lambda: "crash" in _seen(host, "watch"), "the batch after the crash")
    assert _seen(host, "watch_attempt").count("bad") == 3


def test_a_killed_hosts_lease_is_taken_over(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """leaseExpirationInterval: after it, another host goes on where the lease stands."""
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch")
    _put(host, "first")
    host.start()
    wait_for(lambda: "first" in _seen(host, "watch"), "the first document")
    other = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch").start()
    host.kill()
    _put(host, "second")
    wait_for(lambda: "second" in _seen(other, "watch"), "the takeover")
    assert "first" not in _seen(other, "watch")


APP = """
import azure.functions as func
from recorder import record
app = func.FunctionApp()

@app.cosmos_db_trigger(
    arg_name="documents", connection="COSMOS", database_name="%DATABASE%", container_name="items",
    lease_container_name="leases", create_lease_container_if_not_exists=MAKE, feed_poll_delay=100,
    start_from_beginning=True)
def dated(documents: func.DocumentList) -> None:
    record("dated", documents=[one.to_dict() for one in documents])
"""


def _app(folder: Path, *, make: bool) -> Path:
    folder.mkdir()
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(APP.replace("MAKE", str(make)))
    (folder / "recorder.py").symlink_to(SAMPLE / "recorder.py")
    return folder


def test_date_like_texts_of_documents_are_rewritten(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str, tmp_path: Path
) -> None:
    """Measured: the extension parses the documents and writes them anew, nested texts too."""
    host = hosts(Services(storage, cosmos=cosmos_server), app=_app(tmp_path / "app", make=True))
    fields: dict[str, Any] = {
        "at": "2026-01-31T12:34:56.000Z",
        "nested": [{"at": "2026-01-31T12:34:56.120000Z"}],
        "day": "2026-01-31",
        "local": "2026-01-31T12:34:56",
    }
    _put(host, "one", **fields)
    host.start()
    [[found]] = [one["documents"] for one in host.await_records("dated")]
    assert {name: found[name] for name in fields} == fields | {
        "at": "2026-01-31T12:34:56Z",
        "nested": [{"at": "2026-01-31T12:34:56.12Z"}],
    }
    with host.cosmos() as client:
        leases = client.get_database_client(host.prefix).get_container_client("leases")
        assert leases.read()["defaultTtl"] == -1, "the lease container that the extension makes"
        names = {one["id"] for one in leases.read_all_items()}
    assert f"{host.prefix}.items.info" in names
    assert f"{host.prefix}.items.lock" not in names
    asked = json.dumps({"input": json.dumps([{"id": "by hand"}])}).encode()
    assert host.request("/admin/functions/dated", asked)[0] == 202
    assert host.await_records("dated", 2)[1]["documents"] == [{"id": "by hand"}]


@pytest.mark.parametrize("ttl", [None, -1])
def test_a_lock_that_a_dead_host_left_holds_the_start_and_is_told(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str, tmp_path: Path, ttl: int | None
) -> None:
    """Measured: without a time to live on the lease container the start never ends, and nothing is said."""
    host = hosts(Services(storage, cosmos=cosmos_server), app=_app(tmp_path / "app", make=False))
    _put(host, "one")
    lock = f"{host.prefix}.items.lock"
    with host.cosmos() as client:
        leases = client.get_database_client(host.prefix).create_container(
            "leases", PartitionKey("/id"), default_ttl=ttl
        )
        leases.create_item({"id": lock, "ttl": 300})
        host.launch()
        wait_for(lambda: "waits for the lock" in host.log(), "word of the lock")
        assert not (host.folder / "ready.json").exists()
        if ttl is None:
            assert "defaultTtl to -1" in host.log()
            leases.delete_item(lock, lock)
        else:
            leases.upsert_item({"id": lock, "ttl": 1})
        host.await_records("dated")
