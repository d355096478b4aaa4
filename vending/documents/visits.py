"""Visits of a machine, in the container ``machines``."""

from msgspec import Struct, field

from vending.documents.base import Document

PREFIX = "visit:"
"""Of the ids."""


class Told(Struct, frozen=True, order=True):
    """What one event told of a visit. The greatest is the newest, whoever told it."""

    epoch: int
    sequence: int
    device: str
    at: int
    """Milliseconds."""
    reason: str
    user: str = ""


class VisitRecord(Document, kw_only=True):
    """``visit:{visit id}``: that somebody came, and that he left. What he filled and collected is in the
    ledger, his files in the uploads; they name the visit."""

    type = "visit"
    schema = 1
    key = "machineId"

    machine_id: str
    first: int = field(name="from")
    visited: int
    """The earlier and the later one of the two (ms), under the names by which pages of the ledger that tell
    of visits are found: a query for either finds both."""
    started: Told | None = None
    ended: Told | None = None

    @property
    def visit(self) -> str:
        """The visit's id."""
        return self.id.removeprefix(PREFIX)
