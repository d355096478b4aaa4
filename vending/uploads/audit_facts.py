"""What is kept of an audit, and what its event states. Pure.

What the audit does not say, or says out of bounds, is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from vending.business_day import instant
from vending.documents.audits import AuditRecord
from vending.documents.base import Body
from vending.uploads.dex.audit import Audit, Checksum, DeviceSales, Identity, Selection
from vending.uploads.upload import Upload

DEVICE, EPOCH = "uploads", 0
MOST = 2**40
"""Of what an event states; a larger meter is left out of it."""
MOST_TOLERANCES = 50
MOST_SELECTIONS, MOST_SALES = 400, 8
"""Selections of an audit that are compared with the next one, and prices and devices of each: a document of
Cosmos DB takes 2 MiB, and with the longest numbers these are half of it."""
LONGEST, SHORT = 120, 16
"""Characters of a name, of a device or price list."""


@dataclass(frozen=True)
class Imported:
    """An audit of an upload, and the number that its event was issued."""

    upload: Upload
    digest: str
    """SHA-256 of the whole file."""
    number: int
    audit: Audit


def event(record: AuditRecord) -> dict[str, Any]:
    """The event of a record, ready for JSON."""
    return {
        "specversion": "1.0",
        "id": f"{EPOCH}-{record.number:012d}",
        "source": f"/devices/{DEVICE}",
        "type": "io.vendstream.audit.imported.v1",
        "subject": f"machines/{record.machine_id}",
        "time": instant(record.at),
        "datacontenttype": "application/json",
        "deviceepoch": EPOCH,
        "sequence": record.number,
        "ledgersequence": record.number,
        "clocksync": "import",
        "data": record.data,
    }


def facts(came: Imported) -> dict[str, Any]:
    """What the event states of the audit by itself."""
    audit = came.audit
    paid = audit.vends.paid.cumulative
    stated = {
        "uploadId": came.upload.id,
        "sha256": came.digest,
        "checksum": audit.checksum.verdict,
        "tolerances": len(audit.tolerances),
        "readAt": audit.read_at,
        "serial": audit.machine.serial[:LONGEST],
        "currency": audit.money.currency if audit.money.currency.isalpha() else "",
        "decimals": audit.money.decimals if audit.money.stated and 0 <= audit.money.decimals <= 9 else None,
        "paidVends": paid.count if paid.count is not None and 0 <= paid.count <= MOST else None,
        "paidValue": paid.value if paid.value is not None and 0 <= paid.value <= MOST else None,
    }
    return {name: value for name, value in stated.items() if value not in (None, "")}


def meters(audit: Audit) -> Body:
    """The audit as JSON, without what no comparison needs, in bounds: an audit may be megabytes."""
    kept = replace(
        audit,
        communication=audit.communication[:LONGEST],
        version="",
        checksum=Checksum(audit.checksum.verdict),
        machine=_short(audit.machine),
        board=_short(audit.board),
        devices={},
        tubes=(),
        selections=dict(list(_selections(audit).items())[:MOST_SELECTIONS]),
        events=(),
        event_counts=(),
        tolerances=(),
        unread=(),
    )
    body: Body = msgspec.to_builtins(kept)
    return body


def _selections(audit: Audit) -> dict[str, Selection]:
    return {
        name: replace(one, name=one.name[:LONGEST], sales=tuple(_sales(one))[:MOST_SALES])
        for name, one in audit.selections.items()
        if len(name) <= LONGEST
    }


def _sales(one: Selection) -> Iterator[DeviceSales]:
    return (sale for sale in one.sales if max(len(sale.device), len(sale.price_list)) <= SHORT)


def _short(identity: Identity) -> Identity:
    return Identity(*(str(getattr(identity, name))[:LONGEST] for name in identity.__struct_fields__))
