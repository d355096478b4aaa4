"""Connections as app settings: a connection string, or an address with an identity."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from vending.adapters.clients import (
    blob_service,
    cosmos_client,
    credential,
    hub_namespace,
    hub_producer,
    queue_service,
)

KEY = "c2VjcmV0"
BUILDERS: dict[str, Callable[[dict[str, str]], Any]] = {
    "cosmos": lambda environment: cosmos_client(environment, "X"),
    "blob": lambda environment: blob_service(environment, "X"),
    "queue": lambda environment: queue_service(environment, "X"),
    "hub": lambda environment: hub_producer(environment, "X", "telemetry"),
}
STORAGE = f"AccountName=a;AccountKey={KEY};EndpointSuffix=core.windows.net"


@pytest.mark.parametrize(
    ("kind", "environment"),
    [
        ("cosmos", {"X": f"AccountEndpoint=https://a.documents.azure.com/;AccountKey={KEY};"}),
        ("cosmos", {"X__accountEndpoint": "https://a.documents.azure.com/"}),
        ("blob", {"X": STORAGE}),
        ("blob", {"X": "UseDevelopmentStorage=true"}),
        ("blob", {"X__blobServiceUri": "https://a.blob.core.windows.net"}),
        ("blob", {"X__accountName": "a", "X__credential": "managedidentity", "X__clientId": "7"}),
        ("queue", {"X": STORAGE}),
        ("queue", {"X": "UseDevelopmentStorage=true"}),
        ("queue", {"X__queueServiceUri": "https://a.queue.core.windows.net"}),
        ("queue", {"X__accountName": "a"}),
        ("hub", {"X": "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=s"}),
        ("hub", {"X__fullyQualifiedNamespace": "a.servicebus.windows.net"}),
    ],
)
async def test_a_client_is_built_without_a_request(kind: str, environment: dict[str, str]) -> None:
    client = BUILDERS[kind](environment)
    close: Callable[[], Awaitable[None]] = client.close
    await close()


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("cosmos", "accountEndpoint"),
        ("blob", "blobServiceUri"),
        ("queue", "queueServiceUri"),
        ("hub", "fullyQualifiedNamespace"),
    ],
)
def test_a_missing_connection_names_both_settings(kind: str, part: str) -> None:
    with pytest.raises(ValueError, match=rf"setting X \(a connection string\) or X__{part}"):
        BUILDERS[kind]({"X": ""})


def test_an_account_name_is_an_address() -> None:
    client = blob_service({"X__accountName": "vend"}, "X")
    assert client.url == "https://vend.blob.core.windows.net/"


def test_the_kind_of_identity() -> None:
    assert isinstance(credential({}, "X"), DefaultAzureCredential)
    assert isinstance(credential({"X__clientId": "7"}, "X"), DefaultAzureCredential)
    assert isinstance(credential({"X__credential": "managedidentity"}, "X"), ManagedIdentityCredential)
    with pytest.raises(ValueError, match="X__credential is 'certificate'"):
        credential({"X__credential": "certificate"}, "X")


@pytest.mark.parametrize(
    ("environment", "namespace"),
    [
        ({"X": "Endpoint=sb://Fleet.example/;SharedAccessKeyName=n;SharedAccessKey=s="}, "fleet.example"),
        ({"X": "SharedAccessKeyName=n; endpoint=sb://localhost:5672;EntityPath=h"}, "localhost"),
        ({"X__fullyQualifiedNamespace": "Fleet.example"}, "fleet.example"),
    ],
)
def test_a_hubs_namespace_is_what_the_host_names_its_checkpoints_by(
    environment: dict[str, str], namespace: str
) -> None:
    """``Endpoint.Host`` of the connection string, lower case (EventProcessorHost of the extension)."""
    assert hub_namespace(environment, "X") == namespace


def test_a_hub_connection_without_a_namespace_is_named() -> None:
    with pytest.raises(ValueError, match="app setting X is no connection string of Event Hubs"):
        hub_namespace({"X": "UseDevelopmentStorage=true"}, "X")
    with pytest.raises(ValueError, match="X__fullyQualifiedNamespace"):
        hub_namespace({}, "X")
