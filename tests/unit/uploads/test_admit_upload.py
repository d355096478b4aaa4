"""Who may upload what: bounds, the catalog, the record."""

from typing import Any

import msgspec
import pytest

from tests.unit.uploads.world import NOW, World
from vending.errors import Rejected
from vending.time import millis
from vending.uploads.admit_upload import UploadAsked, admit_upload
from vending.uploads.kinds import KINDS

ASKED = {"kind": "dex", "machineId": "m-1", "contentType": "text/plain", "size": 5000}


async def test_an_address_for_one_blob_and_a_record_of_it() -> None:
    world = World()
    asked = msgspec.convert(ASKED | {"visitId": "visit-318"}, UploadAsked)
    found = await admit_upload(asked, world.admission, NOW)
    name = "dex/m-1/2026-03-02/" + "0" * 31 + "1"
    assert msgspec.to_builtins(found) == {
        "uploadId": "0" * 31 + "1",
        "method": "PUT",
        "url": f"https://store.example/uploads/{name}?until=2026-03-02T18:55:00+00:00",
        "headers": {"x-ms-blob-type": "BlockBlob", "Content-Type": "text/plain"},
        "expires": "2026-03-02T18:55:00.000Z",
    }
    record = world.record()
    assert (record.state, record.kind, record.visit, record.size) == ("admitted", "dex", "visit-318", 5000)
    assert record.asked_at == millis(NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "video"}, "unknown-kind"),
        ({"kind": "photo", "contentType": "image/jpeg"}, "unknown-kind"),
        ({"contentType": "text/html"}, "wrong-type"),
        ({"size": KINDS["dex"].most_bytes + 1}, "oversize"),
    ],
)
async def test_what_is_never_taken_is_refused_and_leaves_nothing(change: dict[str, Any], reason: str) -> None:
    """No photo here: nothing processes them in this world."""
    world = World()
    with pytest.raises(Rejected, match=reason):
        await world.admit(**change)
    assert not world.machines.items


@pytest.mark.parametrize(
    "change", [{"size": 0}, {"size": "5"}, {"machineId": "a/b"}, {"machineId": "m-1\n"}, {"more": 1},
               {"visitId": ""}, {"machineId": "m" * 65}],
)  # fmt: skip
def test_what_is_out_of_form_is_no_question(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(ASKED | change, UploadAsked)


async def test_a_machine_that_the_catalog_does_not_place_has_no_uploads() -> None:
    world = World()
    world.catalog.put({"kind": "version", "id": "version", "type": "version", "schema": 1, "version": 1})
    world.catalog.put({"kind": "machine", "id": "m-2", "type": "machine", "schema": 1})
    asked = msgspec.convert(ASKED, UploadAsked)
    assert await admit_upload(asked, world.admission, NOW) is None
    assert await world.admit(machineId="m-2")
