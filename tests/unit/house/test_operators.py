"""An operator may do what the commands of vendctl do, and nothing else (offline)."""

import re

from tests.bicep import DEPLOYER, OPERATOR, READER
from tests.support.infra import NAMESPACE, STORAGE, Deployment
from tests.support.metadata import ROOT, Wiring, built
from vending.adapters.checkpoints import CONTAINER

COMMANDS = [
    path
    for path in sorted((ROOT / "vendctl").rglob("*.py"))
    if path.parent.name != "local" and path.name not in ("provision.py", "smoke.py")
]
"""Those for Azure: in Azure the Bicep files provision; the deploying identity has the smoke test's right."""


def test_the_operator_may_do_what_the_commands_do_and_nothing_else() -> None:
    found = Deployment("prod")
    assert found.grants(OPERATOR) == needed(found)


def needed(found: Deployment) -> set[tuple[str, str]]:
    """What the commands do, as (id, role)."""
    wiring = Wiring(COMMANDS)
    clients = {client for path in COMMANDS for client in built(path)}
    sends = wiring.reached & {"hub_sender"} or [
        path for path in COMMANDS if "hub_producer(" in path.read_text()
    ]
    receives = [path for path in COMMANDS if "EventHubConsumerClient" in path.read_text()]
    # What vendctl itself writes lies with the host (the app's own containers are written through the wiring).
    moves = [path for path in COMMANDS if re.search(r"\.(upload_blob|set_blob_metadata)\(", path.read_text())]
    messages = [path for path in COMMANDS if re.search(r"\.(send|receive|delete)_message", path.read_text())]
    hub = found.one(f"{NAMESPACE}/eventhubs")["id"]
    checkpoints = found.container("AzureWebJobsStorage", CONTAINER)
    database = f"{found.leads('COSMOS')}/dbs/{found.settings['COSMOS_DATABASE']}"
    roles = {
        (checkpoints, "Storage Blob Data Contributor"): bool(moves),
        (checkpoints, "Storage Blob Data Reader"): ("blob_service", "AzureWebJobsStorage") in clients
        and not moves,
        (database, "Cosmos DB Built-in Data Contributor"): ("cosmos_client", "COSMOS") in clients,
        (hub, "Azure Event Hubs Data Receiver"): bool(receives),
        (hub, "Azure Event Hubs Data Sender"): bool(sends),
    }
    for name in wiring.opens("blobs") | wiring.opens("archive"):
        roles[(found.container("DATA", name), "Storage Blob Data Contributor")] = True
    for name in found.under(found.leads("DATA"), f"{STORAGE}/queueServices/queues"):
        role = "Storage Queue Data Contributor" if messages else "Storage Queue Data Reader"
        roles[(found.queue("DATA", name), role)] = ("queue_service", "DATA") in clients
    return {grant for grant, so in roles.items() if so}


def test_a_reader_may_look_at_what_an_operator_may_change_and_send_nothing() -> None:
    looks = {
        "Storage Blob Data Contributor": "Storage Blob Data Reader",
        "Cosmos DB Built-in Data Contributor": "Cosmos DB Built-in Data Reader",
    }
    found = Deployment("prod")
    assert found.grants(READER) == {
        (on, looks.get(role, role)) for on, role in found.grants(OPERATOR) if not role.endswith("Sender")
    }
    assert not [role for _, role in found.grants(READER) if re.search("Contributor|Owner|Sender", role)]


def test_nobody_but_the_host_reaches_its_keys_and_the_deployed_package() -> None:
    found = Deployment("prod")
    host = found.leads("AzureWebJobsStorage")
    assert {grant.on for grant in found.assignments if grant.on.startswith(host)} == {
        host,
        found.container("AzureWebJobsStorage", CONTAINER),
    }


def test_the_deploying_identity_may_send_the_smoke_test_s_event_and_nothing_else() -> None:
    found = Deployment("prod")
    assert found.grants(DEPLOYER) == {
        (found.one(f"{NAMESPACE}/eventhubs")["id"], "Azure Event Hubs Data Sender")
    }


def test_nobody_is_given_a_right_by_default() -> None:
    """dev was compiled with nothing in the environment, prod with an operator, a reader and a deployer."""
    dev, prod = Deployment("dev"), Deployment("prod")
    services = {prod.identity, prod.topic}
    assert {grant.who for grant in dev.assignments} == {dev.identity, dev.topic}
    assert {grant.who for grant in prod.assignments} == services | {OPERATOR, READER, DEPLOYER}
