"""Cosmos DB trigger, over the local stack's Cosmos DB server.

Rules: azure-webjobs-sdk-extensions CosmosDBTriggerListener, CosmosDBTriggerAttribute (defaults,
leases, failures).
"""

from collections.abc import Callable
from pathlib import Path

from azure.cosmos import PartitionKey

from devstack.tests.functions.hosting import Hosted, Services, wait_for


def _put(host: Hosted, *ids: str, **fields: str) -> None:
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
    place.
    """
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "watch")
    _put(host, *(f"i{n}" for n in range(25)))
    host.start()
    wait_for(lambda: set(_seen(host, "watch")) == {f"i{n}" for n in range(25)}, "the backlog")
    assert max(one["count"] for one in host.records("watch")) <= 10
    _put(host, "live")
    wait_for(lambda: "live" in _seen(host, "watch"), "a live change")
    assert host.stop() == 0
    _put(host, "while-away")
    host.start()
    wait_for(lambda: "while-away" in _seen(host, "watch"), "the change made while the host was away")
    assert len(_seen(host, "watch")) == 27, "nothing was delivered twice"


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
        assert {one["Owner"] for one in leases} == {""}
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
