"""What Azure would be asked for is what the code uses, where it looks for it.

Read from what Microsoft's compiler made of infra/ (tests/infra.py); test_bicep.py holds that to the sources.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from tests.infra import COSMOS, IDENTITY, NAMESPACE, REFERENCE, STORAGE, Deployment, same, template
from tests.metadata import ROOT, Wiring, functions, resolved, triggers, used
from vendctl.partitions import GROUP
from vendctl.provision import BLOB_CONTAINERS, QUEUES, create_database

HOST = "AzureWebJobsStorage"


@pytest.fixture(scope="module", params=["dev", "prod"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return Deployment(request.param)


@pytest.fixture(scope="module")
def dev() -> Deployment:
    return Deployment("dev")


@pytest.fixture(scope="module")
def wiring() -> Wiring:
    return Wiring()


# --- what a deployer sees -----------------------------------------------------------------------------------
def test_what_if_sees_every_resource(deployment: Deployment) -> None:
    """A name that is known only while deploying hides its resource, and all of its module, from what-if."""
    modules = [each for each in template()["resources"].values() if each["type"].endswith("/deployments")]
    made = set().union(*(_types(each, existing=False) for each in modules))
    assert {each["type"] for each in deployment.resources} == made | {IDENTITY}
    for each in deployment.resources:
        for part in ("id", "name", "apiVersion"):
            assert "[" not in each[part], f"{each['type']}: {each[part]}"


def test_every_parameter_says_what_it_is() -> None:
    for name, parameter in template()["parameters"].items():
        assert parameter["metadata"]["description"], name
        assert parameter["type"] in ("string", "securestring", "int", "bool"), name


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (STORAGE, r"[a-z0-9]{3,24}"),
        (NAMESPACE, r"[a-zA-Z][a-zA-Z0-9-]{5,49}"),
        (COSMOS, r"[a-z0-9-]{3,44}"),
        # The host's id is made of the first 32 characters: beyond them two environments would be one host.
        ("Microsoft.Web/sites", r"[a-z0-9-]{2,32}"),
        (IDENTITY, r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}"),
        ("Microsoft.OperationalInsights/workspaces", r"[a-zA-Z0-9][a-zA-Z0-9-]{3,62}"),
    ],
)
def test_names_are_as_long_as_they_may_be(deployment: Deployment, kind: str, form: str) -> None:
    """learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"""
    for each in deployment.of_type(kind):
        assert re.fullmatch(form, each["name"]), each["name"]


def test_every_module_is_used() -> None:
    """One that nothing uses would be compiled by nobody."""
    text = (ROOT / "infra" / "main.bicep").read_text()
    assert {path.name for path in (ROOT / "infra" / "modules").iterdir()} == set(
        re.findall(r"'modules/(\w+\.bicep)' = ", text)
    )


def test_a_module_comes_after_those_whose_resources_it_looks_for() -> None:
    """A module finds by name what another one makes, so it has to say that it comes after it."""
    modules = {
        name: each for name, each in template()["resources"].items() if each["type"].endswith("/deployments")
    }
    made = {name: _types(each, existing=False) for name, each in modules.items()}
    made["identity"] = {template()["resources"]["identity"]["type"]}
    for name, each in modules.items():
        before = _before(template()["resources"], name)
        for kind in _types(each, existing=True) - made[name]:
            makers = {maker for maker, kinds in made.items() if kind in kinds}
            assert makers, f"nothing makes the {kind} that {name} looks for"
            assert makers <= before, f"{name} has to wait for {sorted(makers - before)}"


def _types(module: Mapping[str, Any], *, existing: bool) -> set[str]:
    found = module["properties"]["template"]["resources"].values()
    return {each["type"] for each in found if each.get("existing", False) == existing}


def _before(resources: Mapping[str, Any], name: str) -> set[str]:
    own = set(resources[name].get("dependsOn", ()))
    return own.union(*(_before(resources, each) for each in own))


def test_the_app_starts_when_its_roles_are_there() -> None:
    assert "appRoles" in _before(template()["resources"], "app")


def test_azd_finds_its_module_its_service_and_its_environment(dev: Deployment) -> None:
    text = (ROOT / "azure.yaml").read_text()
    (module,) = re.findall(r"^  module: (\w+)$", text, re.MULTILINE)
    assert (ROOT / "infra" / f"{module}.bicepparam").exists()
    (service,) = re.findall(r"^services:\n  (\w+):$", text, re.MULTILINE)
    served = {
        x["name"]: x["tags"]["azd-service-name"]
        for x in dev.resources
        if "azd-service-name" in x.get("tags", {})
    }
    assert served == {dev.outputs["AZURE_FUNCTION_APP"]: service}
    for each in dev.resources:
        if "location" in each:
            assert each["tags"]["azd-env-name"] == "dev", each["name"]


# --- what is there ------------------------------------------------------------------------------------------
def test_the_hub_and_its_consumer_groups_are_there(deployment: Deployment) -> None:
    hub = deployment.one(f"{NAMESPACE}/eventhubs")
    assert hub["id"].startswith(f"{deployment.leads('EVENTHUB')}/")
    asked = {resolved(x["eventHubName"], deployment.settings) for x in triggers("eventHubTrigger")}
    assert asked == deployment.names(f"{NAMESPACE}/eventhubs")
    groups = {found["consumerGroup"] for found in triggers("eventHubTrigger")} - {"$Default"} | {GROUP}
    same(deployment.under(hub["id"], f"{NAMESPACE}/eventhubs/consumergroups"), groups, "groups")


def test_the_database_and_its_containers_are_there(deployment: Deployment, wiring: Wiring) -> None:
    database = deployment.one(f"{COSMOS}/sqlDatabases")
    assert database["id"].startswith(f"{deployment.leads('COSMOS')}/")
    names = deployment.names(f"{COSMOS}/sqlDatabases")
    assert {resolved(name, deployment.settings) for name in used("databaseName")} == names
    assert {deployment.settings["COSMOS_DATABASE"]} == names
    needed = used("containerName") | used("leaseContainerName") | wiring.opens("_container")
    same(
        deployment.under(database["id"], f"{COSMOS}/sqlDatabases/containers"), needed, "Cosmos DB containers"
    )


class Recorder:
    """A Cosmos DB client that remembers which containers it was asked for, and has them as asked."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, Any]] = {}
        self.latest = ""

    async def create_database_if_not_exists(self, name: str) -> "Recorder":
        return self

    async def create_container_if_not_exists(self, name: str, key: PartitionKey, **rest: Any) -> "Recorder":
        asked = {"id": name, "partitionKey": dict(key), "indexingPolicy": rest.pop("indexing_policy")}
        if (life := rest.pop("default_ttl", None)) is not None:
            asked["defaultTtl"] = life
        assert not rest, f"nothing compares {sorted(rest)}"
        self.containers[name], self.latest = asked, name
        return self

    async def read(self) -> dict[str, Any]:
        return self.containers[self.latest]


async def test_containers_have_the_keys_indexes_and_life_of_the_local_ones(deployment: Deployment) -> None:
    """`vendctl provision` is run on a recorder, and what it asked for is compared with what was compiled."""
    local = Recorder()
    await create_database(cast("CosmosClient", local), "any")
    there = {}
    for each in deployment.of_type(f"{COSMOS}/sqlDatabases/containers"):
        resource = json.loads(json.dumps(each["properties"]["resource"]))
        assert resource["indexingPolicy"].pop("automatic") is True
        there[resource["id"]] = resource
    assert there == local.containers


def test_only_leases_expire_and_only_where_they_say_when(deployment: Deployment) -> None:
    """The change feed processor guards its first start by a document with a time to live of 30 s
    (``AcquireInitializationLockAsync``). In a container without one it stays for ever when its host dies, and
    no host starts again.
    """
    lives = {
        each["name"].rpartition("/")[2]: each["properties"]["resource"]["defaultTtl"]
        for each in deployment.of_type(f"{COSMOS}/sqlDatabases/containers")
        if "defaultTtl" in each["properties"]["resource"]
    }
    assert lives == dict.fromkeys(used("leaseContainerName"), -1)


def test_blob_containers_and_queues_are_there(deployment: Deployment, wiring: Wiring) -> None:
    there = deployment.under(deployment.leads("DATA"), f"{STORAGE}/blobServices/containers")
    same(there, wiring.opens("_blobs") | wiring.opens("get_container_client"), "blob containers")
    same(there, set(BLOB_CONTAINERS), "blob containers of vendctl provision")
    there = deployment.under(deployment.leads("DATA"), f"{STORAGE}/queueServices/queues")
    poison = {f"{name}-poison" for name in used("queueName")}
    same(there, wiring.opens("_queue") | used("queueName") | poison, "queues")
    same(there - poison, set(QUEUES), "queues of vendctl provision")


def test_the_host_s_account_holds_the_package_and_nothing_of_the_app(deployment: Deployment) -> None:
    account = deployment.leads(HOST)
    (container,) = deployment.under(account, f"{STORAGE}/blobServices/containers")
    assert not deployment.under(account, f"{STORAGE}/queueServices/queues")
    storage = deployment.one("Microsoft.Web/sites")["properties"]["functionAppConfig"]["deployment"][
        "storage"
    ]
    assert REFERENCE.findall(storage["value"]) == [(account, "primaryEndpoints.blob")]
    assert storage["value"].startswith("[format('{0}{1}', ")
    assert storage["value"].endswith(f", '{container}')]")
    assert storage["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": deployment.identity,
    }


def test_no_event_grid_is_needed() -> None:
    """On Flex Consumption a blob trigger works by Event Grid only: whoever adds one adds a topic and this."""
    assert not triggers("blobTrigger")


def test_lifecycle_rules_name_folders_that_the_archive_has(deployment: Deployment) -> None:
    policy = deployment.one(f"{STORAGE}/managementPolicies")
    assert policy["id"].startswith(f"{deployment.leads('DATA')}/")
    (rule,) = policy["properties"]["policy"]["rules"]
    container, _, folder = rule["definition"]["filters"]["prefixMatch"][0].partition("/")
    assert container in BLOB_CONTAINERS
    assert f're.compile(r"{folder}(' in (ROOT / "vending" / "domain" / "layout.py").read_text()
    assert set(rule["definition"]["actions"]["baseBlob"]) == {"tierToCool", "tierToCold"}


# --- the plan -----------------------------------------------------------------------------------------------
def test_the_app_runs_on_the_python_of_this_repository(deployment: Deployment) -> None:
    app = deployment.one("Microsoft.Web/sites")
    version = (ROOT / ".python-version").read_text().strip()
    assert app["properties"]["functionAppConfig"]["runtime"] == {"name": "python", "version": version}
    plan = deployment.one("Microsoft.Web/serverfarms")
    assert app["properties"]["serverFarmId"] == plan["id"]
    assert plan["sku"] == {"name": "FC1", "tier": "FlexConsumption"}


def test_the_app_asks_for_nothing_that_its_plan_refuses(deployment: Deployment) -> None:
    """On Flex Consumption some regions refuse these with error 51021, others ignore them (issue 283 of
    Azure/terraform-azurerm-avm-res-web-site); the settings: learn.microsoft.com/azure/azure-functions/
    functions-app-settings, "Flex Consumption plan deprecations".
    """
    asked = deployment.one("Microsoft.Web/sites")["properties"]["siteConfig"].keys()
    assert not asked & {
        "alwaysOn", "ftpsState", "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled",
        "linuxFxVersion", "preWarmedInstanceCount", "pythonVersion", "use32BitWorkerProcess",
    }  # fmt: skip
    assert not deployment.settings.keys() & {
        "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_WORKER_PROCESS_COUNT", "TZ",
        "SCM_DO_BUILD_DURING_DEPLOYMENT", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_TIME_ZONE",
    }  # fmt: skip


def test_a_batch_may_wait_for_days_but_not_for_ever() -> None:
    """Endless retries hold events in the hub: its retention is the real limit, so it is a parameter."""
    for name, hours in (("dev", 24), ("prod", 168)):
        found = Deployment(name)
        retention = found.one(f"{NAMESPACE}/eventhubs")["properties"]["retentionDescription"]
        assert retention == {"cleanupPolicy": "Delete", "retentionTimeInHours": hours}
        assert found.settings["HUB_RETENTION_HOURS"] == str(hours)
    host = json.loads((ROOT / "host.json").read_text())
    assert host["functionTimeout"] <= "00:30:00"
    assert len(functions()) > 10
