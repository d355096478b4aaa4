"""How many events a hub partition had refused lately: one small document of the container ``conditions``.

For alerts alone. What is refused is in the dead letters, for good; nobody can count those in one request.
"""

from msgspec import field

from vending.documents.base import Document

HOUR = 3_600_000
"""Milliseconds: what is counted together."""


class RefusalCounts(Document, kw_only=True):
    """``refused:{partition}``. What changes it is in :mod:`vending.ingest.count_refusals`."""

    type = "refusals"
    schema = 1
    key = "id"

    partition: str
    hours: dict[str, dict[str, int]] = field(default_factory=dict)
    """Hour (since 1970 UTC) of the hub's time → reason → events; the newest hours."""
    conflicts: dict[str, int] = field(default_factory=dict)
    """Partition key of a sender whose event had another content under the same id → when the newest such was
    enqueued (ms); the newest senders."""
