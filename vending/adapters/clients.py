"""The SDKs' asynchronous clients, built from app settings the way Functions connections are written.

A connection ``NAME`` is a connection string under ``NAME`` itself, or an address under ``NAME__…`` with an
identity: ``NAME__credential=managedidentity`` (and ``NAME__clientId`` for a user-assigned one), else
whatever DefaultAzureCredential finds. Nothing is sent before the first call. SDK retries are short: the
trigger's retry policy does the long waiting, and it keeps the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vending.adapters.metering import throttled

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.cosmos.aio import CosmosClient
    from azure.eventhub.aio import EventHubProducerClient
    from azure.storage.blob.aio import BlobServiceClient
    from azure.storage.queue.aio import QueueServiceClient

CONNECT_SECONDS, READ_SECONDS = 5, 30


def _note_throttling(response: Any) -> None:
    """Sees every answer of Cosmos DB, also those that the SDK answers by itself with another attempt."""
    if response.http_response.status_code == 429:
        throttled()


COSMOS_OPTIONS: dict[str, Any] = {
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
    "retry_throttle_total": 3,
    "retry_throttle_backoff_max": 2,
    "retry_connect": 1,
    "retry_read": 1,
    "retry_status": 1,
    "retry_backoff_factor": 0.2,
    "no_response_on_write": True,
    "enable_compact_utf8_item_writes": True,
    "raw_response_hook": _note_throttling,
}
"""429 is retried inside the SDK for two seconds at the most."""
STORAGE_OPTIONS: dict[str, Any] = {
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
    "initial_backoff": 0.5,
    "increment_base": 1,
    "random_jitter_range": 0.25,
    "retry_total": 1,
}
"""A second or two of retries; the SDK's default waits 15 seconds before the first."""


def cosmos_client(environment: Mapping[str, str], name: str) -> CosmosClient:
    """A client of the account. ``NAME`` or ``NAME__accountEndpoint``."""
    from azure.cosmos.aio import CosmosClient

    options = COSMOS_OPTIONS | {"transport": _transport(environment)}
    if text := environment.get(name):
        return CosmosClient.from_connection_string(text, **options)
    endpoint = address(environment, name, "accountEndpoint")
    return CosmosClient(endpoint, credential(environment, name), **options)


def _transport(environment: Mapping[str, str]) -> AioHttpTransport:
    """As the SDK's own, which looks for a proxy and a .netrc at every call: here only where one is set."""
    from azure.core.pipeline.transport import AioHttpTransport

    proxied = any(key.lower().endswith("_proxy") for key in environment)
    return AioHttpTransport(use_env_settings=proxied)


def blob_service(environment: Mapping[str, str], name: str) -> BlobServiceClient:
    """A client of the storage account's blobs: ``NAME``, ``__blobServiceUri``, ``__accountName``."""
    from azure.storage.blob.aio import BlobServiceClient

    if text := environment.get(name):
        return BlobServiceClient.from_connection_string(text, **STORAGE_OPTIONS)
    endpoint = storage_address(environment, name, "blob")
    return BlobServiceClient(endpoint, credential(environment, name), **STORAGE_OPTIONS)


def queue_service(environment: Mapping[str, str], name: str) -> QueueServiceClient:
    """A client of the storage account's queues: ``NAME``, ``__queueServiceUri``, ``__accountName``."""
    from azure.storage.queue.aio import QueueServiceClient

    if text := environment.get(name):
        return QueueServiceClient.from_connection_string(text, **STORAGE_OPTIONS)
    endpoint = storage_address(environment, name, "queue")
    return QueueServiceClient(endpoint, credential=credential(environment, name), **STORAGE_OPTIONS)


def hub_producer(environment: Mapping[str, str], name: str, hub: str) -> EventHubProducerClient:
    """A producer for one hub. ``NAME`` or ``NAME__fullyQualifiedNamespace``."""
    from azure.eventhub.aio import EventHubProducerClient

    options: dict[str, Any] = {"eventhub_name": hub, "retry_total": 3, "retry_backoff_max": 5}
    if text := environment.get(name):
        return EventHubProducerClient.from_connection_string(text, **options)
    namespace = address(environment, name, "fullyQualifiedNamespace")
    return EventHubProducerClient(namespace, credential=credential(environment, name), **options)


def hub_namespace(environment: Mapping[str, str], name: str) -> str:
    """The host of an Event Hubs connection, without a port. Raises ValueError where it names none."""
    if not (text := environment.get(name)):
        return address(environment, name, "fullyQualifiedNamespace").lower()
    for part in text.split(";"):
        key, _, value = part.partition("=")
        if key.strip().lower() == "endpoint" and (host := urlsplit(value.strip()).hostname):
            return host
    raise ValueError(f"app setting {name} is no connection string of Event Hubs: it has no Endpoint=sb://…")


def credential(environment: Mapping[str, str], name: str) -> AsyncTokenCredential:
    """The identity of a connection. Raises ValueError for a kind that is not supported."""
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    kind, client = environment.get(f"{name}__credential"), environment.get(f"{name}__clientId")
    if kind not in (None, "", "managedidentity"):
        raise ValueError(f"app setting {name}__credential is {kind!r}; only managedidentity is supported")
    if kind == "managedidentity":
        return ManagedIdentityCredential(client_id=client or None)
    return DefaultAzureCredential(**({"managed_identity_client_id": client} if client else {}))


def address(environment: Mapping[str, str], name: str, part: str) -> str:
    """``NAME__part``. Raises ValueError that names the two settings of which one is needed."""
    found = environment.get(f"{name}__{part}")
    if not found:
        raise ValueError(f"set app setting {name} (a connection string) or {name}__{part} (an identity's)")
    return found


def storage_address(environment: Mapping[str, str], name: str, service: str) -> str:
    """The address of a storage service."""
    account = environment.get(f"{name}__accountName")
    if account and not environment.get(f"{name}__{service}ServiceUri"):
        return f"https://{account}.{service}.core.windows.net"
    return address(environment, name, f"{service}ServiceUri")
