"""What the functions use is there: settings, connections, hub, groups, containers and queues (offline)."""

import ast
import asyncio
import json
import re
from collections.abc import Iterable
from typing import cast

import pytest

from tests.support.metadata import (
    ROOT,
    WIRING,
    bindings,
    functions,
    local_settings,
    placeholders,
    resolved,
    used,
)
from vendctl.partitions import GROUP
from vendctl.partitions.looking import NEXT
from vending import wiring
from vending.adapters.queues import StorageQueue
from vending.events.slices import SLICE
from vending.resources import BLOB_CONTAINERS, CONTAINERS, LEASES, QUEUES
from vending.settings import CONNECTIONS, Settings
from vending.wiring import clients

PLATFORM = (
    "AzureWebJobsCosmosDBConnectionString", "AzureWebJobsDashboard", "AzureWebJobsDisableHomepage",
    "AzureWebJobsDotNetReleaseCompilation", "AzureWebJobsEnv",
    "AzureWebJobsFeatureFlags", "AzureWebJobsKubernetesSecretName", "AzureWebJobsScriptRoot",
    "AzureWebJobsSecretStorageKeyVaultUri", "AzureWebJobsSecretStorageSas", "AzureWebJobsSecretStorageType",
    "AzureWebJobsSendGridApiKey", "AzureWebJobsServiceBus", "AzureWebJobsStorage",
)  # fmt: skip
"""Settings that the platform or an extension reads under this name."""
FREE = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"}
"""Settings that belong to the platform and not to the app's code."""


@pytest.fixture(scope="module")
def local() -> dict[str, str]:
    return local_settings()


def test_every_setting_of_a_binding_is_in_local_settings(local: dict[str, str]) -> None:
    assert placeholders() <= local.keys()


def test_every_connection_is_known_and_in_local_settings(local: dict[str, str]) -> None:
    connections = used("connection")
    assert connections <= set(CONNECTIONS)
    assert set(CONNECTIONS) <= local.keys()


def shadow(connection: str, settings: Iterable[str]) -> list[str]:
    """The settings that the platform takes in the place of a connection of that name.

    It looks for ``AzureWebJobs{connection}`` first, as one value or as a section (``…__accountName``), and
    ignores letter case (``GetWebJobsConnectionStringSection``): a connection STORAGE is the host's account.
    """
    taken = f"AzureWebJobs{connection}".casefold()
    return [name for name in settings if name.casefold() == taken or name.casefold().startswith(f"{taken}__")]


@pytest.mark.parametrize("connection", ["STORAGE", "Storage", "dashboard", "ServiceBus"])
def test_a_connection_that_the_platform_would_take_elsewhere_is_found(connection: str) -> None:
    assert shadow(connection, PLATFORM)
    assert shadow(connection, [f"azurewebjobs{connection}__accountName"])


def test_no_connection_name_becomes_a_setting_of_the_platform(local: dict[str, str]) -> None:
    built = {name for part in WIRING for name in re.findall(r'\(os\.environ, "([^"]+)"', part.read_text())}
    assert built >= set(CONNECTIONS), "the builders of the wiring are not found"
    for connection in built | used("connection") | set(CONNECTIONS):
        assert not shadow(connection, (*PLATFORM, *local)), connection


def test_local_settings_hold_what_the_code_reads_and_nothing_else(local: dict[str, str]) -> None:
    of_code = {name.upper() for name in Settings.__dataclass_fields__}
    assert local.keys() == of_code | placeholders() | set(CONNECTIONS) | FREE
    Settings.read(local)


def test_the_hub_and_its_consumer_groups_are_in_the_local_configuration(local: dict[str, str]) -> None:
    config = json.loads((ROOT / "infra" / "local" / "eventhubs.json").read_text())
    [namespace] = config["UserConfig"]["NamespaceConfig"]
    hubs = {
        hub["Name"]: {"$Default", *(group["Name"] for group in hub["ConsumerGroups"])}
        for hub in namespace["Entities"]
    }
    wanted: dict[str, set[str]] = {}
    for binding in bindings():
        if binding["type"] == "eventHubTrigger":
            hub = resolved(binding["eventHubName"], local)
            wanted.setdefault(hub, {GROUP}).add(binding["consumerGroup"])
    assert wanted, "no function reads a hub"
    for hub, groups in wanted.items():
        assert groups <= hubs.get(hub, set()), f"{hub} misses consumer groups"


def test_two_functions_never_share_a_consumer_group() -> None:
    groups = [b["consumerGroup"] for b in bindings() if b["type"] == "eventHubTrigger"] + [GROUP]
    assert len(groups) == len(set(groups))


def test_containers_and_queues_of_the_triggers_are_provisioned(local: dict[str, str]) -> None:
    databases = {resolved(name, local) for name in used("databaseName")}
    assert databases == {local["COSMOS_DATABASE"]}
    containers = used("containerName") | used("leaseContainerName")
    assert containers <= CONTAINERS.keys()
    assert used("queueName") <= set(QUEUES)


def test_the_wiring_and_health_use_every_container_and_queue_by_the_one_list(
    local: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is provisioned is used and what is used is provisioned, with the key of the list."""
    monkeypatch.setattr("os.environ", local)
    asyncio.run(_wired())


async def _wired() -> None:
    try:
        own = wiring.alerts(), wiring.fleet(), wiring.catalog(), wiring.writes(), wiring.commands()
        stores = wiring.machines(), wiring.conditions(), *own
        names = [name for name in CONTAINERS if name != LEASES]
        assert len(stores) == len(names)
        for name in names:
            assert clients.container(name).key_field == CONTAINERS[name].removeprefix("/")
        assert {f"cosmos/{x}" for x in names} | {f"blobs/{x}" for x in BLOB_CONTAINERS} | {
            f"queues/{x}" for x in QUEUES
        } == wiring.health_probes().keys()
        queues = wiring.rollup_shards(), wiring.notifications(), wiring.upload_stores().queue
        assert {cast("StorageQueue", one).queue.queue_name for one in queues} == set(QUEUES)
    finally:
        await wiring.close()


def test_no_name_of_a_container_or_queue_stands_in_the_wiring_or_the_commands_again() -> None:
    """Triggers name theirs in their decorators; everybody else asks vending/resources.py."""
    names = {*BLOB_CONTAINERS, *QUEUES}
    for path in (*WIRING, ROOT / "vendctl" / "provision.py"):
        found = {
            node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
        }
        assert not names & found, path


def test_every_trigger_that_can_wait_does() -> None:
    """An Event Hubs or Cosmos DB trigger without an endless retry policy loses the batch that failed."""
    waiting = [x for x in functions() if x.get_trigger().type in ("eventHubTrigger", "cosmosDBTrigger")]
    assert len(waiting) >= 3
    for found in waiting:
        retry = found.get_settings_dict("retry_policy") or {}
        assert retry.get("max_retry_count") == "-1", f"{found.get_function_name()} gives up: {retry}"


def test_host_json_fits_the_hub_and_the_app() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    hubs = host["extensions"]["eventHubs"]
    assert hubs["minEventBatchSize"] <= hubs["maxEventBatchSize"] <= hubs["prefetchCount"]
    # EventHubOptions.PrefetchSizeInBytes: without it the count bounds what a host holds, and events are 1 MB.
    assert SLICE <= hubs["prefetchSizeInBytes"] <= 2 * SLICE
    assert hubs["maxEventBatchSize"] <= NEXT, "vendctl partitions looks at less than a batch"
    assert host["extensions"]["http"]["routePrefix"] == ""
    assert host["extensions"]["queues"].get("messageEncoding", "base64") == "base64"
    assert host["extensionBundle"]["version"] == "[4.0.0, 5.0.0)"
