"""Defaults and sources of settings, without a process.

Rules: Azure/azure-sdk-for-net EventHubOptions, QueuesOptions; azure-webjobs-sdk-extensions
CosmosDBTriggerAttribute; azure-functions-host (AzureFunctionsJobHost__ overrides), Core Tools StartHostAction
(environment over Values).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from devstack.functions import config
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.listeners import cosmos_settings, event_hub_settings, queue
from devstack.functions.model import Function

COSMOS = "AccountEndpoint=http://localhost:1/;AccountKey=a;"


def configuration(host: dict[str, Any] | None = None, **settings: str) -> Configuration:
    """A configuration of an empty app."""
    return Configuration(Path(), host or {}, {}, settings)


def watcher(**trigger: Any) -> Function:
    """A function with a Cosmos DB trigger."""
    binding = {"type": "cosmosDBTrigger", "name": "d", "connection": "C", "databaseName": "db",
               "containerName": "items"} | trigger  # fmt: skip
    return Function("id", "f", True, binding, (binding,), None)


def test_event_hubs_defaults() -> None:
    """EventHubOptions: 100, 1, 60 s, 300, every batch, from the start."""
    found = event_hub_settings.read(configuration())
    assert (found.max_batch, found.min_batch, found.max_wait, found.prefetch) == (100, 1, 60, 300)
    assert (found.checkpoint_frequency, found.start) == (1, "fromStart")


def test_queue_defaults() -> None:
    """QueuesOptions: batches of 16, at most 32; five attempts; at once visible again; base64; ten minutes."""
    found = queue.read(configuration())
    assert (found.batch, found.max_dequeue, found.retry_after, found.max_poll) == (16, 5, 0, 60)
    assert (found.plain, found.lease) == (False, 600)


def test_cosmos_defaults_and_refusals() -> None:
    """CosmosDBTriggerAttribute: leases, 5 s, 13 s, 17 s, 60 s, from now on, the service's page."""
    found = cosmos_settings.read(watcher(), configuration(C=COSMOS))
    assert (found.leases, found.create_leases, found.beginning, found.page) == ("leases", False, False, None)
    assert (found.poll, found.acquire, found.renew, found.expiration) == (5, 13, 17, 60)
    for wrong in ({"leaseContainerName": "items"}, {"startFromTime": "2026-01-01"}):
        with pytest.raises(ConfigurationError, match="function 'f'"):
            cosmos_settings.read(watcher(**wrong), configuration(C=COSMOS))


def test_two_triggers_of_one_lease_container_are_told_apart() -> None:
    """CosmosDBTriggerAttribute.LeaseContainerPrefix, before the names of database and container."""
    prefixes = {
        cosmos_settings.read(watcher(leaseContainerPrefix=one), configuration(C=COSMOS)).prefix
        for one in "ab"
    }
    assert prefixes == {"adb.items..", "bdb.items.."}


def test_the_environment_wins_over_the_file_and_overrides_host_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """StartHostAction: what is set already is not set again; AzureFunctionsJobHost__a__b is a.b, in any
    letter case.
    """
    (tmp_path / "host.json").write_text(
        json.dumps({"version": "2.0", "extensions": {"queues": {"batchSize": 4, "maxDequeueCount": 3}}})
    )
    values = {"ONE": "file", "TWO": "file", "AzureFunctionsJobHost__extensions__http__routePrefix": "v1"}
    (tmp_path / "local.settings.json").write_text(
        json.dumps({"IsEncrypted": False, "Values": values, "ConnectionStrings": {"STORE": "listed"}})
    )
    monkeypatch.setenv("TWO", "environment")
    monkeypatch.setenv("AzureFunctionsJobHost__Extensions__Queues__BatchSize", "9")
    found = config.load(tmp_path)
    assert (found.setting("ONE"), found.setting("TWO")) == ("file", "environment")
    assert (queue.read(found).batch, queue.read(found).max_dequeue) == (9, 3)
    assert found.value("extensions.http.routePrefix", "api") == "v1"
    assert found.connection("STORE", "x") == "listed"
