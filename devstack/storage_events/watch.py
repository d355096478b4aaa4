"""A container is listed again and again; each version of a blob that was not there before is told once.

As with the service, what was told may be told again after a crash, and the order is none to rely on. Unlike
there, a version that another one replaces between two looks is not told.
"""

import base64
import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobProperties, ContainerClient
from azure.storage.queue import QueueClient

FOR_EVER = -1


def event(container: ContainerClient, blob: BlobProperties) -> dict[str, Any]:
    """``Microsoft.Storage.BlobCreated`` in Event Grid's own schema.

    Source: learn.microsoft.com/azure/event-grid/event-schema-blob-storage. What a listing does not say (the
    operation, the requests' ids) is made up.
    """
    etag = str(blob.etag).strip('"')
    modified: datetime = blob.last_modified
    return {
        "topic": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/"
        f"Microsoft.Storage/storageAccounts/{container.account_name}",
        "subject": f"/blobServices/default/containers/{container.container_name}/blobs/{blob.name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{container.url}/{blob.name}?{etag}")),
        "data": {
            "api": "PutBlob",
            "requestId": str(uuid.uuid4()),
            "eTag": etag,
            "contentType": blob.content_settings.content_type,
            "contentLength": blob.size,
            "blobType": "BlockBlob",
            "accessTier": "Default",
            "url": f"{container.url}/{blob.name}",
            "sequencer": f"{int(modified.timestamp() * 1000):032x}",
        },
        "dataVersion": "",
        "metadataVersion": "1",
        "eventTime": modified.isoformat().replace("+00:00", "Z"),
    }


class Watcher:
    """What was told, kept in a file between runs."""

    def __init__(self, container: ContainerClient, queue: QueueClient, file: Path) -> None:
        self._container = container
        self._queue = queue
        self._file = file
        self._told: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def look(self) -> list[str]:
        """Tell what is new; the names. Raises AzureError while the store is away: nothing is forgotten."""
        there: dict[str, str] = {}
        new: list[str] = []
        for blob in self._container.list_blobs():
            there[blob.name] = str(blob.etag)
            if self._told.get(blob.name) != there[blob.name]:
                self._send(event(self._container, blob))
                self._told[blob.name] = there[blob.name]
                new.append(blob.name)
        if there != self._told or new:
            self._told = there
            self._save()
        return new

    def _send(self, told: dict[str, Any]) -> None:
        """In base64, as Event Grid does and the Functions queue trigger expects."""
        text = base64.b64encode(json.dumps(told).encode()).decode()
        self._queue.send_message(text, time_to_live=FOR_EVER)

    def _save(self) -> None:
        draft = self._file.with_name(self._file.name + ".tmp")
        draft.write_text(json.dumps(self._told))
        draft.replace(self._file)
