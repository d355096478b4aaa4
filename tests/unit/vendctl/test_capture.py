"""Event Hubs Capture's files become archive records; what the archive holds already is not written again."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest

from tests.support.archive import AWKWARD, FakeArchive, held, hub_event
from tests.support.events import NOON
from vendctl.capture import DEFAULT_PATTERN, Source, enqueued, events, expression, import_capture
from vendctl.progress import Progress
from vending.archive.append import archive

SCHEMA = {
    "type": "record",
    "name": "EventData",
    "namespace": "Microsoft.ServiceBus.Messaging",
    "fields": [
        {"name": "SequenceNumber", "type": "long"},
        {"name": "Offset", "type": "string"},
        {"name": "EnqueuedTimeUtc", "type": "string"},
        {
            "name": "SystemProperties",
            "type": {"type": "map", "values": ["long", "double", "string", "bytes"]},
        },
        {
            "name": "Properties",
            "type": {"type": "map", "values": ["long", "double", "string", "bytes", "null"]},
        },
        {"name": "Body", "type": ["null", "bytes"]},
    ],
}
"""As the service writes it (Azure documentation, "Explore captured Avro files")."""
PLACE = "ns/telemetry/3/2026/03/01/12/05/00.avro"


def row(number: int, body: bytes | None = b"{}") -> dict[str, Any]:
    event = hub_event(number)
    return {
        "SequenceNumber": number,
        "Offset": event.offset,
        "EnqueuedTimeUtc": "3/1/2026 12:00:00 PM",
        "SystemProperties": {
            "x-opt-enqueued-time": int(event.enqueued.timestamp() * 1000),
            "x-opt-partition-key": event.key,
            "x-opt-trace": f"{number % 5}",
        },
        "Properties": {"content-type": "application/json", "n": number},
        "Body": body,
    }


def avro(rows: Iterable[dict[str, Any]], codec: str = "deflate") -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, SCHEMA, list(rows), codec=codec)
    return file.getvalue()


def put(folder: Path, name: str, data: bytes) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def source(folder: Path, pattern: str = DEFAULT_PATTERN) -> Source:
    return Source(str(folder), pattern, "1")


def test_a_file_gives_the_events_that_the_trigger_gave() -> None:
    found = list(events(io.BytesIO(avro(row(n) for n in range(20))), PLACE, "0", "1"))
    assert found == [hub_event(n) for n in range(20)]


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_bodies_survive_byte_for_byte(codec: str) -> None:
    rows = [row(n, body) for n, body in enumerate([*AWKWARD, None])]
    found = [event.body for event in events(io.BytesIO(avro(rows, codec)), PLACE, "0", "1")]
    assert found == [*AWKWARD, b""]


async def test_an_import_adds_what_the_archive_lacks(tmp_path: Path) -> None:
    blobs = FakeArchive()
    await archive([hub_event(n, partition="3") for n in range(5, 15)], blobs)
    put(tmp_path, PLACE, avro(row(n) for n in range(10)))
    put(tmp_path, "ns/telemetry/3/2026/03/01/12/10/00.avro", avro(row(n) for n in range(10, 20)))
    put(tmp_path, "ns/telemetry/3/2026/03/01/12/15/00.avro", avro([]))
    assert await import_capture(source(tmp_path), blobs, Progress()) == (20, 10)
    assert held(blobs) == [hub_event(n, partition="3") for n in range(20)]
    assert await import_capture(source(tmp_path), blobs, Progress()) == (20, 0)


async def test_another_naming_can_be_told(tmp_path: Path) -> None:
    blobs = FakeArchive()
    put(tmp_path, "hub=telemetry/partition=7/2026-03-01/file.avro", avro([row(0)]))
    pattern = "hub={EventHub}/partition={PartitionId}/{Year}-{Month}-{Day}/file"
    assert await import_capture(source(tmp_path, pattern), blobs, Progress()) == (1, 1)
    assert held(blobs)[0].partition == "7"


async def test_files_of_unknown_names_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/file.avro", avro([row(0)]))
    with pytest.raises(ValueError, match="--pattern"):
        await import_capture(source(tmp_path), FakeArchive(), Progress())
    with pytest.raises(ValueError, match="no folder"):
        await import_capture(source(tmp_path / "absent"), FakeArchive(), Progress())
    with pytest.raises(ValueError, match="PartitionId"):
        expression("{Namespace}/{EventHub}")


def test_the_default_naming_is_the_services() -> None:
    match = expression(DEFAULT_PATTERN).search(PLACE)
    assert match is not None
    assert (match["EventHub"], match["PartitionId"], match["Hour"]) == ("telemetry", "3", "12")


@pytest.mark.parametrize("data", [b"", b"Obj\x01", b"not avro", avro([row(0)])[:-20]])
def test_what_is_no_whole_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="Avro"):
        list(events(io.BytesIO(data), PLACE, "0", "1"))


def test_records_of_another_schema_are_refused() -> None:
    file = io.BytesIO()
    other = {"type": "record", "name": "Other", "fields": [{"name": "x", "type": "long"}]}
    fastavro.writer(file, other, [{"x": 1}])
    with pytest.raises(ValueError, match="no Capture records"):
        list(events(io.BytesIO(file.getvalue()), PLACE, "0", "1"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/1/2026 12:00:00 PM", NOON),
        ("12/31/2025 1:02:03 AM", datetime(2025, 12, 31, 1, 2, 3, tzinfo=UTC)),
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T12:00:00", NOON),
    ],
)
def test_times_that_are_only_text(text: str, expected: datetime) -> None:
    assert enqueued(None, text) == expected


def test_bytes_in_properties_are_told_as_base64() -> None:
    given = row(0) | {"Properties": {"raw": b"\x00\xff"}}
    (found,) = events(io.BytesIO(avro([given])), PLACE, "0", "1")
    assert found.properties == {"raw": {"base64": "AP8="}}
