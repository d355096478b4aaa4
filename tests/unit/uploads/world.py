"""Uploads on fakes: the stores, and what devices of the hub would be given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue, FakeUploads
from tests.support.uploads import created, message
from vending.catalog.machines import CatalogMachines
from vending.documents.base import load
from vending.documents.uploads import UploadRecord, record_id
from vending.uploads.admit_upload import AdmitStores, UploadAsked, admit_upload
from vending.uploads.import_audit import AuditImport
from vending.uploads.kinds import KINDS
from vending.uploads.process_upload import UploadStores, process_upload
from vending.uploads.reject import Reject
from vending.uploads.upload import Place, Processor, name_of

NOW = datetime(2026, 3, 2, 18, 40, tzinfo=UTC)


class FakeHub:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, str]] = []

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        self.sent.append((body, key))


def _ids() -> Iterator[str]:
    return (f"{number:032x}" for number in count(1))


@dataclass
class World:
    """What an app with uploads has."""

    machines: FakeDocuments = field(default_factory=lambda: FakeDocuments("machineId"))
    catalog: FakeDocuments = field(default_factory=lambda: FakeDocuments("kind"))
    uploads: FakeUploads = field(default_factory=FakeUploads)
    rejected: FakeBlobs = field(default_factory=FakeBlobs)
    queue: FakeQueue = field(default_factory=FakeQueue)
    hub: FakeHub = field(default_factory=FakeHub)
    processors: dict[str, Processor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.uploads.clock = lambda: NOW
        self.processors = {"dex": AuditImport(self.machines, self.hub)} | self.processors
        placed = CatalogMachines(self.catalog)
        ids = _ids()
        self.admission = AdmitStores(
            self.machines, placed, self.uploads, self.processors.keys(), lambda: next(ids)
        )

    async def admit(self, **change: Any) -> str:
        """An upload's id."""
        asked = {"kind": "dex", "machineId": "m-1", "contentType": "text/plain", "size": 5000} | change
        found = await admit_upload(msgspec.convert(asked, UploadAsked), self.admission, NOW)
        assert found
        return found.upload_id

    async def upload(self, data: bytes, **change: Any) -> dict[str, Any]:
        """Admitted and written: Event Grid's event of it."""
        upload = await self.admit(**change)
        kind = change.get("kind", "dex")
        assert kind in KINDS
        name = name_of(Place(kind, change.get("machineId", "m-1"), upload), NOW.date().isoformat())
        return created(name, self.uploads.put(name, data), len(data), eventTime=NOW.isoformat())

    async def process(self, event: dict[str, Any], tries: int = 1, now: datetime = NOW) -> str:
        """Deliver its message."""
        stores = UploadStores(
            self.machines, self.uploads, Reject(self.uploads, self.rejected), self.queue, self.processors
        )
        return await process_upload(message(event), tries, stores, now)

    def record(self, number: int = 1, machine: str = "m-1") -> UploadRecord:
        """An upload's record."""
        return load(self.machines.items[machine, record_id(f"{number:032x}")][1], UploadRecord)

    def reasons(self) -> list[dict[str, Any]]:
        """Of all rejected files."""
        held = self.rejected.committed.items()
        return [msgspec.json.decode(parts[""]) for name, (_, parts) in held if name.endswith(".json")]
