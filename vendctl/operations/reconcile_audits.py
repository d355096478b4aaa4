"""Two audits of a machine beside what its ledger holds now of the time between, late events included."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from vending.catalog.assignments import Assignment
from vending.documents.audits import LISTED, AuditRecord, audit_id
from vending.documents.base import load
from vending.documents.uploads import UploadNumbers
from vending.errors import Rejected
from vending.ports import Documents, Filter
from vending.time import EPOCH
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.delta import Delta, delta
from vending.uploads.dex.minor import in_minor
from vending.uploads.dex.reconcile import Reconciliation, reconcile
from vending.uploads.place_audit import local_instant
from vending.uploads.reconcile_audit import Span, ledger_of

LOOKED = 200
"""Uploads among which the newest span is looked for."""


@dataclass(frozen=True)
class Two:
    """Two audits, the earlier one first, and the instants (ms) at which the machine was read."""

    before: Audit
    after: Audit
    since: int
    until: int


@dataclass(frozen=True)
class Beside:
    """The interval, its money in minor units, and the ledger beside it."""

    delta: Delta
    reconciliation: Reconciliation


async def stored(machine: str, number: int | None, machines: Documents) -> Two:
    """The ends of the span that an uploaded audit claims; without a number the newest one that claims any.

    Raises Rejected where there is none.
    """
    if number is None:
        number = await _newest(machine, machines)
    record = await _record(machine, number, machines)
    if record.other is None:
        raise Rejected("no-span", f"audit {number} of {machine} claims nothing: it is {record.placed}")
    other = await _record(machine, record.other, machines)
    one, two = (other, record) if record.placed == "after" else (record, other)
    return Two(_audit(one), _audit(two), one.read_at, max(one.read_at, two.read_at))


def of_files(before: Audit, after: Audit, assignment: Assignment, around: int) -> Two:
    """Two audits that nobody uploaded, by the machine's own clock in its site's zone, as it was at ``around``
    (ms). Raises Rejected where they do not say when they were read."""
    if not before.read_at or not after.read_at:
        raise Rejected("no-time", "one of the audits does not say when it was read: the ledger has no span")
    since, until = (local_instant(said, assignment, around) for said in (before.read_at, after.read_at))
    return Two(before, after, since, max(since, until))


async def beside(machine: str, two: Two, machines: Documents) -> Beside:
    """The reconciliation as of now. Raises Transient."""
    found = in_minor(delta(two.before, two.after), two.after.money)
    span = Span(machine, two.since, two.until, two.after.money.currency)
    return Beside(found, reconcile(found, await ledger_of(span, machines)))


def told(two: Two) -> str:
    """The span, for people."""
    ends = [EPOCH + timedelta(milliseconds=at) for at in (two.since, two.until)]
    return " → ".join(f"{end:%Y-%m-%d %H:%M:%S} UTC" for end in ends)


async def _newest(machine: str, machines: Documents) -> int:
    held = await machines.read(machine, "upload-numbers")
    last = load(held.body, UploadNumbers).last if held else 0
    where: list[Filter] = [("id", ">=", audit_id(max(last - LOOKED, 0))), ("id", "<=", audit_id(last))]
    found = machines.select(machine, *where, fields=LISTED)
    records = [load(each.body, AuditRecord) async for each in found]
    claiming = [(record.at, record.number) for record in records if record.other is not None]
    if not claiming:
        raise Rejected("no-span", f"no two audits of {machine} that follow each other were uploaded")
    return max(claiming)[1]


async def _record(machine: str, number: int, machines: Documents) -> AuditRecord:
    held = await machines.read(machine, audit_id(number))
    if held is None:
        raise Rejected("no-audit", f"{machine} has no audit {number}")
    return load(held.body, AuditRecord)


def _audit(record: AuditRecord) -> Audit:
    return msgspec.convert(record.meters, Audit)
