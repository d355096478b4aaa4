"""Addresses that take one file, on a real store; and what the app sees of what came."""

import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.backends import RUN
from vending.adapters.clients import blob_service
from vending.adapters.upload_blobs import UploadContainer
from vending.errors import Conflict

HEADERS = {"x-ms-blob-type": "BlockBlob", "Content-Type": "text/plain"}
NAME = "dex/m-1/2026-03-02/a b"


@pytest.fixture
async def uploads(storage: dict[str, str]) -> AsyncIterator[UploadContainer]:
    service = blob_service(storage, "DATA")
    name = f"uploads{datetime.now(UTC).timestamp():.0f}{RUN}".lower()
    container = service.get_container_client(name)
    await container.create_container()
    yield UploadContainer(service, name)
    await container.delete_container()
    await service.close()


async def address(uploads: UploadContainer, valid: timedelta = timedelta(minutes=15)) -> str:
    now = datetime.now(UTC)
    return await uploads.address(NAME, now, now + valid)


def ask(method: str, url: str, body: bytes | None = None) -> int:
    headers = {} if body is None else HEADERS
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


async def test_an_address_creates_one_blob_and_does_nothing_else(uploads: UploadContainer) -> None:
    url = await address(uploads)
    assert await uploads.look(NAME) is None
    assert ask("PUT", url, b"an audit") == 201
    assert ask("PUT", url, b"another") == 403
    assert ask("GET", url) == 403
    assert ask("DELETE", url) == 403
    blob, _, token = url.partition("?")
    assert ask("PUT", f"{blob.rpartition('/')[0]}/other?{token}", b"elsewhere") == 403
    container = blob.partition("/dex/")[0]
    assert ask("GET", f"{container}?restype=container&comp=list&{token}") == 403


async def test_an_address_ends(uploads: UploadContainer) -> None:
    assert ask("PUT", await address(uploads, timedelta(minutes=-1)), b"too late") == 403


async def test_what_came_is_looked_at_read_to_a_bound_and_deleted(uploads: UploadContainer) -> None:
    url = await address(uploads)
    assert ask("PUT", url, b"an audit") == 201
    looked = await uploads.look(NAME)
    assert looked
    assert (looked.size, looked.content_type) == (8, "text/plain")
    assert datetime.now(UTC) - looked.modified < timedelta(minutes=5)
    assert await uploads.take(NAME, looked.etag, 2) == b"an"
    assert await uploads.take(NAME, looked.etag, 100) == b"an audit"
    with pytest.raises(Conflict):
        await uploads.take(NAME, '"0x1"', 100)
    await uploads.delete(NAME)
    await uploads.delete(NAME)
    assert await uploads.look(NAME) is None
    with pytest.raises(Conflict):
        await uploads.take(NAME, looked.etag, 100)


async def test_an_empty_file_is_a_file(uploads: UploadContainer) -> None:
    assert ask("PUT", await address(uploads), b"") == 201
    looked = await uploads.look(NAME)
    assert looked
    assert await uploads.take(NAME, looked.etag, 100) == b""
