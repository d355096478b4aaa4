"""Ownership and checkpoints in the platform's blob layout, through the SDK's own store.

Source: azure-sdk-for-net BlobCheckpointStoreInternal. Names carry the bare host (the Python SDK puts the port
of an emulator into them); a checkpoint also names the client that wrote it; one without an offset is read by
its sequence number, which is how an operator moves a partition.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore

from devstack.functions.listeners.event_hub_settings import CONTAINER
from devstack.functions.storage import IMPATIENT

type Entry = dict[str, Any]
"""An ownership or a checkpoint, as the SDK hands it around."""


class SequenceNumber(int):
    """A place after this sequence number. True also at 0: the SDK asks whether there is a place."""

    def __bool__(self) -> bool:
        return True


class CheckpointStore(BlobCheckpointStore):
    """``balanced`` is called when the first round of balancing is over; ``written`` tells when each
    checkpoint was, as last read.
    """

    balanced: Callable[[], None] | None = None
    written: dict[str, datetime]
    _client_identifier = ""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self.written = {}

    async def claim_ownership(self, ownership_list: Iterable[Entry], **options: Any) -> Iterable[Entry]:
        """Claim; the owner is also the client that checkpoints name."""
        asked = [_bare(one) for one in ownership_list]
        if asked:
            self._client_identifier = str(asked[0]["owner_id"])
        claimed: Iterable[Entry] = await super().claim_ownership(asked, **options)
        self._tell()
        return claimed

    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **options: Any
    ) -> Iterable[Entry]:
        """Who owns what."""
        host = _host(fully_qualified_namespace)
        found = list(await super().list_ownership(host, eventhub_name, consumer_group, **options))
        if found:
            # Somebody owns partitions already: there may be none left to claim, and that is fine.
            asyncio.get_running_loop().call_later(0.5, self._tell)
        return found

    async def update_checkpoint(self, checkpoint: Entry, **options: Any) -> None:
        """Write one, with its client's identifier."""
        metadata = {
            "offset": str(checkpoint["offset"]),
            "sequencenumber": str(checkpoint["sequence_number"]),
            "clientidentifier": self._client_identifier,
        }
        group = (_host(checkpoint["fully_qualified_namespace"]), checkpoint["eventhub_name"],
                 checkpoint["consumer_group"])  # fmt: skip
        blob = self._get_blob_client(f"{_folder(*group)}{checkpoint['partition_id']}")
        try:
            await blob.set_blob_metadata(metadata, **options)
        except ResourceNotFoundError:
            await blob.upload_blob(b"", overwrite=True, metadata=metadata)

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **options: Any
    ) -> Iterable[Entry]:
        """The places of a consumer group. Blobs that hold none count as no checkpoint."""
        group = (_host(fully_qualified_namespace), eventhub_name, consumer_group)
        found = []
        blobs = self._container_client.list_blobs(
            name_starts_with=_folder(*group), include=["metadata"], **options
        )
        async for blob in blobs:
            metadata = {name.lower(): value for name, value in (blob.metadata or {}).items()}
            number = _number(metadata.get("sequencenumber"))
            offset: Any = metadata.get("offset") or (SequenceNumber(number) if number is not None else None)
            if offset is None:
                continue
            partition = blob.name.rpartition("/")[2]
            self.written[partition] = blob.last_modified
            found.append({
                "fully_qualified_namespace": fully_qualified_namespace, "eventhub_name": eventhub_name,
                "consumer_group": consumer_group, "partition_id": partition,
                "sequence_number": number, "offset": offset,
            })  # fmt: skip
        return found

    def _tell(self) -> None:
        if self.balanced is not None:
            self.balanced()


def checkpoint_store(connection: str) -> CheckpointStore:
    """The store of a host, in a storage account. Raises ValueError for no connection string."""
    store = CheckpointStore.from_connection_string(connection, CONTAINER, **IMPATIENT)
    assert isinstance(store, CheckpointStore)  # the SDK types it as its base
    return store


def _number(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


def _host(name: str) -> str:
    return name.partition(":")[0]


def _folder(host: str, hub: str, group: str) -> str:
    return f"{host}/{hub}/{group}/checkpoint/".lower()


def _bare(entry: Entry) -> Entry:
    entry["fully_qualified_namespace"] = _host(entry["fully_qualified_namespace"])
    return entry
