"""The Functions host's checkpoints and ownerships: metadata of empty blobs, read, and checkpoints moved.

``{namespace}/{hub}/{consumer group}/checkpoint|ownership/{partition}``, in lower case, the namespace without
port (BlobCheckpointStoreInternal of the .NET SDK).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.storage.blob.aio import ContainerClient

from vending.adapters.checkpoints import GROUPS
from vending.adapters.clients import address
from vending.adapters.faults import translated
from vending.settings import Settings


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a function is in a partition. ``sequence`` is -1 without a blob, or where it tells none."""

    group: str
    partition: str
    sequence: int = -1
    offset: str = ""
    moved: datetime | None = None
    etag: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """The function that reads with the group."""
        return GROUPS[self.group]

    @property
    def start(self) -> str | int:
        """Where to read on: the offset, which every hub takes, or else the number, or the beginning."""
        return self.offset or ("-1" if self.sequence < 0 else self.sequence)


@dataclass(frozen=True)
class HostBlobs:
    """One hub's blobs in the host's own container."""

    container: ContainerClient
    home: str
    """``namespace/hub``"""

    async def checkpoints(self) -> dict[tuple[str, str], Checkpoint]:
        """By group and partition, those of the app's two groups. Raises Transient."""
        found = {}
        with translated(f"{self.container.container_name}: list"):
            if not await self.container.exists():
                return {}
            for group in GROUPS:
                prefix = f"{self.home}/{group}/checkpoint/"
                async for blob in self.container.list_blobs(prefix, include=["metadata"]):
                    partition = blob.name.removeprefix(prefix)
                    # The SDK writes texts that are empty where it knows none, and reads them as None.
                    said = {name: value or "" for name, value in (blob.metadata or {}).items()}
                    number = said.get("sequencenumber", "")
                    found[group, partition] = Checkpoint(
                        group, partition, int(number) if number.isdecimal() else -1,
                        said.get("offset", ""), blob.last_modified, blob.etag, said,
                    )  # fmt: skip
        return found

    async def owners(self) -> dict[tuple[str, str], str]:
        """By group and partition: which instance of the host reads it; nothing after a clean stop."""
        found = {}
        with translated(f"{self.container.container_name}: list"):
            if not await self.container.exists():
                return {}
            for group in GROUPS:
                prefix = f"{self.home}/{group}/ownership/"
                async for blob in self.container.list_blobs(prefix, include=["metadata"]):
                    if owner := (blob.metadata or {}).get("ownerid"):
                        found[group, blob.name.removeprefix(prefix)] = owner
        return found

    async def move(self, held: Checkpoint, sequence: int, offset: str) -> None:
        """Put the checkpoint behind that event. Raises Conflict when it is no longer as it was held.

        Never backwards: ValueError.
        """
        if sequence <= held.sequence:
            raise ValueError(f"checkpoint {held.sequence} of {held.function} is not moved back to {sequence}")
        blob = self.container.get_blob_client(f"{self.home}/{held.group}/checkpoint/{held.partition}")
        metadata = {**held.metadata, "sequencenumber": str(sequence), "offset": offset}
        with translated(f"move the checkpoint of {held.function}, partition {held.partition}"):
            if held.etag is None:
                await blob.upload_blob(b"", metadata=metadata, overwrite=False)
            else:
                await blob.set_blob_metadata(
                    metadata, etag=held.etag, match_condition=MatchConditions.IfNotModified
                )


def home(environment: Mapping[str, str]) -> str:
    """``namespace/hub`` as the host writes it, from the app's settings."""
    parts = dict(part.partition("=")[::2] for part in environment.get("EVENTHUB", "").split(";"))
    namespace = urlsplit(parts["Endpoint"]).hostname if parts.get("Endpoint") else None
    namespace = namespace or address(environment, "EVENTHUB", "fullyQualifiedNamespace")
    return f"{namespace}/{Settings.read(environment).telemetry_hub}".lower()
