"""The SDKs' clients, one for each account, and the adapters on what lies in them by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vending import resources
from vending.wiring.once import once
from vending.wiring.process import settings

if TYPE_CHECKING:
    from vending.adapters.archive_blobs import ArchiveContainer
    from vending.adapters.blobs import BlobContainer
    from vending.adapters.cosmos import CosmosDocuments
    from vending.adapters.queues import StorageQueue
    from vending.adapters.upload_blobs import UploadContainer


@once
def container(name: str) -> CosmosDocuments:
    """A Cosmos DB container of ``vending/resources.py``."""
    from vending.adapters.cosmos import CosmosDocuments

    key_field = resources.CONTAINERS[name].removeprefix("/")
    database = cosmos().get_database_client(settings().cosmos_database)
    return CosmosDocuments(database.get_container_client(name), key_field)


@once
def blobs(name: str) -> BlobContainer:
    """A blob container."""
    from vending.adapters.blobs import BlobContainer

    return BlobContainer(blob_service().get_container_client(name))


@once
def archive(name: str) -> ArchiveContainer:
    """A blob container, as the archive writes it."""
    from vending.adapters.archive_blobs import ArchiveContainer

    return ArchiveContainer(blob_service().get_container_client(name))


@once
def uploads(name: str) -> UploadContainer:
    """A blob container that people write into."""
    from vending.adapters.upload_blobs import UploadContainer

    return UploadContainer(blob_service(), name)


@once
def queue(name: str) -> StorageQueue:
    """A Storage queue."""
    from vending.adapters.queues import StorageQueue

    return StorageQueue(queue_service().get_queue_client(name))


@once
def cosmos() -> Any:
    """The Cosmos DB account."""
    from vending.adapters.clients import cosmos_client

    return cosmos_client(os.environ, "COSMOS")


@once
def blob_service() -> Any:
    """The blobs of the app's own storage account."""
    from vending.adapters.clients import blob_service

    return blob_service(os.environ, "DATA")


@once
def queue_service() -> Any:
    """The queues of the app's own storage account."""
    from vending.adapters.clients import queue_service

    return queue_service(os.environ, "DATA")


@once
def host_storage() -> Any:
    """The blobs of the storage account of the Functions host."""
    from vending.adapters.clients import blob_service

    return blob_service(os.environ, "AzureWebJobsStorage")


def telemetry_producer() -> Any:
    """A client of the telemetry hub, for whoever owns and closes it."""
    from vending.adapters.clients import hub_producer

    return hub_producer(os.environ, "EVENTHUB", settings().telemetry_hub)
