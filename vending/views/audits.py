"""Read model of a machine's audits, newest upload first: what each said, claimed, and what was reconciled."""

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import field

from vending.answer import Answer
from vending.business_day import instant
from vending.documents.audits import LISTED, AuditRecord, audit_id
from vending.documents.base import load
from vending.documents.catalog import CatalogMachine
from vending.documents.uploads import UploadNumbers
from vending.events.audits import AuditImported, Sold
from vending.ports import Filter
from vending.readable import readable
from vending.uploads.dex.reconcile import Reconciliation
from vending.views.stores import ViewStores


class Source(Answer, frozen=True):
    """Since when (``""``: always; else a local moment) the machine's sales are those of ``device`` events or
    those that an ``audit`` says."""

    since: str
    sales: str


class ToleranceRow(Answer, frozen=True):
    """What was read although it is not as it should be."""

    line: int
    kind: str
    detail: str


class AuditRow(Answer, frozen=True, kw_only=True):
    """One audit. ``paid_value`` is in units of its own decimal point, all else in minor units."""

    number: int
    upload_id: str
    uploaded_at: str
    read_at: str
    """The instant, by ``clock``; ``machine_clock`` is what the audit says, local and without an offset."""
    clock: str | None
    machine_clock: str | None
    serial: str | None
    checksum: str
    tolerance_count: int
    tolerances: list[ToleranceRow]
    """The first of them."""
    paid_vends: int | None
    paid_value: int | None
    decimals: int | None
    currency: str | None
    placed: str
    reason: str | None
    detail: str | None
    sold: Sold | None
    until: str | None
    """The end of the span that ``sold`` is of: the day that it counts in."""
    reconciliation: Reconciliation | None


class MachineAudits(Answer, frozen=True):
    """A page of a machine's audits."""

    machine_id: str
    sources: list[Source] = field(default_factory=list)
    """Without any its sales are those of its devices."""
    audits: list[AuditRow] = field(default_factory=list)
    next: int | None = None


@dataclass(frozen=True)
class AuditQuery:
    """Which audits: at most ``limit``, of numbers below ``after`` (0: from the newest on)."""

    limit: int = 20
    after: int = 0


async def audits(stores: ViewStores, machine: str, query: AuditQuery) -> MachineAudits:
    """A machine's audits.

    Numbers have no holes, so a page is a range of ids: two point reads and one query of so many documents.
    """
    held = await stores.machines.read(machine, "upload-numbers")
    last = load(held.body, UploadNumbers).last if held else 0
    highest = min(query.after - 1, last) if query.after else last
    lowest = max(highest - query.limit + 1, 1)
    where: list[Filter] = [("id", ">=", audit_id(lowest)), ("id", "<=", audit_id(highest))]
    records = []
    if highest >= lowest:
        found = stores.machines.select(machine, *where, fields=LISTED)
        records = [readable(stored.body, AuditRecord) async for stored in found]
    rows = sorted((_row(one) for one in records if one), key=lambda row: -row.number)
    return MachineAudits(machine, await _sources(stores, machine), rows, lowest if lowest > 1 else None)


async def _sources(stores: ViewStores, machine: str) -> list[Source]:
    stored = await stores.catalog.read(CatalogMachine.type, machine)
    entry = readable(stored.body, CatalogMachine) if stored else None
    return [Source(since, sales) for since, sales in (entry and entry.sources) or []]


def _row(record: AuditRecord) -> AuditRow:
    data = msgspec.convert(record.data, AuditImported)
    sold = data.sold if isinstance(data.sold, Sold) else None
    beside = record.reconciliation
    return AuditRow(
        number=record.number,
        upload_id=record.upload,
        uploaded_at=instant(record.uploaded_at),
        read_at=instant(record.read_at),
        clock=_said(data.clock),
        machine_clock=_said(data.read_at),
        serial=_said(data.serial),
        checksum=data.checksum,
        tolerance_count=data.tolerances,
        tolerances=msgspec.convert(record.tolerances, list[ToleranceRow]),
        paid_vends=_said(data.paid_vends),
        paid_value=_said(data.paid_value),
        decimals=_said(data.decimals),
        currency=_said(data.currency),
        placed=record.placed,
        reason=record.reason or None,
        detail=record.detail or None,
        sold=sold,
        until=instant(record.at) if sold else None,
        reconciliation=msgspec.convert(beside, Reconciliation) if beside else None,
    )


def _said(value: Any) -> Any:
    return None if value is msgspec.UNSET else value
