"""How far the Event Hubs functions are: the Functions host's checkpoints, metadata of empty blobs.

``{namespace}/{hub}/{consumer group}/checkpoint/{partition}``, in lower case, the namespace without a port.
The container belongs to every app of the storage account: others' blobs and other layouts are skipped.
"""

import re

from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import ContainerClient

from vending.adapters.faults import translated

CONTAINER = "azure-webjobs-eventhub"
GROUPS = {"$default": "ingest_telemetry", "archive": "archive_telemetry"}
"""Consumer group → the function that reads with it."""
NUMBER = re.compile(r"-?[0-9]+")


class HostCheckpoints:
    """The port Checkpoints, on the host's own container."""

    def __init__(self, container: ContainerClient, namespace: str, hub: str) -> None:
        self.container = container
        self.prefix = f"{namespace}/{hub}/".lower()

    async def done(self) -> dict[str, dict[str, int]]:
        """Function → partition → the last sequence number that it has done. Raises Transient.

        A checkpoint without a number (the extension writes "" where it has none) tells nothing: left out.
        """
        found: dict[str, dict[str, int]] = {function: {} for function in GROUPS.values()}
        with translated(f"{CONTAINER}: list"):
            if not await self.container.exists():
                return found
            async for blob in self.container.list_blobs(self.prefix, include=["metadata"]):
                group, kind, partition = self._place(blob)
                number = (blob.metadata or {}).get("sequencenumber") or ""
                if group in GROUPS and kind == "checkpoint" and partition and NUMBER.fullmatch(number):
                    found[GROUPS[group]][partition] = int(number)
        return found

    def _place(self, blob: BlobProperties) -> tuple[str, str, str]:
        """Group, kind and partition; three empty texts where the name has another layout."""
        parts = str(blob.name).removeprefix(self.prefix).split("/")
        return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")
