"""Query parameters of changes, and of what is read before and after them."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from blueprints.questions import Day, Limit
from vending.events.fields import END

RECORD = r"[0-9]{13}-[0-9a-f]{24}"
"""The id of an audit record."""


class ChangeAsked(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Of a change of the catalog."""

    dry_run: bool = False
    take_over: bool = False


class EntriesAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a list of catalog entries."""

    limit: Limit = 100
    after: Annotated[str, Meta(max_length=130)] = ""


class AuditAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the audit record."""

    day: Day | None = None
    limit: Limit = 100
    after: Annotated[str, Meta(pattern=rf"^({RECORD})?{END}")] = ""

    def iso(self) -> str:
        """The day, else today (UTC)."""
        return (self.day or datetime.now(UTC).date()).isoformat()
