"""How far the Event Hubs functions are: the Functions host's checkpoints, metadata of empty blobs.

``{namespace}/{hub}/{consumer group}/checkpoint/{partition}``, in lower case.
"""

from azure.storage.blob.aio import ContainerClient

from vending.adapters.faults import translated

CONTAINER = "azure-webjobs-eventhub"
GROUPS = {"$default": "ingest_telemetry", "archive": "archive_telemetry"}
"""Consumer group → the function that reads with it."""


class HostCheckpoints:
    """The port Checkpoints, on the host's own container."""

    def __init__(self, container: ContainerClient, hub: str) -> None:
        self.container = container
        self.hub = hub

    async def done(self) -> dict[str, dict[str, int]]:
        """Function → partition → the last sequence number that it has done. Raises Transient."""
        found: dict[str, dict[str, int]] = {function: {} for function in GROUPS.values()}
        with translated(f"{CONTAINER}: list"):
            if not await self.container.exists():
                return found
            async for blob in self.container.list_blobs(include=["metadata"]):
                _, hub, group, kind, partition = blob.name.split("/")
                if (hub, kind) == (self.hub.lower(), "checkpoint") and group in GROUPS:
                    found[GROUPS[group]][partition] = int(blob.metadata["sequencenumber"])
        return found
