"""A photo through the API's address: two clean pictures, a record, one notice, however often it is told."""

import asyncio
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.test_uploads import ended, placed, redeliver, upload
from tests.support.backends import LOCAL, RUN
from tests.support.pictures import SECRETS, chunks, corners, exif, file, near, png_header, scene, seen
from tests.support.waiting import finished, until
from vendctl.local.system import System
from vending import wiring

pytestmark = [
    pytest.mark.skipif(not LOCAL, reason="storage events are told by the local stack"),
    pytest.mark.usefixtures("told", "environment"),
]
PHOTO = {"kind": "photo", "contentType": "image/jpeg"}


def get(running: System, path: str) -> bytes:
    with urllib.request.urlopen(f"{running.host.url}{path}", timeout=60) as answer:
        content: bytes = answer.read()
    return content


def notices(machine: str) -> list[dict[str, Any]]:
    """The machine's notices, when none is pending."""

    async def read() -> list[dict[str, Any]]:
        try:
            found = wiring.alerts().select(machine, ("type", "=", "notice"))
            return [stored.body async for stored in found]
        finally:
            await wiring.close()

    found = asyncio.run(read())
    return [] if any(notice["pending"] for notice in found) else found


def test_a_rotated_photo_of_twelve_megapixels(running: System, tmp_path: Path) -> None:
    machine = placed(f"photographed{RUN}", tmp_path)
    large = scene(4000, 3000)
    id_, name = upload(running, file(large, exif=exif(6)), PHOTO | {"machineId": machine, "visitId": "v-1"})
    [record] = until(lambda: ended(machine), "it is processed")
    assert record["state"] == "processed"
    [notice] = until(lambda: notices(machine), "the notice went out")
    assert notice["id"] == f"notice:photo:{id_}"

    redeliver(running, name, record["etag"])
    finished(running.environment)
    assert notices(machine) == [notice]
    listed = json.loads(get(running, f"/api/v1/machines/{machine}/photos"))
    [photo] = listed["photos"]
    assert (photo["width"], photo["height"], photo["visitId"]) == (3000, 4000, "v-1")
    assert photo["location"] is None
    for address, size in ((photo["thumbnail"], (240, 320)), (photo["large"], (960, 1280))):
        picture = get(running, address)
        assert seen(picture).size == size
        assert near(corners(seen(picture)), corners(large.transpose(Image.Transpose.ROTATE_270)))
        assert chunks(picture) == [b"VP8 "]
        assert not [secret for secret in SECRETS if secret in picture]


def test_what_is_no_photo_is_told_of(running: System, tmp_path: Path) -> None:
    whole = file(scene())
    refused = {"bomb": png_header(50_000, 50_000), "torn": whole[: len(whole) // 2]}
    for what, data in refused.items():
        machine = placed(f"{what}{RUN}", tmp_path)
        upload(running, data, PHOTO | {"machineId": machine})
        [record] = until(lambda machine=machine: ended(machine), "it is rejected")  # type: ignore[misc]
        assert record["state"] == "rejected"
        [notice] = until(lambda machine=machine: notices(machine), "the notice went out")  # type: ignore[misc]
        assert notice["about"] == "rejected-upload"
