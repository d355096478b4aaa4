"""An uploaded EVA-DTS file → one ``audit.imported`` event for each audit in it, through the hub.

They come from the device ``uploads`` in epoch 0, which provisioning never issues, and are numbered for their
machine without holes. The numbers are issued once, in the transaction that puts them into the upload's
record; what an event says is decided once too, with the audit's record (:mod:`vending.uploads.place_audit`).
So an upload that is processed again sends the same events, and ingest counts them once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec.structs import replace

from vending.documents.base import load
from vending.documents.uploads import UploadNumbers, UploadRecord, record_id
from vending.errors import Rejected, Transient
from vending.ports import Put, Sender
from vending.retry import retry_on_conflict
from vending.uploads.audit_facts import DEVICE, Imported, event
from vending.uploads.dex.parse import parse_all
from vending.uploads.place_audit import AuditStores, place_audit
from vending.uploads.upload import Processed, Upload


@dataclass(frozen=True)
class AuditImport:
    """The processor of audits."""

    stores: AuditStores
    hub: Sender

    async def __call__(self, upload: Upload, data: bytes, now: datetime) -> Processed | Rejected:  # noqa: ARG002
        """Send the events. Raises Transient."""
        audits = parse_all(data)
        if not any(audit.understood for audit in audits):
            why = audits[0].tolerances[-1].detail if audits[0].tolerances else "it is empty"
            return Rejected("no-audit", why)
        first = await self._issue(upload, len(audits))
        digest = hashlib.sha256(data).hexdigest()
        for number, audit in enumerate(audits, first):
            record = await place_audit(Imported(upload, digest, number, audit), self.stores)
            await self.hub.send(msgspec.json.encode(event(record)), DEVICE, {})
        last = first + len(audits) - 1
        return Processed(f"audit {first}" if first == last else f"audits {first} to {last}")

    async def _issue(self, upload: Upload, count: int) -> int:
        """The first of the upload's numbers."""
        machines = self.stores.machines

        async def attempt() -> int:
            stored = await machines.read(upload.machine, record_id(upload.id))
            if stored is None:
                raise Transient(f"the record of upload {upload.id} is gone")
            record = load(stored.body, UploadRecord)
            if record.first is not None:
                return record.first
            held = await machines.read(upload.machine, "upload-numbers")
            numbers = load(held.body, UploadNumbers) if held else UploadNumbers(machine_id=upload.machine)
            first = numbers.last + 1
            puts = [
                Put(replace(record, first=first).dump(), stored.etag),
                Put(replace(numbers, last=numbers.last + count).dump(), held.etag if held else None),
            ]
            await machines.write(upload.machine, puts)
            return first

        return await retry_on_conflict(f"the numbers of {upload.machine}'s uploads", attempt)
