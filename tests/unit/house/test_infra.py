"""What Azure would be asked for is what the code uses, where it looks for it.

Read from what Microsoft's compiler made of infra/ (tests/support/infra.py); test_bicep.py holds that to the
sources.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from tests.bicep import CLIENT
from tests.support.events import hub_event
from tests.support.infra import (
    COSMOS,
    IDENTITY,
    NAMESPACE,
    REFERENCE,
    STORAGE,
    TOPIC,
    UNDELIVERED,
    Deployment,
    same,
    template,
)
from tests.support.metadata import ROOT, Wiring, functions, local_settings, resolved, triggers, used
from vendctl.partitions import GROUP
from vendctl.provision import BLOB_CONTAINERS, QUEUES, create_database
from vending.access.principals import SWITCH
from vending.access.request_rate import PER_MINUTE
from vending.access.roles import PEOPLE
from vending.adapters.checkpoints import CONTAINER as CHECKPOINTS
from vending.archive.layout import blob_name, manifest_name, parquet_name
from vending.resources import ARCHIVE, REJECTED, REMEMBERED, UPLOADS
from vending.uploads.kinds import KINDS

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
    always = [each for each in modules if "condition" not in each]
    made = {each["type"] for each in deployment.resources}
    assert made >= set().union(*(_types(each) for each in always)) | {IDENTITY}
    for each in deployment.resources:
        for part in ("id", "name", "apiVersion"):
            assert "[" not in each[part], f"{each['type']}: {each[part]}"


def test_with_every_parameter_given_every_resource_is_made_and_without_the_cheap_ones() -> None:
    """prod was compiled with all of them, dev with none: what is left out of dev is on a list here."""
    modules = [each for each in template()["resources"].values() if each["type"].endswith("/deployments")]
    prod, dev = ({each["type"] for each in Deployment(name).resources} for name in ("prod", "dev"))
    assert prod == set().union(*(_types(each, all_of_them=True) for each in modules)) | {IDENTITY}
    assert prod - dev == {
        "Microsoft.Network/virtualNetworks", "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Insights/actionGroups", "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.Insights/metricAlerts", "Microsoft.Insights/webtests",
        "Microsoft.Insights/activityLogAlerts",
        "Microsoft.ApiManagement/service", "Microsoft.ApiManagement/service/apis",
        "Microsoft.ApiManagement/service/apis/policies",
        f"{STORAGE}/blobServices/containers/immutabilityPolicies",
    }  # fmt: skip


def test_every_parameter_says_what_it_is() -> None:
    for name, parameter in template()["parameters"].items():
        assert parameter["metadata"]["description"], name
        assert parameter["type"] in ("string", "securestring", "int", "bool", "array"), name


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
    made = {name: _types(each, all_of_them=True) for name, each in modules.items()}
    made["identity"] = {template()["resources"]["identity"]["type"]}
    for name, each in modules.items():
        before = _before(template()["resources"], name)
        for kind in _looked_for(each) - made[name]:
            makers = {maker for maker, kinds in made.items() if kind in kinds}
            assert makers, f"nothing makes the {kind} that {name} looks for"
            assert makers <= before, f"{name} has to wait for {sorted(makers - before)}"


def _types(module: Mapping[str, Any], *, all_of_them: bool = False) -> set[str]:
    """What a module makes: always, or at all."""
    found = module["properties"]["template"]["resources"].values()
    return {
        each["type"]
        for each in found
        if not each.get("existing", False) and (all_of_them or "condition" not in each)
    }


def _looked_for(module: Mapping[str, Any]) -> set[str]:
    found = module["properties"]["template"]["resources"].values()
    return {each["type"] for each in found if each.get("existing", False)}


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
    needed = used("containerName") | used("leaseContainerName") | wiring.opens("container")
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


def test_only_what_passes_expires_and_only_where_it_says_when(deployment: Deployment) -> None:
    """The change feed processor guards its first start by a document with a time to live of 30 s
    (``AcquireInitializationLockAsync``). In a container without one it stays for ever when its host dies, and
    no host starts again.
    """
    lives = {
        each["name"].rpartition("/")[2]: each["properties"]["resource"]["defaultTtl"]
        for each in deployment.of_type(f"{COSMOS}/sqlDatabases/containers")
        if "defaultTtl" in each["properties"]["resource"]
    }
    assert lives == dict.fromkeys([*used("leaseContainerName"), "commands", "writes"], -1)


def test_blob_containers_and_queues_are_there(deployment: Deployment, wiring: Wiring) -> None:
    there = deployment.under(deployment.leads("DATA"), f"{STORAGE}/blobServices/containers")
    there -= {UNDELIVERED}  # Event Grid's own: nothing of the app reads it, and locally nothing writes it
    opened = wiring.opens("blobs") | wiring.opens("archive") | wiring.opens("uploads")
    same(there, opened, "blob containers")
    same(there, set(BLOB_CONTAINERS), "blob containers of vendctl provision")
    there = deployment.under(deployment.leads("DATA"), f"{STORAGE}/queueServices/queues")
    poison = {f"{name}-poison" for name in used("queueName")}
    same(there, wiring.opens("queue") | used("queueName") | poison, "queues")
    same(there - poison, set(QUEUES), "queues of vendctl provision")


def test_the_host_s_account_holds_the_package_the_checkpoints_and_nothing_of_the_app(
    deployment: Deployment,
) -> None:
    account = deployment.leads(HOST)
    (container,) = deployment.under(account, f"{STORAGE}/blobServices/containers") - {CHECKPOINTS}
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


def test_event_grid_tells_of_uploads_and_of_nothing_else(deployment: Deployment) -> None:
    """A queue, and no blob trigger: that would need a key of the host's webhook in Azure, and a scan misses
    blobs elsewhere. Both identities are the system's (learn.microsoft.com/azure/event-grid/
    handler-storage-queues: a user-assigned one does not come through a firewall).
    """
    assert not triggers("blobTrigger")
    account, topic = deployment.leads("DATA"), deployment.one(TOPIC)
    assert topic["identity"] == {"type": "SystemAssigned"}
    assert topic["properties"] == {"source": account, "topicType": "Microsoft.Storage.StorageAccounts"}
    asked = deployment.one(f"{TOPIC}/eventSubscriptions")["properties"]
    assert asked["filter"] == {
        "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
        "subjectBeginsWith": f"/blobServices/default/containers/{UPLOADS}/blobs/",
        "isSubjectCaseSensitive": True,
    }
    assert asked["eventDeliverySchema"] == "EventGridSchema"
    delivery, lost = asked["deliveryWithResourceIdentity"], asked["deadLetterWithResourceIdentity"]
    assert delivery["identity"] == lost["identity"] == {"type": "SystemAssigned"}
    place = delivery["destination"]["properties"]
    assert (place["resourceId"], place["queueName"]) == (account, UPLOADS)
    assert lost["deadLetterDestination"]["properties"] == {
        "resourceId": account, "blobContainerName": UNDELIVERED,
    }  # fmt: skip
    [data] = [each["properties"] for each in deployment.of_type(STORAGE) if each["id"] == account]
    assert "AzureServices" in data["networkAcls"]["bypass"]


def test_lifecycle_rules_name_folders_that_the_archive_has(deployment: Deployment) -> None:
    policy = deployment.one(f"{STORAGE}/managementPolicies")
    assert policy["id"].startswith(f"{deployment.leads('DATA')}/")
    cheaper, forgetful, *of_uploads = policy["properties"]["policy"]["rules"]
    container, _, folder = cheaper["definition"]["filters"]["prefixMatch"][0].partition("/")
    assert container in BLOB_CONTAINERS
    assert f're.compile(r"{folder}(' in (ROOT / "vending" / "archive" / "layout.py").read_text()
    assert set(cheaper["definition"]["actions"]["baseBlob"]) == {"tierToCool", "tierToCold"}
    # Of the rules that delete, one takes versions of what is remembered; of no event, table or manifest.
    assert forgetful["definition"]["actions"] == {"version": {"delete": {"daysAfterCreationGreaterThan": 1}}}
    prefixes = tuple(forgetful["definition"]["filters"]["prefixMatch"])
    assert prefixes == (f"{REMEMBERED}/",)
    hour, raw = datetime(2026, 3, 1, 7, tzinfo=UTC), blob_name(hub_event(1, b"{}"))
    kept = (raw, manifest_name(hour), parquet_name(hour, "1/0", "0" * 16))
    assert not [name for name in kept if f"{ARCHIVE}/{name}".startswith(prefixes)]
    photos, refused, deleted = of_uploads
    assert "photo" in KINDS
    assert photos["definition"]["filters"]["prefixMatch"] == [f"{UPLOADS}/photo/"]
    assert photos["definition"]["actions"].keys() == {"baseBlob"}
    assert photos["definition"]["actions"]["baseBlob"].keys() == {"tierToCool"}
    assert refused["definition"]["filters"]["prefixMatch"] == [f"{REJECTED}/"]
    assert deleted["definition"]["filters"]["prefixMatch"] == [f"{UPLOADS}/", f"{REJECTED}/"]
    assert deleted["definition"]["actions"].keys() == {"version"}


# --- what a business turns on -------------------------------------------------------------------------------
def test_an_archive_that_nobody_can_shorten_is_an_option_of_the_archive_alone(dev: Deployment) -> None:
    """learn.microsoft.com/azure/storage/blobs/immutable-version-level-worm-policies. A policy of the
    container itself would refuse to commit blocks over a blob, and so every append.
    """
    kind = f"{STORAGE}/blobServices/containers"
    assert not dev.of_type(f"{kind}/immutabilityPolicies")
    assert not [each for each in dev.of_type(kind) if "immutableStorageWithVersioning" in each["properties"]]
    prod = Deployment("prod")
    policy = prod.one(f"{kind}/immutabilityPolicies")
    assert policy["id"] == f"{prod.container('DATA', ARCHIVE)}/immutabilityPolicies/default"
    assert policy["properties"] == {
        "immutabilityPeriodSinceCreationInDays": 365,
        "allowProtectedAppendWrites": False,
    }
    enabled = {
        each["id"]: each["properties"]["immutableStorageWithVersioning"]
        for each in prod.of_type(kind)
        if "immutableStorageWithVersioning" in each["properties"]
    }
    assert enabled == {prod.container("DATA", ARCHIVE): {"enabled": True}}


def test_a_locked_policy_is_left_alone() -> None:
    (module,) = [
        each["properties"]["template"]
        for each in template()["resources"].values()
        if each["type"].endswith("/deployments")
        and "immutabilityLocked" in each["properties"]["template"]["parameters"]
    ]
    (policy,) = [x for x in module["resources"].values() if x["type"].endswith("/immutabilityPolicies")]
    assert "not(parameters('immutabilityLocked'))" in policy["condition"]


def test_without_a_parameter_everybody_may_ask_and_roles_decide(dev: Deployment) -> None:
    assert dev.one(COSMOS)["properties"]["isVirtualNetworkFilterEnabled"] is False
    for account in dev.of_type(STORAGE):
        rules = account["properties"].get("networkAcls", {"defaultAction": "Allow"})
        assert rules["defaultAction"] == "Allow"
    assert dev.one(f"{NAMESPACE}/networkRuleSets")["properties"]["defaultAction"] == "Allow"
    assert "virtualNetworkSubnetId" not in dev.one("Microsoft.Web/sites")["properties"] or (
        dev.one("Microsoft.Web/sites")["properties"]["virtualNetworkSubnetId"] is None
    )


def test_closed_stores_let_the_app_s_subnet_and_the_operators_in_and_nobody_else() -> None:
    prod = Deployment("prod")
    network = prod.one("Microsoft.Network/virtualNetworks")
    (subnet,) = network["properties"]["subnets"]
    there = f"{network['id']}/subnets/{subnet['name']}"
    assert prod.one("Microsoft.Web/sites")["properties"]["virtualNetworkSubnetId"] == there
    # learn.microsoft.com/azure/azure-functions/flex-consumption-plan, "Virtual network integration"
    assert [x["properties"]["serviceName"] for x in subnet["properties"]["delegations"]] == [
        "Microsoft.App/environments"
    ]
    assert {each["service"] for each in subnet["properties"]["serviceEndpoints"]} == {
        "Microsoft.Storage", "Microsoft.AzureCosmosDB", "Microsoft.EventHub",
    }  # fmt: skip
    (data,) = [each for each in prod.of_type(STORAGE) if each["id"] == prod.leads("DATA")]
    rules = data["properties"]["networkAcls"]
    assert rules["defaultAction"] == "Deny"
    assert [each["id"] for each in rules["virtualNetworkRules"]] == [there]
    assert [each["value"] for each in rules["ipRules"]] == ["203.0.113.7", "198.51.100.0/24"]
    cosmos = prod.one(COSMOS)["properties"]
    assert cosmos["isVirtualNetworkFilterEnabled"] is True
    assert [each["id"] for each in cosmos["virtualNetworkRules"]] == [there]
    assert [each["ipAddressOrRange"] for each in cosmos["ipRules"]] == ["203.0.113.7", "198.51.100.0/24"]
    # Devices are everywhere: the hub stays open, and the subnet is let in whatever is said of devices.
    hub = prod.one(f"{NAMESPACE}/networkRuleSets")["properties"]
    assert (hub["defaultAction"], [x["subnet"]["id"] for x in hub["virtualNetworkRules"]]) == (
        "Allow",
        [there],
    )


def test_who_deleted_and_who_touched_keys_is_logged_where_it_was_asked_for(dev: Deployment) -> None:
    prod = Deployment("prod")
    found = {
        (each["id"].partition("/providers/Microsoft.Insights/")[0], log["category"])
        for each in prod.of_type("Microsoft.Insights/diagnosticSettings")
        for log in each["properties"]["logs"]
    }
    assert found == {
        (f"{prod.leads('DATA')}/blobServices/default", "StorageDelete"),
        (f"{prod.leads(HOST)}/blobServices/default", "StorageDelete"),
        (prod.leads("EVENTHUB"), "OperationalLogs"),
        (prod.leads("COSMOS"), "ControlPlaneRequests"),
    }


def test_production_survives_more_than_a_start_does(dev: Deployment) -> None:
    for name, sku, tier in (
        ("dev", "Standard_LRS", "Continuous7Days"),
        ("prod", "Standard_ZRS", "Continuous30Days"),
    ):
        found = Deployment(name)
        assert {each["sku"]["name"] for each in found.of_type(STORAGE)} == {sku}
        backup = found.one(COSMOS)["properties"]["backupPolicy"]
        assert backup == {"type": "Continuous", "continuousModeProperties": {"tier": tier}}


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


# --- who may ask --------------------------------------------------------------------------------------------
def test_without_a_parameter_keys_are_asked_for_and_devices_not_judged(dev: Deployment) -> None:
    assert dev.names("Microsoft.Web/sites/config") == {"appsettings"}
    assert not dev.of_type("Microsoft.ApiManagement/service")
    assert dev.settings["DEVICES"] == dev.settings["OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"] == ""


def test_nobody_but_the_platform_says_that_it_signs_people_in(deployment: Deployment) -> None:
    """The app believes a header then, which only App Service Authentication takes out of requests."""
    assert SWITCH not in deployment.settings
    assert SWITCH not in local_settings()


def test_people_sign_in_with_entra_id_alone_and_without_a_secret() -> None:
    prod = Deployment("prod")
    (found,) = [
        each["properties"]
        for each in prod.of_type("Microsoft.Web/sites/config")
        if each["name"].endswith("/authsettingsV2")
    ]
    assert found["platform"] == {"enabled": True}
    assert found["globalValidation"] == {
        "requireAuthentication": False, "unauthenticatedClientAction": "AllowAnonymous",
    }  # fmt: skip
    (provider,) = found["identityProviders"].values()
    asked = provider["registration"]
    assert asked["clientId"] == CLIENT
    assert "environment().authentication.loginEndpoint, tenant().tenantId" in asked["openIdIssuer"]
    assert REFERENCE.findall(prod.settings[asked["clientSecretSettingName"]]) == [
        (prod.identity, "clientId")
    ], "its own identity stands for a secret"


def test_the_key_of_the_devices_policy_is_only_ever_referred_to() -> None:
    said = Deployment("prod").settings["DEVICES"]
    assert re.fullmatch(r"@Microsoft\.KeyVault\(SecretUri=https://[^)]+\)", said)


def test_the_gateway_reads_the_app_s_description_and_every_word_of_its_policy_is_filled_in() -> None:
    prod = Deployment("prod")
    api = prod.one("Microsoft.ApiManagement/service/apis")["properties"]
    assert api["format"] == "openapi+json-link"
    assert "/api/openapi.json" in api["value"]
    policy = prod.one("Microsoft.ApiManagement/service/apis/policies")["properties"]["value"]
    words = set(re.findall(r"[A-Z]+_[A-Z]+", (ROOT / "infra" / "gateway-policy.xml").read_text()))
    assert words == {word.rstrip("/") for word in re.findall(r"'([A-Z]+_[A-Z]+/?)'", policy)}
    assert policy.endswith(f"'CLIENT_ID', '{CLIENT}')]")
    assert set(re.findall(r"<value>(.+?)</value>", policy)) == set(PEOPLE)
    assert f'calls="{PER_MINUTE}"' in policy, "a device gets no less of it than of an instance"
