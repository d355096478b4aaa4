"""Addresses by a key of the identity: https, one key for many, a new one before it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from azure.storage.blob import UserDelegationKey
from azure.storage.blob.aio import BlobServiceClient

from vending.adapters.upload_blobs import KEY_LIFE, UploadContainer

NOW = datetime(2026, 3, 2, 18, 40, tzinfo=UTC)
VALID = timedelta(minutes=15)


class Blob:
    url = "https://stdata.blob.core.windows.net/uploads/dex/m-1/a"


class Container:
    container_name = "uploads"

    def get_blob_client(self, name: str) -> Blob:
        assert name == "dex/m-1/a"
        return Blob()


class Service:
    """An account that an identity signs in to."""

    account_name = "stdata"
    credential = object()

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []

    def get_container_client(self, _: str) -> Container:
        return Container()

    async def get_user_delegation_key(self, begins: datetime, ends: datetime) -> UserDelegationKey:
        self.asked.append((begins, ends))
        key = UserDelegationKey()  # type: ignore[no-untyped-call]
        key.signed_oid = key.signed_tid = "00000000-0000-0000-0000-000000000000"
        key.signed_start, key.signed_expiry = begins.isoformat(), ends.isoformat()
        key.signed_service, key.signed_version, key.value = "b", "2026-02-06", "c2VjcmV0"
        return key


async def said(uploads: UploadContainer, now: datetime) -> dict[str, Any]:
    url = await uploads.address("dex/m-1/a", now, now + VALID)
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


async def test_an_address_is_signed_by_the_identitys_key() -> None:
    found = await said(UploadContainer(cast("BlobServiceClient", Service()), "uploads"), NOW)
    assert (found["sp"], found["sr"], found["spr"]) == ("c", "b", "https")
    assert found["se"] == "2026-03-02T18:55:00Z"
    assert found["skoid"]


async def test_one_key_serves_until_it_would_end_before_an_address() -> None:
    service = Service()
    uploads = UploadContainer(cast("BlobServiceClient", service), "uploads")
    last = NOW + KEY_LIFE - VALID
    for now in (NOW, NOW + timedelta(hours=1), last):
        await said(uploads, now)
    assert len(service.asked) == 1
    await said(uploads, last + timedelta(seconds=1))
    assert len(service.asked) == 2
