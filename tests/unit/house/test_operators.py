"""An operator may do what the commands of vendctl do, and nothing else (offline)."""

import re

from tests.bicep import DEPLOYER, OPERATOR
from tests.infra import NAMESPACE, Deployment
from tests.metadata import ROOT, Wiring, built

COMMANDS = [
    path
    for path in sorted((ROOT / "vendctl").rglob("*.py"))
    if path.parent.name != "local" and path.name not in ("provision.py", "smoke.py")
]
"""Those for Azure: in Azure the Bicep files provision; the deploying identity has the smoke test's right."""


def test_the_operator_may_do_what_the_commands_do_and_nothing_else() -> None:
    wiring = Wiring(COMMANDS)
    clients = {client for path in COMMANDS for client in built(path)}
    sends = wiring.reached & {"hub_sender"} or [
        path for path in COMMANDS if "hub_producer(" in path.read_text()
    ]
    receives = [path for path in COMMANDS if "EventHubConsumerClient" in path.read_text()]
    # What vendctl itself writes lies with the host (the app's own containers are written through the wiring).
    moves = [path for path in COMMANDS if re.search(r"\.(upload_blob|set_blob_metadata)\(", path.read_text())]
    found = Deployment("prod")
    host, data = found.leads("AzureWebJobsStorage"), found.leads("DATA")
    hub = found.one(f"{NAMESPACE}/eventhubs")["id"]
    database = f"{found.leads('COSMOS')}/dbs/{found.settings['COSMOS_DATABASE']}"
    needed = {
        (host, "Storage Blob Data Contributor"): bool(moves),
        (host, "Storage Blob Data Reader"): ("blob_service", "AzureWebJobsStorage") in clients and not moves,
        (data, "Storage Blob Data Contributor"): "_blob_service" in wiring.reached,
        (data, "Storage Queue Data Contributor"): ("queue_service", "DATA") in clients,
        (database, "Cosmos DB Built-in Data Contributor"): ("cosmos_client", "COSMOS") in clients,
        (hub, "Azure Event Hubs Data Receiver"): bool(receives),
        (hub, "Azure Event Hubs Data Sender"): bool(sends),
    }
    assert found.grants(OPERATOR) == {grant for grant, so in needed.items() if so}


def test_the_deploying_identity_may_send_the_smoke_test_s_event_and_nothing_else() -> None:
    found = Deployment("prod")
    assert found.grants(DEPLOYER) == {
        (found.one(f"{NAMESPACE}/eventhubs")["id"], "Azure Event Hubs Data Sender")
    }


def test_nobody_is_given_a_right_by_default() -> None:
    """dev was compiled with nothing in the environment, prod with an operator and a deployer."""
    dev, prod = Deployment("dev"), Deployment("prod")
    assert {grant.who for grant in dev.assignments} == {dev.identity}
    assert {grant.who for grant in prod.assignments} == {prod.identity, OPERATOR, DEPLOYER}
