"""An audit → its record: where it stands among the machine's audits, what was sold since, what is missing.

Decided once, in the transaction that writes the record and replaces the machine's series If-Match: whoever
comes again (a redelivery, a process that died before the event was sent) finds the record and sends the event
that it says. So no order, no redelivery and no concurrent upload counts an interval twice, or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from vending.business_day import zone
from vending.catalog.assignments import Assignment
from vending.catalog.cache import CatalogCache
from vending.documents.audits import AuditRecord, AuditSeries, StoredSeries, audit_id
from vending.documents.base import load
from vending.errors import Transient
from vending.ports import Documents, Put, Stored
from vending.retry import retry_on_conflict
from vending.time import EPOCH, millis
from vending.uploads.audit_facts import MOST_TOLERANCES, Imported, facts, meters
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.delta import Delta
from vending.uploads.dex.minor import in_minor
from vending.uploads.dex.overlap import Ends
from vending.uploads.dex.series import Place, place
from vending.uploads.dex.sold import sold
from vending.uploads.reconcile_audit import Span, reconcile_span

SERIES = 8
"""Of a machine that are remembered, the ones that were lengthened last."""
OLDEST, AHEAD = 90 * 24 * 3_600_000, 5 * 60_000
"""Milliseconds: a machine's clock that says less or more, seen from the upload, is not believed."""


@dataclass(frozen=True)
class AuditStores:
    """Where audits are placed, and where a machine stands and whose word its sales are."""

    machines: Documents
    catalog: CatalogCache


@dataclass(frozen=True)
class Held:
    """The series as they were read, and the records of their ends by number."""

    document: AuditSeries
    etag: str | None
    records: dict[int, AuditRecord]

    @property
    def ends(self) -> list[Ends]:
        """As the rules take them."""
        audits = {number: _audit(record) for number, record in self.records.items()}
        return [Ends(audits[one.first], audits[one.last]) for one in self.document.series]


async def place_audit(came: Imported, stores: AuditStores) -> AuditRecord:
    """The audit's record, written now or before. Raises Transient."""
    machine = came.upload.machine
    await stores.catalog.refresh()
    assignment = await stores.catalog.assignment(machine)

    async def attempt() -> AuditRecord:
        stored = await stores.machines.read(machine, audit_id(came.number))
        if stored is not None:
            return load(stored.body, AuditRecord)
        held = await _held(machine, stores.machines)
        placed = place(held.ends, came.audit)
        record = await _record(came, placed, held, assignment, stores.machines)
        series = replace(held.document, series=_lengthened(held.document.series, placed, came.number))
        await stores.machines.write(machine, [Put(record.dump()), Put(series.dump(), held.etag)])
        return record

    return await retry_on_conflict(f"the audits of {machine}", attempt)


async def _held(machine: str, machines: Documents) -> Held:
    stored: Stored | None = await machines.read(machine, "audit-series")
    document = load(stored.body, AuditSeries) if stored else AuditSeries(machine_id=machine)
    numbers = {number for one in document.series for number in (one.first, one.last)}
    records = {}
    for number in sorted(numbers):
        found = await machines.read(machine, audit_id(number))
        if found is None:
            raise Transient(f"{machine}: audit {number} ends a series and cannot be seen")
        records[number] = load(found.body, AuditRecord)
    return Held(document, stored.etag if stored else None, records)


async def _record(
    came: Imported, placed: Place, held: Held, assignment: Assignment, machines: Documents
) -> AuditRecord:
    at, clock = _read_at(came, assignment)
    record = AuditRecord(
        id=audit_id(came.number),
        machine_id=came.upload.machine,
        number=came.number,
        upload=came.upload.id,
        uploaded_at=millis(came.upload.at),
        read_at=at,
        at=at,
        data=facts(came) | {"clock": clock},
        placed=placed.fit.placed,
        reason=placed.why.reason if placed.why else "",
        detail=placed.why.detail if placed.why else "",
        tolerances=[msgspec.to_builtins(one) for one in came.audit.tolerances[:MOST_TOLERANCES]],
        meters=meters(came.audit),
    )
    if placed.fit.added is None or placed.series is None:
        return record
    ends = held.document.series[placed.series]
    before = placed.fit.placed == "before"
    other = held.records[ends.first if before else ends.last]
    span = (at, other) if before else (other.read_at, record)
    record = replace(record, other=other.number)
    return await _claimed(record, placed.fit.added, span, assignment, machines)


async def _claimed(
    record: AuditRecord,
    added: Delta,
    ends: tuple[int, AuditRecord],
    assignment: Assignment,
    machines: Documents,
) -> AuditRecord:
    """The record with what was sold from an instant to the reading of a later audit, and with the machine's
    vends of that span beside it."""
    since, until = ends
    later = _audit(until)
    found, end = in_minor(added, later.money), max(since, until.read_at)
    claimed = sold(found, later, EPOCH + timedelta(milliseconds=since))
    told = {"sold": msgspec.to_builtins(claimed)} if claimed else {}
    span = Span(record.machine_id, since, end, later.money.currency)
    beside = await reconcile_span(found, span, assignment, machines)
    return replace(record, at=end, data={**record.data, **told}, reconciliation=beside)


def _lengthened(series: Sequence[StoredSeries], placed: Place, number: int) -> list[StoredSeries]:
    """The series with the audit at an end of one, which is then the last; or with one more."""
    rest = list(series)
    match placed.fit.placed:
        case "baseline":
            return [*rest, StoredSeries(number, number)][-SERIES:]
        case "after" if placed.series is not None:
            held = rest.pop(placed.series)
            return [*rest, StoredSeries(held.first, number)]
        case "before" if placed.series is not None:
            held = rest.pop(placed.series)
            return [*rest, StoredSeries(number, held.last)]
    return rest


def _read_at(came: Imported, assignment: Assignment) -> tuple[int, str]:
    """When the machine was read, and by whose clock: its own says local time without an offset."""
    uploaded = millis(came.upload.at)
    if came.audit.read_at:
        said = local_instant(came.audit.read_at, assignment, uploaded)
        if uploaded - OLDEST <= said <= uploaded + AHEAD:
            return said, "machine"
    return uploaded, "upload"


def local_instant(said: str, assignment: Assignment, around: int) -> int:
    """The instant (ms) of a machine's local time, in the zone in which it stood at ``around`` (ms).

    Of an hour that the clock shows twice, the first.
    """
    local = datetime.fromisoformat(said).replace(tzinfo=zone(assignment.zone_at(around)))
    return millis(local)


def _audit(record: AuditRecord) -> Audit:
    body: Any = record.meters
    return msgspec.convert(body, Audit)
