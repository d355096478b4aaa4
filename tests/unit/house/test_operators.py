"""An operator may do what the commands of vendctl do, and nothing else (offline)."""

from tests.infra import Infra
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
    needed = {
        ("hostStorage", "storageBlobDataReader"): ("blob_service", "AzureWebJobsStorage") in clients,
        ("storage", "storageBlobDataContributor"): "_blob_service" in wiring.reached,
        ("storage", "storageQueueDataContributor"): ("queue_service", "DATA") in clients,
        ("cosmos", "cosmosDataContributor"): ("cosmos_client", "COSMOS") in clients,
        ("hub", "eventHubsDataReceiver"): bool(receives),
        ("hub", "eventHubsDataSender"): bool(sends),
    }
    assert Infra().grants("peopleRoles") == {grant for grant, so in needed.items() if so}


def test_nobody_is_given_a_right_by_default() -> None:
    infra = Infra()
    assert (infra.main.params["operatorId"], infra.main.params["deployerId"]) == ("", "")
    people = infra.modules["peopleRoles"]
    for resource in people.resources:
        if not resource.existing:
            principal = resource.body["properties"]["principalId"]
            assert resource.condition == f"(!empty({principal}))", resource.symbol
