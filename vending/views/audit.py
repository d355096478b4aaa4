"""The read model of the audit record: a day, newest first."""

from typing import Any

from vending.answer import Answer
from vending.business_day import instant
from vending.documents.writes import AuditRecord, Outcome
from vending.ports import Documents, Filter
from vending.readable import readable


class AuditRow(Answer, frozen=True):
    """Who changed what. ``begun``: nobody came back to say whether it was done."""

    id: str
    at: str
    by: str
    what: str
    target: str
    outcome: Outcome
    before: Any
    after: Any


class AuditPage(Answer, frozen=True):
    """The records of a day (UTC)."""

    day: str
    records: list[AuditRow]
    next: str | None


async def audit_page(writes: Documents, day: str, limit: int, after: str) -> AuditPage:
    """Those older than ``after``. Of all of them only the ids are read."""
    older: list[Filter] = [("id", "<", after)] if after else []
    names = sorted([one.body["id"] async for one in writes.select(day, *older, fields=("id",))], reverse=True)
    page = names[:limit]
    found: dict[str, AuditRecord] = {}
    if page:
        rows = [readable(x.body, AuditRecord) async for x in writes.select(day, ("id", "in", page))]
        found = {row.id: row for row in rows if row is not None}
    records = [_row(found[name]) for name in page if name in found]
    return AuditPage(day, records, page[-1] if len(names) > len(page) else None)


def _row(record: AuditRecord) -> AuditRow:
    said = record.by, record.what, record.target, record.outcome, record.before, record.after
    return AuditRow(record.id, instant(record.at), *said)
