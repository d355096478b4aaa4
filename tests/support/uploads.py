"""What Event Grid writes of an upload (learn.microsoft.com/azure/event-grid/event-schema-blob-storage)."""

import base64
import json
from typing import Any

NAME = "dex/m-1/2026-03-02/" + "0" * 31 + "1"


def created(name: str = NAME, etag: str = "0x8D4BCC2E4835CD0", size: int = 5, **more: Any) -> dict[str, Any]:
    """The event of a written blob."""
    return {
        "topic": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/stdata",
        "subject": f"/blobServices/default/containers/uploads/blobs/{name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "id": "831e1650-001e-001b-66ab-eeb76e069631",
        "data": {
            "api": "PutBlob",
            "clientRequestId": "6d79dbfb-0e37-4fc4-981f-442c9ca65760",
            "requestId": "831e1650-001e-001b-66ab-eeb76e000000",
            "eTag": etag,
            "contentType": "text/plain",
            "contentLength": size,
            "blobType": "BlockBlob",
            "accessTier": "Default",
            "url": f"https://stdata.blob.core.windows.net/uploads/{name}",
            "sequencer": "00000000000004420000000000028963",
            "storageDiagnostics": {"batchId": "b68529f3-68cd-4744-baa4-3c0498ec19f0"},
        },
        "dataVersion": "",
        "metadataVersion": "1",
        "eventTime": "2026-03-02T18:41:00.9584103Z",
    } | more


def message(event: dict[str, Any]) -> bytes:
    """The queue's message, as the trigger hands it over."""
    return json.dumps(event).encode()


def stored(event: dict[str, Any]) -> bytes:
    """The same as it lies in the queue."""
    return base64.b64encode(message(event))
