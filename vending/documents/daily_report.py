"""Which daily report a recipient has: one document for each, in the container ``alerts``."""

import hashlib

from vending.documents.alerts import NOTIFICATIONS, AlertDocument


def report_id(recipient: str) -> str:
    """The id of a recipient's document. It does not tell the recipient's, which may be an address."""
    return f"daily-report:{hashlib.sha256(recipient.encode()).hexdigest()[:32]}"


class DailyReport(AlertDocument, kw_only=True):
    """What one recipient was mailed. Days are ``YYYY-MM-DD``; what changes it is in
    :mod:`vending.reports.sending`."""

    type = "daily-report"

    machine_id: str = NOTIFICATIONS
    done: str = ""
    """The newest day whose report was sent, or given up; "": none yet."""
    claimed: str = ""
    """The day whose report somebody is about to send."""
    lease_until: int = 0
    """Until when (ms) he may; 0 when it is over."""
    reason: str | None = None
    """Why the newest one was given up."""
