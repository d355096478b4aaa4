"""Receipts: a version of a blob is enqueued once for a function, whoever finds it and however often.

Source: Azure/azure-sdk-for-net BlobTriggerExecutor, BlobReceiptManager, BlobReceipt: an empty blob
``azure-webjobs-hosts/blobreceipts/{hostId}/{functionId}/"{etag}"/{container}/{blob}`` is made with the
metadata ``Incomplete`` and leased, then the message is enqueued, then the metadata are emptied.
"""

from enum import Enum

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient
from azure.storage.queue.aio import QueueClient

from devstack.functions.listeners.blob_message import BlobMessage
from devstack.functions.listeners.wakes import Wakes
from devstack.functions.storage import HOSTS, Storage

_LEASE = 30
_INCOMPLETE = "Incomplete"
_LEASED = ("LeaseIdMissing", "LeaseAlreadyPresent")


class Receipt(Enum):
    """How an attempt to enqueue a version ended."""

    ENQUEUED = "enqueued now"
    COMPLETE = "enqueued before"
    TAKEN = "another host is at it: look again"


class Receipts:
    """Enqueues versions of blobs into the host's internal queue."""

    def __init__(self, storage: Storage, host_id: str, queue: QueueClient, wakes: Wakes) -> None:
        self._storage = storage
        self._root = f"blobreceipts/{host_id}"
        self._queue = queue
        self._wakes = wakes

    async def enqueue(self, message: BlobMessage) -> Receipt:
        """Once for each function and version. A host that ends in between leaves the receipt incomplete, and
        the version is enqueued again: twice rather than not at all.
        """
        hosts = await self._storage.container(HOSTS)
        path = f"{self._root}/{message.function_id}/{message.etag}/{message.container}/{message.name}"
        receipt = hosts.get_blob_client(path)
        known = await _complete(receipt)
        if known:
            return Receipt.COMPLETE
        try:
            if known is None:
                await receipt.upload_blob(b"", overwrite=False, metadata={_INCOMPLETE: _INCOMPLETE})
            lease = await receipt.acquire_lease(_LEASE)
        except (ResourceExistsError, ResourceNotFoundError):
            return Receipt.TAKEN
        except HttpResponseError as error:
            if str(error.error_code) not in _LEASED:  # type: ignore[attr-defined]
                raise
            return Receipt.TAKEN
        try:
            if await _complete(receipt):
                return Receipt.COMPLETE
            await self._queue.send_message(message.encoded())
            self._wakes.notify(str(self._queue.queue_name))
            await receipt.set_blob_metadata({}, lease=lease)
        finally:
            await lease.release()
        return Receipt.ENQUEUED


async def _complete(receipt: BlobClient) -> bool | None:
    """Whether the receipt says that the version is enqueued; None when there is no receipt."""
    try:
        metadata = (await receipt.get_blob_properties()).metadata or {}
    except ResourceNotFoundError:
        return None
    return _INCOMPLETE.lower() not in {name.lower() for name in metadata}
