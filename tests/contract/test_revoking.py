"""Event Hubs' list of revoked publishers, by REST: who may add to it, what is told, what a repetition does.

The local server answers as learn.microsoft.com/rest/api/eventhub/revoke-publisher says.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest
from azure.core.credentials import AccessToken, AzureSasCredential
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from devstack.tests.eventhubs.serving import Served, connection_string, serving
from tests.support.backends import LOCAL
from vendctl import revoking
from vendctl.credentials import credentials
from vendctl.revoking import SCOPE, RevokedPublishers
from vending.errors import Transient
from vending.events.publishers import Publisher

POLICIES = [
    {"name": "RootManageSharedAccessKey", "key": "SAS_KEY_VALUE", "rights": ["Manage"]},
    {"name": "devices", "key": "k+/=", "rights": ["Send"], "entity": "telemetry"},
]
BOARD = Publisher("Dev_1", "vm.1-", 3)
"""Its name has every kind of character."""

pytestmark = pytest.mark.skipif(
    not LOCAL, reason="the hub's policies are given to the local stack's own server"
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("revoking")
    (folder / "policies.json").write_text(json.dumps(POLICIES))
    with serving(folder, "--policies", str(folder / "policies.json")) as server:
        yield server


def listed(
    port: int, policy: str = "RootManageSharedAccessKey", key: str = "SAS_KEY_VALUE"
) -> RevokedPublishers:
    return RevokedPublishers({"EVENTHUB": connection_string(port, policy, key)}, "telemetry")


def send(hub: Served, board: Publisher) -> None:
    devices = f"Endpoint=sb://localhost:{hub.port}/;SharedAccessKeyName=devices;SharedAccessKey=k+/="
    own = credentials(devices, "telemetry", board, datetime.now(UTC) + timedelta(days=1))
    client = EventHubProducerClient(
        own["host"], own["target"], AzureSasCredential(own["token"]), use_tls=False, retry_total=0
    )
    with client:
        client.send_batch([EventData("x")])


async def test_a_revoked_board_sends_no_more_and_the_next_credentials_do(hub: Served) -> None:
    send(hub, BOARD)
    for _ in range(2):
        await listed(hub.port).add("1_._dev__1_.vm.1-_.3")
    with pytest.raises(EventHubError, match="is revoked"):
        send(hub, BOARD)
    send(hub, BOARD._replace(epoch=4))


async def test_a_policy_that_may_not_manage_the_hub_is_told_so(hub: Served) -> None:
    with pytest.raises(ValueError, match=r"did not revoke dev-2: 401 .*'Manage'.*EVENTHUB must be allowed"):
        await listed(hub.port, "devices", "k+/=").add("dev-2")
    send(hub, Publisher("dev-2", "vm-2", 1))


async def test_a_hub_that_does_not_answer_can_be_asked_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        port = server.port
    with pytest.raises(Transient, match="did not revoke dev-3"):
        await listed(port).add("dev-3")


class Identity:
    """What DefaultAzureCredential would be."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def get_token(self, scope: str) -> AccessToken:
        assert scope == SCOPE
        return AccessToken("e.y.J", 0)


async def test_in_azure_an_identity_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The header is Bearer, as publisher-policy-operations says."""
    monkeypatch.setattr(revoking, "credential", lambda _environment, _name: Identity())
    there = {"EVENTHUB__fullyQualifiedNamespace": "x.servicebus.windows.net"}
    found = await RevokedPublishers(there, "telemetry")._access()
    assert found == ("https://x.servicebus.windows.net", "Bearer e.y.J")


async def test_the_connection_says_where() -> None:
    local = "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
    assert (await RevokedPublishers({"EVENTHUB": local}, "t")._access())[0] == "http://localhost:5672"
    cloud = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b"
    assert (await RevokedPublishers({"EVENTHUB": cloud}, "t")._access())[
        0
    ] == "https://x.servicebus.windows.net"
    with pytest.raises(ValueError, match="EVENTHUB is no connection string"):
        await RevokedPublishers({"EVENTHUB": "x"}, "t")._access()
