"""An uploaded EVA-DTS file → one ``audit.imported`` event for each audit in it, through the hub.

They come from the device ``uploads`` in epoch 0, which provisioning never issues, and are numbered for their
machine without holes. The numbers are issued once, in the transaction that puts them into the upload's
record, and all else in an event is of the file: so an upload that is processed again sends the same events,
and ingest counts them once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from vending.documents.base import load
from vending.documents.uploads import UploadNumbers, UploadRecord, record_id
from vending.errors import Rejected, Transient
from vending.events.audits import AuditImported
from vending.ports import Documents, Put, Sender
from vending.retry import retry_on_conflict
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.parse import parse_all
from vending.uploads.upload import Processed, Upload

DEVICE, EPOCH = "uploads", 0
MOST = 2**40
"""Of what an event states; a larger meter is left out of it."""


@dataclass(frozen=True)
class AuditImport:
    """The processor of audits."""

    machines: Documents
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
            body = msgspec.json.encode(_event(upload, number, _facts(upload, audit, digest)))
            await self.hub.send(body, DEVICE, {})
        last = first + len(audits) - 1
        return Processed(f"audit {first}" if first == last else f"audits {first} to {last}")

    async def _issue(self, upload: Upload, count: int) -> int:
        """The first of the upload's numbers."""

        async def attempt() -> int:
            stored = await self.machines.read(upload.machine, record_id(upload.id))
            if stored is None:
                raise Transient(f"the record of upload {upload.id} is gone")
            record = load(stored.body, UploadRecord)
            if record.first is not None:
                return record.first
            held = await self.machines.read(upload.machine, "upload-numbers")
            numbers = load(held.body, UploadNumbers) if held else UploadNumbers(machine_id=upload.machine)
            first = numbers.last + 1
            puts = [
                Put(replace(record, first=first).dump(), stored.etag),
                Put(replace(numbers, last=numbers.last + count).dump(), held.etag if held else None),
            ]
            await self.machines.write(upload.machine, puts)
            return first

        return await retry_on_conflict(f"the numbers of {upload.machine}'s uploads", attempt)


def _event(upload: Upload, number: int, data: AuditImported) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{EPOCH}-{number:012d}",
        "source": f"/devices/{DEVICE}",
        "type": "io.vendstream.audit.imported.v1",
        "subject": f"machines/{upload.machine}",
        "time": upload.at.isoformat(),
        "datacontenttype": "application/json",
        "deviceepoch": EPOCH,
        "sequence": number,
        "ledgersequence": number,
        "clocksync": "import",
        "data": data,
    }


def _facts(upload: Upload, audit: Audit, digest: str) -> AuditImported:
    """What the event states; what the audit does not say, or says out of bounds, is left out."""
    paid = audit.vends.paid.cumulative
    stated = {
        "uploadId": upload.id,
        "sha256": digest,
        "checksum": audit.checksum.verdict,
        "tolerances": len(audit.tolerances),
        "readAt": audit.read_at,
        "serial": audit.machine.serial[:120],
        "currency": audit.money.currency if audit.money.currency.isalpha() else "",
        "decimals": audit.money.decimals if audit.money.stated and 0 <= audit.money.decimals <= 9 else None,
        "paidVends": paid.count if paid.count is not None and 0 <= paid.count <= MOST else None,
        "paidValue": paid.value if paid.value is not None and 0 <= paid.value <= MOST else None,
    }
    return msgspec.convert(
        {name: value for name, value in stated.items() if value not in (None, "")}, AuditImported
    )
