"""Audits of a machine, in the container ``machines``."""

from typing import Any

from msgspec import Struct, field

from vending.documents.base import AsStored, Body, Document

PREFIX = "audit:"


class AuditDocument(Document, kw_only=True):
    """Base of both."""

    schema = 1
    key = "machineId"

    machine_id: str


class AuditRecord(AuditDocument, kw_only=True):
    """``audit:{number}``: an audit as it was understood when it came; written once, before its event is sent.

    The event is made of nothing but this: so it is the same however often it is sent.
    """

    type = "audit"

    number: int
    """Of its line in the ledger of device ``uploads``, with twelve digits in the id."""
    upload: str
    uploaded_at: int
    read_at: int
    """When the machine was read, milliseconds since 1970 UTC."""
    at: int
    """The event's time: the end of the span in ``data.sold``, else ``read_at``."""
    data: AsStored[Body]
    """Of the event: :class:`vending.events.audits.AuditImported`, as JSON."""
    placed: str
    """:data:`vending.uploads.dex.series.Placed`."""
    other: int | None = None
    """The audit at the other end of the span that it claims."""
    reason: str = ""
    """Why it claims no sales: :data:`vending.uploads.dex.delta.Break`, and in words."""
    detail: str = ""
    tolerances: list[dict[str, Any]] = field(default_factory=list)
    """The first of them."""
    reconciliation: AsStored[Body] | None = None
    """The span beside the devices' events as they were then: :mod:`vending.uploads.reconcile_audit`."""
    meters: AsStored[Body] = field(default_factory=dict)
    """What the next audit is compared with: :class:`vending.uploads.dex.audit.Audit` as JSON, bounded. It is
    most of the record, and not read by who lists them."""


LISTED = (
    "id", "machineId", "type", "schema", "number", "upload", "uploadedAt", "readAt", "at", "data", "placed",
    "other", "reason", "detail", "tolerances", "reconciliation",
)  # fmt: skip
"""The fields of a record in a list."""


class StoredSeries(Struct):
    """The numbers of the first and the last audit of a series."""

    first: int
    last: int


class AuditSeries(AuditDocument, kw_only=True):
    """The series of a machine's audits (:mod:`vending.uploads.dex.series`), the one that was lengthened last
    at the end. Whoever places an audit replaces it If-Match, so audits are placed one after the other."""

    type = "audit-series"

    id: str = "audit-series"
    series: list[StoredSeries] = field(default_factory=list)


def audit_id(number: int) -> str:
    """The id of an audit's record; ids sort as numbers do."""
    return f"{PREFIX}{number:012d}"
