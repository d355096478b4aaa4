"""Block blobs in a Blob Storage container."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobBlock, ContentSettings
from azure.storage.blob.aio import ContainerClient

from vending.adapters.faults import Meaning, meaning, status_of, translated, waits
from vending.errors import Conflict, VendstreamError
from vending.ports import Blocks

CONTENT = {
    ".webp": ContentSettings("image/webp", cache_control="private, max-age=31536000, immutable"),
}
"""By what a name ends with: how the store gives such a blob to whoever asks it. Others are bytes."""


class BlobContainer:
    """The port Blobs on one container."""

    def __init__(self, container: ContainerClient) -> None:
        self.container = container

    async def create(self, name: str, data: bytes) -> bool:
        """Write a blob that must not exist; False when it does."""
        with self._translated("create", name):
            try:
                # aiohttp sends large bytes in one go, and warns of it; a stream goes in pieces.
                await self.container.upload_blob(
                    name, BytesIO(data), length=len(data), overwrite=False, content_settings=_content(name)
                )
            except ResourceExistsError as fault:
                if code_of(fault) == "BlobAlreadyExists":
                    return False
                raise
        return True

    async def read(self, name: str) -> bytes:
        """The whole blob. Raises KeyError when there is none."""
        with self._translated("read", name):
            try:
                download = await self.container.download_blob(name)
                return await download.readall()
            except HttpResponseError as fault:
                if no_blob(fault):
                    raise KeyError(name) from fault
                raise

    async def chunks(self, name: str, etag: str | None = None) -> AsyncIterator[bytes]:
        """The blob in pieces of some MiB. Raises Conflict when it is not that version (any more)."""
        with self._translated("read", name):
            try:
                download = await self.container.download_blob(name, **unchanged(etag))
            except HttpResponseError as fault:
                if not no_blob(fault):
                    raise
                raise (KeyError(name) if etag is None else Conflict(f"read {name}: gone")) from fault
            async for chunk in download.chunks():
                yield chunk

    async def blocks(self, name: str) -> Blocks:
        """What is committed."""
        etags: list[str | None] = []
        blob = self.container.get_blob_client(name)
        with self._translated("list the blocks of", name):
            try:
                committed, _ = await blob.get_block_list(
                    "committed", raw_response_hook=lambda answer: etags.append(_etag(answer))
                )
            except HttpResponseError as fault:
                if no_blob(fault):
                    return Blocks(None, ())
                raise
            if not committed:
                return Blocks(await self._version(name), ())
        return Blocks(etags[-1], tuple(block.id for block in committed))

    async def commit(self, name: str, ids: Sequence[str], new: dict[str, bytes], etag: str | None) -> str:
        """Stage the new blocks and commit the list of ids against that version; the new version.

        Raises Conflict.
        """
        blob = self.container.get_blob_client(name)
        condition: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
        if etag is not None:
            condition = {"match_condition": MatchConditions.IfNotModified, "etag": etag}
        with self._translated("commit", name, _of_a_commit):
            for block, data in new.items():
                # aiohttp sends large bytes in one go, and warns of it; a stream goes in pieces.
                await blob.stage_block(block, BytesIO(data), len(data))
            done = await blob.commit_block_list([BlobBlock(block) for block in ids], **condition)
        return str(done["etag"])

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        """The names below a prefix, in order."""
        with self._translated("list", prefix):
            async for name in self.container.list_blob_names(name_starts_with=prefix):
                yield name

    async def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """What stands below a prefix up to the next ``/``, which ends each, in order."""
        with self._translated("list", prefix):
            async for item in self.container.walk_blobs(name_starts_with=prefix, delimiter="/"):
                if item.name.endswith("/"):
                    yield item.name

    async def _version(self, name: str) -> str | None:
        """The ETag; None for a blob of which blocks were only staged, though its block list may name one."""
        try:
            properties = await self.container.get_blob_client(name).get_blob_properties()
        except HttpResponseError as fault:
            if fault.status_code == 404:
                return None
            raise
        etag: str = properties.etag
        return etag

    def _translated(
        self, operation: str, name: str, decide: Meaning | None = None
    ) -> AbstractContextManager[None]:
        return translated(f"{operation} {self.container.container_name}/{name}", decide or _decide)


def _content(name: str) -> ContentSettings | None:
    return CONTENT.get(PurePosixPath(name).suffix)


def _decide(fault: AzureError, what: str) -> VendstreamError | None:
    code = code_of(fault)
    if code in ("ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"):
        return waits(fault, what)
    if code == "InvalidBlockList":
        # Another writer's commit threw away the blocks that we had staged.
        return Conflict(f"{what}: {code}")
    if status_of(fault) == 404:
        return None
    return meaning(fault, what)


def _of_a_commit(fault: AzureError, what: str) -> VendstreamError | None:
    """For commits: that a blob to be replaced is gone is a conflict, too."""
    decision = _decide(fault, what)
    return Conflict(f"{what}: gone") if decision is None and status_of(fault) == 404 else decision


def unchanged(etag: str | None) -> dict[str, Any]:
    """The condition that the blob still is that version; none where any will do."""
    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def no_blob(fault: HttpResponseError) -> bool:
    """Whether it says that the blob, not its container, is missing."""
    return fault.status_code == 404 and code_of(fault) != "ContainerNotFound"


def code_of(fault: AzureError) -> str:
    """Storage's own word for the fault."""
    code = getattr(fault, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _etag(answer: Any) -> str | None:
    etag: str | None = answer.http_response.headers.get("ETag")
    return etag
