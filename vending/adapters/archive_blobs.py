"""The archive's container: what compaction and audits need beyond appending."""

from collections.abc import AsyncIterator
from io import BytesIO

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from vending.adapters.blobs import BlobContainer, code_of, no_blob, unchanged
from vending.errors import Conflict
from vending.ports import Listed


class ArchiveContainer(BlobContainer):
    """The port ArchiveBlobs on one container."""

    async def listing(self, prefix: str) -> AsyncIterator[Listed]:
        """The blobs below a prefix, in order of their names."""
        with self._translated("list", prefix):
            async for blob in self.container.list_blobs(name_starts_with=prefix):
                yield Listed(blob.name, _quoted(blob.etag), blob.size, blob.last_modified)

    async def find(self, name: str) -> tuple[bytes, str] | None:
        """A small blob whole, with its version; None where there is none."""
        with self._translated("read", name):
            try:
                download = await self.container.download_blob(name)
            except HttpResponseError as fault:
                if no_blob(fault):
                    return None
                raise
            return await download.readall(), _quoted(download.properties.etag)

    async def replace(self, name: str, data: bytes, etag: str | None) -> None:
        """Write a small blob over that version, or (None) where none is. Raises Conflict."""
        condition = unchanged(etag) or {"match_condition": MatchConditions.IfMissing}
        with self._translated("replace", name):
            try:
                await self.container.upload_blob(name, BytesIO(data), overwrite=True, **condition)
            except ResourceExistsError as fault:
                raise Conflict(f"replace {name}: it exists") from fault

    async def stage(self, name: str, block: str, data: bytes) -> None:
        """Stage one block of a blob, for a later commit."""
        with self._translated("stage", name):
            # aiohttp sends large bytes in one go, and warns of it; a stream goes in pieces.
            await self.container.get_blob_client(name).stage_block(block, BytesIO(data), len(data))

    async def delete(self, name: str) -> None:
        """Delete a blob; nothing happens where there is none, or where a policy keeps it."""
        with self._translated("delete", name):
            try:
                await self.container.delete_blob(name)
            except HttpResponseError as fault:
                if not no_blob(fault) and code_of(fault) != "BlobImmutableDueToPolicy":
                    raise


def _quoted(etag: str) -> str:
    """Listings tell the version without the quotes that headers have."""
    return etag if etag.startswith('"') else f'"{etag}"'
