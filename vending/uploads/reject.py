"""A blob that no retry will make valid → ``rejected/``, with its reason."""

from dataclasses import dataclass
from typing import ClassVar

from vending.documents.blobs import Blob
from vending.errors import Rejected
from vending.ports import Blobs, Looked, UploadBlobs

KEPT = 2**20
"""Bytes of a rejected file that are kept, from its first one on: enough to see what it is."""


class Rejection(Blob, frozen=True, rename="camel"):
    """``{name}.json``, beside the file: why, and what was known of it."""

    what: ClassVar[str] = "the reason of a rejected upload"

    name: str
    reason: str
    detail: str
    etag: str
    size: int
    content_type: str
    kept: int
    """Bytes of it."""
    schema: int = 1


@dataclass(frozen=True)
class Reject:
    """From the container of uploads to that of rejected ones."""

    uploads: UploadBlobs
    rejected: Blobs

    async def __call__(self, name: str, looked: Looked, fault: Rejected) -> None:
        """Keep the beginning and the reason. What stands there is left: a crash may have come between.
        Raises Transient, Conflict."""
        data = await self.uploads.take(name, looked.etag, KEPT)
        about = Rejection(
            name, fault.reason, fault.detail, looked.etag, looked.size, looked.content_type, len(data)
        )
        await self.rejected.create(name, data)
        await self.rejected.create(f"{name}.json", about.encode())
