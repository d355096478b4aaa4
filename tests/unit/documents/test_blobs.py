"""Blobs that carry a schema: their bytes are what they were, and what newer code wrote is waited for."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from vending.alerts.standing import Halt, Halts
from vending.alerts.waiting import Sample, Samples
from vending.archive.closing import Closing, Progress, Seen
from vending.archive.manifest import DeviceHoles, Entry, Manifest, RawBlob, Table
from vending.documents.blobs import Blob
from vending.errors import Transient

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = Entry(
    9, [[1, 2]], 3, [[3, 5]], "s", [RawBlob("n", "e", 1)], Table("t", 5, "x"),
    DeviceHoles(1, 2, [("d", 1, 2, 3)]),
)  # fmt: skip
BLOBS: list[tuple[Blob, str]] = [
    (
        Halts("1", {"f": {"0": Halt(4, NOON)}}),
        '{"generation":"1","halts":{"f":{"0":{"at":4,"since":"2026-03-01T12:00:00Z"}}},"schema":1}',
    ),
    (
        Samples("1", (Sample(NOON, {"0": 5}),)),
        '{"generation":"1","marks":[{"at":"2026-03-01T12:00:00Z","last":{"0":5}}],"schema":1}',
    ),
    (
        Closing({"1/0": Progress(NOON, None, 3, 4)}, {"b": Seen("x", "y"), "a": Seen("v", "w")}),
        """{
 "partitions": {
  "1/0": {
   "closed": "2026-03-01T12:00:00Z",
   "read": null,
   "last": 3,
   "held": 4
  }
 },
 "hours": {
  "a": {
   "made_from": "v",
   "hands_on": "w"
  },
  "b": {
   "made_from": "x",
   "hands_on": "y"
  }
 },
 "schema": 1
}
""",
    ),
    (
        Manifest(NOON, {"1/0": HOUR}),
        json.dumps(
            {
                "hour": "2026-03-01T12:00:00Z",
                "partitions": {
                    "1/0": {
                        "count": 3,
                        "devices": {"devices": 1, "examples": [["d", 1, 2, 3]], "missing": 2},
                        "first": 3,
                        "gaps": [[1, 2]],
                        "last": 5,
                        "numbers": [[3, 5]],
                        "raw": [["n", "e", 1]],
                        "sha256": "s",
                        "table": {"name": "t", "sha256": "x", "size": 5},
                        "through": 9,
                    }
                },
                "schema": 1,
            },
            indent=1,
        )
        + "\n",
    ),
]
each = pytest.mark.parametrize(("blob", "text"), BLOBS, ids=lambda one: getattr(one, "what", ""))


@each
def test_its_bytes_are_these_and_are_read_back(blob: Blob, text: str) -> None:
    assert blob.encode().decode() == text
    assert type(blob).decode(text.encode()) == blob


@each
def test_newer_code_is_waited_for_whatever_shape_it_wrote(blob: Blob, text: str) -> None:
    newer = b'{"schema": 2, "partitions": "elsewhere", "generation": 7}'
    said = f"{blob.what} has schema 2, this version knows 1: deploy the newer version everywhere"
    with pytest.raises(Transient, match=said):
        type(blob).decode(newer)
    assert type(blob).decode(text.replace('"schema"', '"added": [], "schema"').encode()) == blob


@each
@pytest.mark.parametrize("data", [b"{", b"[]", b'{"partitions": 1, "generation": 1}', b'{"schema": "2"}'])
def test_what_is_none_is_named(blob: Blob, text: str, data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        type(blob).decode(data)
    assert text
