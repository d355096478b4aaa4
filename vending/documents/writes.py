"""What people and programs changed over HTTP, in the container ``writes``. Times are milliseconds since 1970
UTC; ``ttl`` is Cosmos DB's own time to live, in seconds from the document's last change."""

from typing import Any, Literal

from msgspec import Struct

from vending.documents.base import Document

KEY_KEPT_S = 24 * 60 * 60
"""How long an idempotency key is remembered."""
AUDIT_KEPT_S = 2 * 366 * 24 * 60 * 60
"""How long it stays on record who changed what: audit records hold names of people."""
Outcome = Literal["begun", "done", "refused"]
"""``begun``: carried out or not, nobody came back to say."""


class StoredAnswer(Struct):
    """What was answered, for whoever asks again."""

    status: int
    body: Any
    etag: str | None = None


class WriteDocument(Document, kw_only=True):
    """Base of both."""

    schema = 1
    key = "scope"

    scope: str
    ttl: int


class WriteRequest(WriteDocument, kw_only=True):
    """A caller's idempotency key; ``scope`` and id are one digest of the two."""

    type = "request"

    ttl: int = KEY_KEPT_S
    digest: str
    """Of what was asked."""
    at: int
    """When it was asked first."""
    running_until: int
    """Until then somebody is at it; afterwards a repetition may take it over."""
    answer: StoredAnswer | None = None


class AuditRecord(WriteDocument, kw_only=True):
    """``{at}-{request}`` in the scope of its day (UTC): who changed what, when, from what, to what."""

    type = "audit-record"

    ttl: int = AUDIT_KEPT_S
    at: int
    by: str
    what: str
    target: str
    before: Any = None
    after: Any = None
    outcome: Outcome = "begun"
