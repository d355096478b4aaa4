"""infra/ holds what the code uses, and gives the app's identity what it needs and no more (offline)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.bicep import NO_DEFAULT, read
from tests.infra import Infra
from tests.metadata import ROOT, Wiring, functions, placeholders, resolved, triggers, used
from vendctl.partitions.reading import GROUP
from vendctl.provision import CONTAINERS, indexing_policy
from vending.adapters.clients import blob_service, cosmos_client, hub_producer, queue_service
from vending.settings import CONNECTIONS, Settings

FILES = sorted((ROOT / "infra").rglob("*.bicep*"))
PLATFORM = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "AzureFunctionsJobHost__telemetryMode",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
}
"""Settings that the platform reads, not our code."""
ADDRESSES = {
    "AzureWebJobsStorage": {"accountName"},
    "EVENTHUB": {"fullyQualifiedNamespace"},
    "COSMOS": {"accountEndpoint"},
    "DATA": {"blobServiceUri", "queueServiceUri"},
}
"""Connection → the parts that address it (learn.microsoft.com/azure/azure-functions/functions-reference)."""
# Checked against Azure/bicep-types-az at 1f896de2db966ad91e8f7d7d981e11d32e4f5d8d.
KNOWN_VERSIONS = {
    "Microsoft.Authorization": "2022-04-01",
    "Microsoft.DocumentDB": "2025-10-15",
    "Microsoft.EventHub": "2024-01-01",
    "Microsoft.Insights": "2020-02-02",
    "Microsoft.ManagedIdentity": "2024-11-30",
    "Microsoft.OperationalInsights": "2025-02-01",
    "Microsoft.Storage": "2025-06-01",
    "Microsoft.Web": "2024-11-01",
}
# learn.microsoft.com/azure/role-based-access-control/built-in-roles
KNOWN_ROLES = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageBlobDataContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "storageBlobDataReader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "eventHubsDataReceiver": "a638d3c7-ab3a-418d-83e6-5f17a39d4fde",
    "eventHubsDataSender": "2b629674-e913-4c01-ae53-ef4638d8f975",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
SECRETS = re.compile(
    r"listKeys\(|listAccountSas\(|AccountKey=|SharedAccessKey=|sig=|password\s*[:=]", re.IGNORECASE
)


@pytest.fixture(scope="module")
def infra() -> Infra:
    return Infra()


@pytest.fixture(scope="module")
def wiring() -> Wiring:
    return Wiring()


def same(found: set[Any], wanted: set[Any], what: str) -> None:
    """Fails with the names of what is missing and of what is too many."""
    missing, superfluous = sorted(wanted - found), sorted(found - wanted)
    assert not missing, f"{what}: missing {missing}"
    assert not superfluous, f"{what}: nothing uses {superfluous}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_parses_and_uses_only_names_that_it_declares(path: Path) -> None:
    found = read(path)
    assert not found.faults
    assert not found.unknown, f"{path.name} declares no {sorted(found.unknown)}"
    if path.suffix == ".bicep":
        assert not found.idle, f"{path.name} does not use {sorted(found.idle)}"
    assert not SECRETS.search(path.read_text())


def test_every_resource_has_the_api_version_that_was_checked(infra: Infra) -> None:
    for name, file in infra.files.items():
        for resource in file.resources:
            known = KNOWN_VERSIONS.get(resource.type.partition("/")[0])
            assert resource.version == known, f"{name}: {resource.type}@{resource.version}"


def test_modules_get_what_they_ask_for(infra: Infra) -> None:
    assert {path.name for path in (ROOT / "infra" / "modules").iterdir()} == {
        Path(module.path).name for module in infra.main.modules.values()
    }
    for name, module in infra.main.modules.items():
        same(set(module.params), set(infra.modules[name].params), f"parameters of {name}")


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_parameter_files_give_what_has_no_default_and_nothing_unknown(infra: Infra, name: str) -> None:
    path = ROOT / "infra" / f"{name}.bicepparam"
    given = read(path).variables
    needed = {param for param, default in infra.main.params.items() if default is NO_DEFAULT}
    assert needed <= given.keys(), f"{name} lacks {sorted(needed - given.keys())}"
    assert given.keys() <= infra.main.params.keys()
    assert "using 'main.bicep'" in path.read_text()


def test_azd_finds_its_module_and_its_service(infra: Infra) -> None:
    text = (ROOT / "azure.yaml").read_text()
    (module,) = re.findall(r"^  module: (\w+)$", text, re.MULTILINE)
    assert (ROOT / "infra" / f"{module}.bicepparam").exists()
    (service,) = re.findall(r"^services:\n  (\w+):$", text, re.MULTILINE)
    assert f"'azd-service-name': '{service}'" in infra.modules["app"].named("app").body["tags"]


# --- settings and connections -------------------------------------------------------------------------------
def test_the_app_gets_every_setting_that_it_reads_and_no_other(infra: Infra) -> None:
    of_code = {name.upper() for name in Settings.__dataclass_fields__}
    parts = {
        f"{connection}__{part}"
        for connection, addresses in ADDRESSES.items()
        for part in addresses | {"credential", "clientId"}
    }
    same(set(infra.settings), of_code | placeholders() | parts | PLATFORM, "app settings")
    Settings.read(infra.environment)


def test_every_connection_has_an_identity_and_no_key(infra: Infra) -> None:
    assert set(CONNECTIONS) | used("connection") < ADDRESSES.keys()
    for connection in ADDRESSES:
        assert infra.settings[f"{connection}__credential"] == "managedidentity"
        assert infra.settings[f"{connection}__clientId"] == "identity.properties.clientId"


async def test_the_wiring_builds_its_clients_from_these_settings(infra: Infra) -> None:
    environment = infra.environment
    for client in (
        cosmos_client(environment, "COSMOS"),
        blob_service(environment, "DATA"),
        queue_service(environment, "DATA"),
        hub_producer(environment, "EVENTHUB", environment["TELEMETRY_HUB"]),
        blob_service(environment, "AzureWebJobsStorage"),
    ):
        await client.close()


def test_schedules_are_six_fields(infra: Infra) -> None:
    names = [found["schedule"] for found in triggers("timerTrigger")]
    assert len(names) >= 3
    for name in names:
        assert len(resolved(name, infra.settings).split()) == 6


def test_outputs_are_the_environment_of_the_commands(infra: Infra) -> None:
    """`azd env get-values` is what vendctl reads: addresses and names, each as the app has it."""
    for name, value in infra.main.outputs.items():
        if name in infra.settings:
            assert str(infra.follow("main", value)) == infra.settings[name], name
    addresses = {name: next(iter(parts)) for name, parts in ADDRESSES.items()} | {"DATA": "accountName"}
    assert {f"{name}__{part}" for name, part in addresses.items()} <= infra.main.outputs.keys()


# --- what is there ------------------------------------------------------------------------------------------
def test_the_hub_and_its_consumer_groups_are_there(infra: Infra) -> None:
    hubs = infra.names("eventHubs", "Microsoft.EventHub/namespaces/eventhubs")
    assert {resolved(x["eventHubName"], infra.settings) for x in triggers("eventHubTrigger")} == hubs
    groups = {found["consumerGroup"] for found in triggers("eventHubTrigger")} - {"$Default"} | {GROUP}
    same(infra.names("eventHubs", "Microsoft.EventHub/namespaces/eventhubs/consumergroups"), groups, "groups")


def test_the_database_and_its_containers_are_there(infra: Infra, wiring: Wiring) -> None:
    names = infra.names("cosmos", "Microsoft.DocumentDB/databaseAccounts/sqlDatabases")
    assert {resolved(name, infra.settings) for name in used("databaseName")} == names
    assert {infra.settings["COSMOS_DATABASE"]} == names
    needed = used("containerName") | used("leaseContainerName") | wiring.opens("_container")
    same(infra.names("cosmos", f"{COSMOS}/sqlDatabases/containers"), needed, "Cosmos DB containers")


def test_containers_have_the_keys_and_indexes_of_the_local_ones(infra: Infra) -> None:
    file = infra.modules["cosmos"]
    listed = {one["name"]: one for one in file.variables["containers"]}
    shape = file.named("documents").body["properties"]["resource"]
    assert (shape["id"], shape["partitionKey"]["paths"]) == ("container.name", ["container.key"])
    policy = shape["indexingPolicy"]
    assert policy["includedPaths"] == "map(container.indexed, field => { path: '/\"${field}\"/?' })"
    leases = file.named("leases").body["properties"]["resource"]
    for name, key in CONTAINERS.items():
        if name == leases["id"]:
            assert leases["partitionKey"]["paths"] == [key]
            assert leases["indexingPolicy"] == indexing_policy(name) | {"automatic": True}
            continue
        included = [{"path": f'/"{field}"/?'} for field in listed[name]["indexed"]]
        assert listed[name]["key"] == key
        assert policy | {"includedPaths": included} == indexing_policy(name) | {"automatic": True}, name


def test_blob_containers_and_queues_are_there(infra: Infra, wiring: Wiring) -> None:
    blobs = wiring.opens("_blobs") | wiring.opens("get_container_client")
    kind = "Microsoft.Storage/storageAccounts"
    same(infra.names("storage", f"{kind}/blobServices/containers"), blobs, "blob containers")
    queues = wiring.opens("_queue") | used("queueName")
    poison = {f"{name}-poison" for name in used("queueName")}
    same(infra.names("storage", f"{kind}/queueServices/queues"), queues | poison, "queues")


def test_no_event_grid_is_needed() -> None:
    """On Flex Consumption a blob trigger works by Event Grid only: whoever adds one adds a topic and this."""
    assert not triggers("blobTrigger")


def test_lifecycle_rules_name_folders_that_the_archive_has(infra: Infra) -> None:
    (rule,) = infra.modules["storage"].named("lifecycle").body["properties"]["policy"]["rules"]
    container, _, folder = rule["definition"]["filters"]["prefixMatch"][0].partition("/")
    assert container in infra.modules["storage"].variables["containers"]
    assert f're.compile(r"{folder}(' in (ROOT / "vending" / "domain" / "layout.py").read_text()
    assert set(rule["definition"]["actions"]["baseBlob"]) == {"tierToCool", "tierToCold"}


# --- who may do what ----------------------------------------------------------------------------------------
def test_the_app_may_do_what_it_does_and_nothing_else(infra: Infra, wiring: Wiring) -> None:
    needed = {
        ("hostStorage", "storageBlobDataOwner"): True,
        ("hostStorage", "storageTableDataContributor"): True,
        ("insights", "monitoringMetricsPublisher"): True,
        ("hub", "eventHubsDataReceiver"): bool(triggers("eventHubTrigger")) or "hub" in wiring.reached,
        ("hub", "eventHubsDataSender"): "hub_sender" in wiring.reached or bool(triggers("eventHub")),
        ("storage", "storageBlobDataContributor"): "_blob_service" in wiring.reached,
        ("storage", "storageQueueDataContributor"): "_queue_service" in wiring.reached,
        ("cosmos", "cosmosDataContributor"): "_cosmos" in wiring.reached,
    }
    same(infra.grants("appRoles"), {grant for grant, so in needed.items() if so}, "roles of the app")


def test_roles_are_given_where_the_connections_lead(infra: Infra) -> None:
    params = infra.main.modules["appRoles"].params
    leads = {
        "hostStorageName": infra.main.modules["app"].params["hostStorageName"],
        "storageName": infra.main.modules["app"].params["storageName"],
    }
    assert {name: params[name] for name in leads} == leads
    assert params["principalId"] == "identity.properties.principalId"
    file = infra.modules["appRoles"]
    for symbol, name in (
        ("hostStorage", "hostStorageName"),
        ("storage", "storageName"),
        ("cosmos", "cosmosName"),
    ):
        assert file.named(symbol).body["name"] == name
    assert file.named("documents").body["properties"]["scope"] == "${cosmos.id}/dbs/${databaseName}"


@pytest.mark.parametrize("module", ["appRoles", "peopleRoles"])
def test_role_ids_are_the_documented_ones(infra: Infra, module: str) -> None:
    file = infra.modules[module]
    for name, role in file.variables["roles"].items():
        assert role == KNOWN_ROLES[name], name
    same(
        {role for _, role in infra.grants(module)},
        {*file.variables["roles"], "cosmosDataContributor"},
        module,
    )
    assert file.variables["cosmosDataContributor"] == "00000000-0000-0000-0000-000000000002"
    for resource in file.of_type("Microsoft.Authorization/roleAssignments"):
        scope = resource.body["scope"]
        role = resource.body["properties"]["roleDefinitionId"].rpartition(", ")[2].rstrip(")")
        principal = resource.body["properties"]["principalId"]
        assert resource.body["name"] == f"guid({scope}.id, {principal}, {role})", resource.symbol


def test_keys_are_off_wherever_devices_do_not_need_them(infra: Infra) -> None:
    for module in ("storage", "hostStorage"):
        properties = infra.modules[module].named("account").body["properties"]
        assert properties["allowSharedKeyAccess"] is False
        assert properties["allowBlobPublicAccess"] is False
    assert infra.modules["cosmos"].named("account").body["properties"]["disableLocalAuth"] is True
    assert infra.modules["monitoring"].named("insights").body["properties"]["DisableLocalAuth"] is True
    for symbol in ("scm", "ftp"):
        assert infra.modules["app"].named(symbol).body["properties"] == {"allow": False}
    hubs = infra.modules["eventHubs"]
    assert hubs.named("namespace").body["properties"]["disableLocalAuth"] is False
    (policy,) = hubs.of_type("Microsoft.EventHub/namespaces/eventhubs/authorizationRules")
    assert policy.body["properties"] == {"rights": ["Send"]}


# --- the plan -----------------------------------------------------------------------------------------------
def test_the_app_runs_on_the_python_of_this_repository(infra: Infra) -> None:
    config = infra.modules["app"].named("app").body["properties"]["functionAppConfig"]
    version = (ROOT / ".python-version").read_text().strip()
    assert config["runtime"] == {"name": "python", "version": version}
    assert infra.modules["app"].named("plan").body["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    storage = config["deployment"]["storage"]
    assert storage["value"] == "packages"
    assert storage["authentication"]["type"] == "UserAssignedIdentity"


def test_a_batch_may_wait_for_days_but_not_for_ever(infra: Infra) -> None:
    """Endless retries hold events in the hub: its retention is the real limit, so it is a parameter."""
    hub = infra.modules["eventHubs"].named("hub").body["properties"]
    assert hub["retentionDescription"] == {
        "cleanupPolicy": "Delete",
        "retentionTimeInHours": "retentionHours",
    }
    hours = {
        name: read(ROOT / "infra" / f"{name}.bicepparam").variables["retentionHours"]
        for name in ("dev", "prod")
    }
    assert hours == {"dev": 24, "prod": 168}
    host = json.loads((ROOT / "host.json").read_text())
    assert host["functionTimeout"] <= "00:30:00"
    assert len(functions()) > 10
