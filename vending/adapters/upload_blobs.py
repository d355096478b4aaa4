"""The container that people write into: addresses that create one blob, and what came of them."""

from datetime import datetime, timedelta
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobSasPermissions, generate_blob_sas
from azure.storage.blob.aio import BlobServiceClient

from vending.adapters.blobs import BlobContainer, no_blob, unchanged
from vending.adapters.faults import translated
from vending.errors import Conflict
from vending.ports import Looked

KEY_LIFE, EARLY = timedelta(hours=6), timedelta(minutes=5)
"""Of a user delegation key: how long one is asked for, and how much earlier than now it begins, because
clocks differ. The service allows seven days."""

EMPTY = 416
"""No byte of an empty blob is in any range."""


class UploadContainer(BlobContainer):
    """The port UploadBlobs on one container."""

    def __init__(self, service: BlobServiceClient, name: str) -> None:
        super().__init__(service.get_container_client(name))
        self._service = service
        self._key: Any = None
        self._key_until: datetime | None = None

    async def address(self, name: str, now: datetime, until: datetime) -> str:
        """An address that creates that blob, and does nothing else, until then.

        Signed by the account's key where the connection has one, else by a key of the app's identity. What
        is there cannot be written over: that would be the permission to write. Over https, where the store
        has it.
        """
        blob = self.container.get_blob_client(name)
        account_key = getattr(self._service.credential, "account_key", None)
        signed_by = {"account_key": account_key} if account_key else await self._delegation(now, until)
        token = generate_blob_sas(
            str(self._service.account_name), self.container.container_name, name,
            permission=BlobSasPermissions(create=True), expiry=until,
            protocol="https" if blob.url.startswith("https://") else "https,http", **signed_by,
        )  # fmt: skip
        return f"{blob.url}?{token}"

    async def look(self, name: str) -> Looked | None:
        """The blob as it is now; None where there is none."""
        with self._translated("look at", name):
            try:
                found = await self.container.get_blob_client(name).get_blob_properties()
            except HttpResponseError as fault:
                if no_blob(fault):
                    return None
                raise
        said = found.content_settings.content_type or ""
        return Looked(found.etag, found.size, said, found.last_modified)

    async def take(self, name: str, etag: str, most: int) -> bytes:
        """At most that many of its first bytes. Raises Conflict when it is not that version (any more)."""
        with self._translated("read", name):
            try:
                download = await self.container.download_blob(name, offset=0, length=most, **unchanged(etag))
                data: bytes = await download.readall()
            except HttpResponseError as fault:
                if fault.status_code == EMPTY:
                    return b""
                if not no_blob(fault):
                    raise
                raise Conflict(f"read {name}: gone") from fault
        return data

    async def delete(self, name: str) -> None:
        """Delete a blob; nothing happens where there is none."""
        with self._translated("delete", name):
            try:
                await self.container.delete_blob(name)
            except HttpResponseError as fault:
                if not no_blob(fault):
                    raise

    async def _delegation(self, now: datetime, until: datetime) -> dict[str, Any]:
        """A key of the identity that lives until then; one serves many addresses."""
        if self._key is None or self._key_until is None or self._key_until < until:
            begins, ends = now - EARLY, now + KEY_LIFE
            with translated("ask for a user delegation key"):
                self._key = await self._service.get_user_delegation_key(begins, ends)
            self._key_until = ends
        return {"user_delegation_key": self._key}
