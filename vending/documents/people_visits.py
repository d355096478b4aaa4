"""Visits that people record over HTTP, in the container ``machines``: the numbers of their events."""

from msgspec import Struct, field

from vending.documents.base import Document


class WaitingVisit(Struct, frozen=True):
    """A visit whose event is numbered and perhaps not in the hub yet."""

    sequence: int
    visit: str
    reason: str
    at: int
    """When it ended (ms)."""
    user: str | None = None


class PeopleVisits(Document, kw_only=True):
    """The sequence numbers that were issued to the events of a machine's visits: from 1 without holes."""

    type = "people-visits"
    schema = 1
    key = "machineId"

    id: str = "people-visits"
    machine_id: str
    last: int = 0
    waiting: list[WaitingVisit] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    """The newest requests, each with the number of its visit."""
