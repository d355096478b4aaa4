"""At most one daily report a day and recipient, however many instances ask. Pure.

Whoever will send writes a claim first, If-Match, and has it to himself for the lease. A crash between sending
and remembering leaves a claim that ends: the report is then sent again, under the same key and so with the
same Message-ID.
"""

from dataclasses import dataclass
from datetime import datetime

from msgspec import structs

from vending import business_day
from vending.documents.daily_report import DailyReport, report_id
from vending.reports.facts import WHOLE, Scope
from vending.time import millis

LEASE = 11 * 60_000
"""Milliseconds: a little more than the longest that a function runs."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a report, of what, and whose morning counts."""

    address: str
    time_zone: str
    scope: Scope = WHOLE


def due(recipient: Recipient, hour: int, now: datetime) -> str | None:
    """The day whose report is due: yesterday, from the hour of the recipient's clock on; else None."""
    local = business_day.local(millis(now), recipient.time_zone)
    return business_day.shift(local.date().isoformat(), -1) if local.hour >= hour else None


def claim(held: DailyReport | None, address: str, day: str, now: datetime) -> DailyReport | None:
    """The document with the claim on a day's report; None where it is done, or somebody else's for now."""
    before = held or DailyReport(id=report_id(address))
    if before.done >= day or 0 < before.lease_until - millis(now) <= LEASE:
        return None
    return structs.replace(before, claimed=day, lease_until=millis(now) + LEASE)


def done(claimed: DailyReport, reason: str | None = None) -> DailyReport:
    """The document when the report was sent, or (``reason``) is given up."""
    return structs.replace(claimed, done=claimed.claimed, lease_until=0, reason=reason)


def released(claimed: DailyReport) -> DailyReport:
    """The document when sending failed and may be tried again at once."""
    return structs.replace(claimed, lease_until=0)


def key(day: str) -> str:
    """The idempotency key of a day's report; with the recipient it makes the Message-ID."""
    return f"daily-report/{day}"
