"""The message that Event Grid writes of a blob, in either form."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.uploads import NAME, created, message, stored
from vending.uploads.blob_created import BlobCreated, parse


@pytest.mark.parametrize("form", [message, stored])
def test_both_forms_of_a_message_are_read(form: Any) -> None:
    found = parse(form(created()))
    at = datetime(2026, 3, 2, 18, 41, 0, 958410, tzinfo=UTC)
    assert found == BlobCreated("uploads", NAME, "0x8D4BCC2E4835CD0", 5, at)


def test_an_etag_in_quotes_is_the_same_one() -> None:
    assert parse(message(created(etag='"0x8D4"'))).etag == "0x8D4"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"\xff\xfe",
        b"[]",
        b"{}",
        base64.b64encode(b"[]"),
        json.dumps([created()]).encode(),
        message(created(eventType="Microsoft.Storage.BlobDeleted")),
        message(created(subject="/blobServices/default/containers/uploads")),
        message(created(data={"eTag": "e"})),
    ],
)
def test_what_event_grid_never_writes_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"no event of Event Grid|is not Microsoft\.Storage"):
        parse(body)
