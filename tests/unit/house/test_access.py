"""The app's identity may do what the app does and no more; nothing else is open (tests/support/infra.py)."""

import json
import re

import pytest

from tests.support.infra import COSMOS, NAMESPACE, STORAGE, UNDELIVERED, Deployment, template
from tests.support.metadata import ROOT, Wiring, triggers, used
from vending.resources import UPLOADS

SECRETS = re.compile(
    r"listKeys\(|listAccountSas\(|AccountKey=|SharedAccessKey=|sig="
    r"|password\s*[:=](?!\s*(?:smtpPassword|readEnvironmentVariable)\b)",
    re.IGNORECASE,
)


@pytest.fixture(scope="module", params=["dev", "prod"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return Deployment(request.param)


def test_the_app_may_do_what_it_does_and_nothing_else(deployment: Deployment) -> None:
    """On the host's account Blob Data Owner is for the host itself, timers and Event Hubs, Table Data
    Contributor for diagnostic events; Queue Data Contributor would be for blob triggers and durable functions
    (learn.microsoft.com/azure/azure-functions/functions-reference, "Connecting to host storage").
    """
    host = deployment.leads("AzureWebJobsStorage")
    wiring = Wiring()
    hub, insights = deployment.one(f"{NAMESPACE}/eventhubs"), deployment.one("Microsoft.Insights/components")
    database = f"{deployment.leads('COSMOS')}/dbs/{deployment.settings['COSMOS_DATABASE']}"
    receives = bool(triggers("eventHubTrigger")) or "hub" in wiring.reached
    sends = "hub_sender" in wiring.reached or bool(triggers("eventHub"))
    needed = {
        (host, "Storage Blob Data Owner"): True,
        (host, "Storage Table Data Contributor"): True,
        (host, "Storage Queue Data Contributor"): bool(triggers("blobTrigger")),
        (insights["id"], "Monitoring Metrics Publisher"): True,
        (hub["id"], "Azure Event Hubs Data Receiver"): receives,
        (hub["id"], "Azure Event Hubs Data Sender"): sends,
        (database, "Cosmos DB Built-in Data Contributor"): "cosmos" in wiring.reached,
        (deployment.leads("DATA"), "Storage Blob Delegator"): bool(wiring.opens("uploads")),
    }
    wanted = {grant for grant, so in needed.items() if so}
    for name in wiring.opens("blobs") | wiring.opens("archive") | wiring.opens("uploads"):
        wanted.add((deployment.container("DATA", name), "Storage Blob Data Contributor"))
    taken = used("queueName")
    for name in wiring.opens("queue") | taken | {f"{queue}-poison" for queue in taken}:
        wanted.add((deployment.queue("DATA", name), "Storage Queue Data Contributor"))
    granted = deployment.grants(deployment.identity)
    assert not wanted - granted, "the app lacks these"
    assert not granted - wanted, "nothing in the app needs these"


def test_nobody_has_a_role_on_a_whole_account_but_the_host_on_its_own(deployment: Deployment) -> None:
    """On an account it would cover the keys and the package of the host, and what others put there later.

    Storage Blob Delegator can be given nowhere else, and opens nothing: what it signs opens what the signer
    may do (learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas).
    """
    host = deployment.leads("AzureWebJobsStorage")
    accounts = {each["id"] for kind in (STORAGE, COSMOS, NAMESPACE) for each in deployment.of_type(kind)}
    found = {grant for grant in deployment.assignments if grant.on in accounts}
    assert {(grant.who, grant.on) for grant in found if grant.role != "Storage Blob Delegator"} == {
        (deployment.identity, host)
    }


def test_event_grid_may_send_into_one_queue_and_keep_what_it_could_not_send(deployment: Deployment) -> None:
    assert deployment.grants(deployment.topic) == {
        (deployment.queue("DATA", UPLOADS), "Storage Queue Data Message Sender"),
        (deployment.container("DATA", UNDELIVERED), "Storage Blob Data Contributor"),
    }


def test_nobody_may_delete_a_version_in_the_archive_s_account(deployment: Deployment) -> None:
    """learn.microsoft.com/azure/storage/blobs/versioning-overview: that takes Storage Blob Data Owner."""
    data = deployment.leads("DATA")
    owners = {grant.on for grant in deployment.assignments if grant.role == "Storage Blob Data Owner"}
    assert owners == {deployment.leads("AzureWebJobsStorage")}
    (service,) = [
        each for each in deployment.of_type(f"{STORAGE}/blobServices") if each["id"].startswith(f"{data}/")
    ]
    assert service["properties"]["isVersioningEnabled"] is True
    # It would keep, and bill in full, every raw blob as it was before each append.
    assert service["properties"]["deleteRetentionPolicy"] == {"enabled": False}
    assert service["properties"]["containerDeleteRetentionPolicy"]["enabled"] is True


def test_an_assignment_s_name_says_what_it_gives(deployment: Deployment) -> None:
    """Equal names would be one assignment; a principal in the name would hide it from what-if."""
    names = [each["id"] for each in deployment.resources if "ssignments" in each["type"]]
    assert len(names) == len(set(names)) == len(deployment.assignments) == len(set(deployment.assignments))


def test_keys_are_off_wherever_devices_do_not_need_them(deployment: Deployment) -> None:
    for account in deployment.of_type(STORAGE):
        assert account["properties"]["allowSharedKeyAccess"] is False
        assert account["properties"]["allowCrossTenantReplication"] is False
    assert deployment.one(COSMOS)["properties"]["disableLocalAuth"] is True
    assert deployment.one(COSMOS)["properties"]["disableKeyBasedMetadataWriteAccess"] is True
    assert deployment.one("Microsoft.Insights/components")["properties"]["DisableLocalAuth"] is True
    workspace = deployment.one("Microsoft.OperationalInsights/workspaces")
    assert workspace["properties"]["features"]["disableLocalAuth"] is True
    policies = deployment.of_type("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {each["name"].rpartition("/")[2] for each in policies} == {"scm", "ftp"}
    assert all(each["properties"] == {"allow": False} for each in policies)
    assert deployment.one(NAMESPACE)["properties"]["disableLocalAuth"] is False
    policy = deployment.one(f"{NAMESPACE}/eventhubs/authorizationRules")
    assert policy["properties"] == {"rights": ["Send"]}


def test_nothing_is_public_and_nothing_goes_over_old_tls(deployment: Deployment) -> None:
    for account in deployment.of_type(STORAGE):
        assert account["properties"]["allowBlobPublicAccess"] is False
        assert account["properties"]["supportsHttpsTrafficOnly"] is True
        assert account["properties"]["minimumTlsVersion"] == "TLS1_2"
    for container in deployment.of_type(f"{STORAGE}/blobServices/containers"):
        assert container["properties"]["publicAccess"] == "None"
    assert deployment.one(COSMOS)["properties"]["minimalTlsVersion"] == "Tls12"
    assert deployment.one(NAMESPACE)["properties"]["minimumTlsVersion"] == "1.2"
    app = deployment.one("Microsoft.Web/sites")["properties"]
    assert app["httpsOnly"] is True
    assert app["siteConfig"] == {"minTlsVersion": "1.2", "scmMinTlsVersion": "1.2"}


def test_nothing_holds_a_secret(deployment: Deployment) -> None:
    """Webhooks' addresses and what signs are: they come as secure parameters, in no list of deployments."""
    text = json.dumps([template(), deployment.resources, deployment.outputs])
    assert not SECRETS.search(text)
    assert "hooks.example" not in text
    assert "whsec_b" not in text
    for name in ("notifyWebhookUrl", "notifyWebhookSecret", "smtpPassword", "alarmWebhookUrl"):
        assert template()["parameters"][name]["type"] == "securestring", name
    for path in (ROOT / "infra").rglob("*.bicep*"):
        assert not SECRETS.search(path.read_text()), path
