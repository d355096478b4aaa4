"""At most one daily report a day and recipient, however many instances ask. Pure.

Whoever will send writes a claim first, If-Match, and has it to himself for the lease. A crash between sending
and remembering leaves a claim that ends: the report is then sent again, under the same key and so with the
same Message-ID.
"""

from datetime import datetime

from msgspec import structs

from vending import business_day
from vending.documents.catalog import CatalogRecipient
from vending.documents.daily_report import DailyReport, report_id
from vending.time import millis

LEASE = 11 * 60_000
"""Milliseconds: a little more than the longest that a function runs."""


def due(zone: str, hour: int, now: datetime) -> str | None:
    """The day whose report is due: yesterday, from that hour of the zone's clock on; else None."""
    local = business_day.local(millis(now), zone)
    return business_day.shift(local.date().isoformat(), -1) if local.hour >= hour else None


def wants(recipient: CatalogRecipient) -> bool:
    """Whether a recipient gets reports: as he says, else whoever gets mails at all."""
    said = recipient.daily_report
    return recipient.severity != "none" if said is None else said


def claim(held: DailyReport | None, recipient: str, day: str, now: datetime) -> DailyReport | None:
    """The document with the claim on a day's report; None where it is done, or somebody else's for now."""
    before = held or DailyReport(id=report_id(recipient))
    if before.done >= day or 0 < before.lease_until - millis(now) <= LEASE:
        return None
    return structs.replace(before, claimed=day, lease_until=millis(now) + LEASE)


def done(claimed: DailyReport, reason: str | None = None) -> DailyReport:
    """The document when the report was sent, or (``reason``) is given up."""
    return structs.replace(claimed, done=claimed.claimed, lease_until=0, reason=reason)


def released(claimed: DailyReport) -> DailyReport:
    """The document when sending failed and may be tried again at once."""
    return structs.replace(claimed, lease_until=0)


def key(claimed: DailyReport) -> str:
    """The idempotency key of a recipient's report of a day; with the address it makes the Message-ID."""
    return f"{claimed.id}/{claimed.claimed}"
