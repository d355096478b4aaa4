"""Event Hubs Capture's Avro files, read as hub events.

Format (Azure documentation, "Capture events through Azure Event Hubs"): object container files of a record
with SequenceNumber, Offset, EnqueuedTimeUtc (text, whole seconds), SystemProperties, Properties and Body;
the partition is told by the file's path alone. Files without events have a header only.
"""

import io
import re
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from vendctl.progress import Progress
from vending.adapters.clients import blob_service
from vending.archive.append import archive
from vending.events.hub_event import HubEvent
from vending.events.slices import size, slices
from vending.ports import Blobs
from vending.time import EPOCH

DEFAULT_PATTERN = "{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}"
TOKENS = ("Namespace", "EventHub", "PartitionId", "Year", "Month", "Day", "Hour", "Minute", "Second")
BATCH = 1024 * 1024
"""Bytes of events that are appended at a time."""
FIELDS = ("SequenceNumber", "Offset", "EnqueuedTimeUtc", "SystemProperties", "Properties", "Body")
TIME, KEY = "x-opt-enqueued-time", "x-opt-partition-key"
OWN = frozenset({TIME, KEY, "x-opt-sequence-number", "x-opt-offset"})
"""System properties that a hub event has fields for."""
CONTAINER = "container:"


@dataclass(frozen=True)
class Source:
    """Where the files are (a folder, or ``container:NAME/PREFIX``), their naming, and the hub's life."""

    place: str
    pattern: str
    generation: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """Which storage account ``container:`` means."""


async def import_capture(source: Source, blobs: Blobs, progress: Progress) -> tuple[int, int]:
    """(events read, new ones). What the archive holds already is not written again."""
    read = new = 0
    path = expression(source.pattern)
    async for name, data in _files(source):
        match = path.search(name)
        if match is None:
            raise ValueError(f"{name} does not end like {source.pattern}.avro: say --pattern")
        found = events(io.BytesIO(data), name, match["PartitionId"], source.generation)
        for some in slices(found, size, BATCH):
            read, new = read + len(some), new + await archive(some, blobs)
            progress.stage("events read", read, note=f"{new:,} of them new, {name}")
    return read, new


def expression(pattern: str) -> re.Pattern[str]:
    """A naming pattern of Capture as a regular expression. Raises ValueError where it names no partition."""
    if "{PartitionId}" not in pattern:
        raise ValueError(f"the pattern {pattern!r} has no {{PartitionId}}: nothing else tells the partition")
    text = re.escape(pattern)
    for token in TOKENS:
        text = text.replace(re.escape(f"{{{token}}}"), f"(?P<{token}>[^/]+)", 1)
    return re.compile(rf"(?:^|/){text}\.avro$")


def events(file: BinaryIO, name: str, partition: str, generation: str) -> Iterator[HubEvent]:
    """The events of one file. Raises ValueError for a file that is not Capture's."""
    for row in _rows(file, name):
        if not isinstance(row, dict) or any(field not in row for field in FIELDS):
            raise ValueError(f"{name} holds no Capture records")
        yield _event(row, partition, generation)


def _rows(file: BinaryIO, name: str) -> Iterator[Any]:
    import fastavro

    try:
        yield from fastavro.reader(file)
    except (EOFError, ValueError, LookupError, zlib.error, fastavro.schema.SchemaParseException) as fault:
        raise ValueError(f"{name} is no whole Avro file: {fault!r}") from fault


def _event(row: Mapping[str, Any], partition: str, generation: str) -> HubEvent:
    system = row["SystemProperties"]
    return HubEvent(
        generation=generation,
        partition=partition,
        sequence=row["SequenceNumber"],
        offset=row["Offset"],
        enqueued=enqueued(system.get(TIME), row["EnqueuedTimeUtc"]),
        key=system.get(KEY),
        properties={key: plain(value) for key, value in row["Properties"].items()},
        system={key: plain(value) for key, value in system.items() if key not in OWN},
        body=row["Body"] or b"",
    )


def enqueued(exact: object, text: str) -> datetime:
    """The enqueued time: milliseconds since 1970 where the system properties tell them, else the text."""
    if isinstance(exact, int):
        return EPOCH + timedelta(milliseconds=exact)
    for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def plain(value: Any) -> Any:
    """A property as JSON can hold it; bytes as ``{"base64": ...}``."""
    return {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value


async def _files(source: Source) -> AsyncIterator[tuple[str, bytes]]:
    """(name, content) in the order of names."""
    place = source.place
    if not place.startswith(CONTAINER):
        for name, data in _in_folder(Path(place)):
            yield name, data
        return
    name, _, prefix = place.removeprefix(CONTAINER).partition("/")
    async with blob_service(source.settings, "DATA") as service:
        container = service.get_container_client(name)
        async for blob in container.list_blobs(name_starts_with=prefix):
            if blob.name.endswith(".avro"):
                yield blob.name, await (await container.download_blob(blob.name)).readall()


def _in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; for a blob container say {CONTAINER}NAME/PREFIX")
    for path in sorted(folder.rglob("*.avro")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()
