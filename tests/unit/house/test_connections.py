"""The app settings that are deployed: all that the code reads, and connections that lead where they must."""

import re
from collections.abc import Mapping

import pytest

from tests.support.infra import COSMOS, IDENTITY, NAMESPACE, STORAGE, Deployment, same
from tests.support.metadata import ROOT, bindings, placeholders, resolved, triggers, used
from vending.adapters.clients import blob_service, cosmos_client, hub_producer, queue_service
from vending.settings import CONNECTIONS, Settings

HOST = "AzureWebJobsStorage"
PLATFORM = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "AzureFunctionsJobHost__telemetryMode",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
}
"""Settings that the platform reads, not our code."""
ADDRESSES = {
    HOST: {"accountName"},
    "EVENTHUB": {"fullyQualifiedNamespace"},
    "COSMOS": {"accountEndpoint"},
    "DATA": {"blobServiceUri", "queueServiceUri"},
}
"""Connection → the parts that address it (learn.microsoft.com/azure/azure-functions/functions-reference)."""
HOLDS = {HOST: STORAGE, "EVENTHUB": NAMESPACE, "COSMOS": COSMOS, "DATA": STORAGE}
"""Connection → the type of the resource that it leads to."""


@pytest.fixture(scope="module", params=["dev", "prod"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return Deployment(request.param)


def test_the_app_gets_every_setting_that_it_reads_and_no_other(deployment: Deployment) -> None:
    of_code = {name.upper() for name in Settings.__dataclass_fields__}
    parts = {
        f"{connection}__{part}"
        for connection, addresses in ADDRESSES.items()
        for part in addresses | {"credential", "clientId"}
    }
    same(set(deployment.settings), of_code | placeholders() | parts | PLATFORM, "app settings")
    Settings.read(deployment.environment)


def section(settings: Mapping[str, str], name: str) -> set[str]:
    """The settings that the platform takes for a connection: ``AzureWebJobs{name}`` before the name itself,
    as one value or as all that stand under it, in any letter case (``GetWebJobsConnectionStringSection``).
    """
    for asked in (f"AzureWebJobs{name}".casefold(), name.casefold()):
        found = {x for x in settings if x.casefold() == asked or x.casefold().startswith(f"{asked}__")}
        if found:
            return found
    return set()


def test_each_function_s_connection_is_the_one_that_is_meant(deployment: Deployment) -> None:
    """The data account's connection once was STORAGE: on the platform that is the host's account."""
    bound = {str(binding["connection"]) for binding in bindings() if binding.get("connection")}
    assert bound == set(CONNECTIONS)
    for name in bound:
        wanted = {f"{name}__{part}" for part in ADDRESSES[name] | {"credential", "clientId"}}
        assert section(deployment.settings, name) == wanted, name
    assert section(deployment.settings, "Storage") == {
        x for x in deployment.settings if x.startswith(f"{HOST}__")
    }
    assert section(deployment.settings, "STORAGE") == section(deployment.settings, "Storage")


def test_connections_lead_to_resources_of_their_kind_and_to_two_accounts(deployment: Deployment) -> None:
    led = {name: deployment.leads(name) for name in ADDRESSES}
    assert len(set(led.values())) == len(led)
    for name, there in led.items():
        assert there in {each["id"] for each in deployment.of_type(HOLDS[name])}, name
    queues = {resolved(x["queueName"], deployment.settings) for x in triggers("queueTrigger")}
    assert queues <= deployment.under(led["DATA"], f"{STORAGE}/queueServices/queues")


def test_every_connection_has_an_identity_and_no_key(deployment: Deployment) -> None:
    assert set(CONNECTIONS) | used("connection") < ADDRESSES.keys()
    client = deployment.settings[f"{HOST}__clientId"]
    assert (
        client == f"[reference('{deployment.identity}', '{deployment.one(IDENTITY)['apiVersion']}').clientId]"
    )
    for connection in ADDRESSES:
        assert deployment.settings[f"{connection}__credential"] == "managedidentity"
        assert deployment.settings[f"{connection}__clientId"] == client
    assert list(deployment.one("Microsoft.Web/sites")["identity"]["userAssignedIdentities"]) == [
        deployment.identity
    ]


async def test_the_wiring_builds_its_clients_from_these_settings(deployment: Deployment) -> None:
    environment = deployment.environment
    for client in (
        cosmos_client(environment, "COSMOS"),
        blob_service(environment, "DATA"),
        queue_service(environment, "DATA"),
        hub_producer(environment, "EVENTHUB", environment["TELEMETRY_HUB"]),
        blob_service(environment, HOST),
    ):
        await client.close()


def test_schedules_are_six_fields(deployment: Deployment) -> None:
    names = [found["schedule"] for found in triggers("timerTrigger")]
    assert len(names) >= 3
    for name in names:
        assert len(resolved(name, deployment.settings).split()) == 6


def test_outputs_are_the_environment_of_the_commands(deployment: Deployment) -> None:
    """`azd env get-values` is what vendctl reads: addresses and names, each as the app has it."""
    for name, value in deployment.outputs.items():
        if name in deployment.settings:
            assert value == deployment.settings[name], name
    assert deployment.outputs["DATA__accountName"] == deployment.leads("DATA").rpartition("/")[2]
    assert deployment.outputs["AZURE_FUNCTION_APP"] == deployment.one("Microsoft.Web/sites")["name"]
    listed = re.search(r"^for name in ([^;]+);", (ROOT / "docs" / "deploy.md").read_text(), re.MULTILINE)
    assert listed
    same(
        set(listed[1].replace("\\", "").split()),
        set(deployment.outputs),
        "outputs that docs/deploy.md exports",
    )
    addresses = {name: next(iter(parts)) for name, parts in ADDRESSES.items()} | {"DATA": "accountName"}
    assert {f"{name}__{part}" for name, part in addresses.items()} <= deployment.outputs.keys()
