"""The scan of containers that finds blobs, by one host of those with the same id.

Two ways. *Complete*, the default here: every version that has no receipt. As the *platform* does: versions
newer than the newest of the scan before, to the second, so that one written in that second after the scan is
missed until the host starts again. Source of the second: Azure/azure-sdk-for-net ScanContainersStrategy, the
strategy on Azurite (measured there: 38 of 500 missed). On a real account ScanBlobScanLogHybridPollingStrategy
reads the newest second again, and misses what is written behind a sweep of many pages.
"""

from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import ContainerClient

from devstack.functions import log
from devstack.functions.listeners.blob_functions import BlobFunction
from devstack.functions.listeners.blob_message import BlobMessage, quoted
from devstack.functions.listeners.blob_receipts import Receipt, Receipts


class ContainerScan:
    """One container and the functions that want its blobs."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts
        self.functions: list[BlobFunction] = []
        self._newest = datetime.min.replace(tzinfo=UTC)
        self._known: set[BlobMessage] = set()
        self._again: set[str] = set()

    def look_again(self, name: str) -> None:
        """At this blob in the next sweep, however old it is."""
        self._again.add(name)

    async def sweep(self) -> None:
        """List the container and enqueue what is new. A service that fails is asked again next time."""
        again, self._again = self._again, set()
        newest = self._newest
        try:
            blobs = [one async for one in self._container.list_blobs(name_starts_with=self._prefix())]
            self._newest = max([newest, *(one.last_modified for one in blobs)])
            seen = [await self._notice(blob, newest, again) for blob in blobs]
            self._known = {version for versions in seen for version in versions}
        except ResourceNotFoundError:
            self._known.clear()
        except AzureError as error:
            self._again |= again
            self._newest = newest
            log.error(f"{self.functions[0].function.where()}: scan failed ({type(error).__name__}: {error})")

    @property
    def _container(self) -> ContainerClient:
        return self.functions[0].container

    def _prefix(self) -> str:
        """The platform lists the whole container: the newest blob counts, whoever wants it."""
        if not all(one.complete for one in self.functions):
            return ""
        first, last = (
            min(one.path.prefix for one in self.functions),
            max(one.path.prefix for one in self.functions),
        )
        shared = (n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
        return first[: next(shared, min(len(first), len(last)))]

    async def _notice(self, blob: BlobProperties, newest: datetime, again: set[str]) -> list[BlobMessage]:
        """Versions that need not be looked at any more."""
        done = []
        for one in self.functions:
            if one.path.match(blob.name) is None:
                continue
            if not (one.complete or blob.last_modified > newest or blob.name in again):
                continue
            kind = str(getattr(blob.blob_type, "value", blob.blob_type) or "BlockBlob")
            version = BlobMessage(one.id, one.path.container, blob.name, quoted(blob.etag), kind)
            if version not in self._known and await self._receipts.enqueue(version) is Receipt.TAKEN:
                self._again.add(blob.name)
            else:
                done.append(version)
        return done
