"""Answers about visits. Money in minor units, times ISO 8601 in UTC."""

from typing import Literal

from vending.answer import Answer
from vending.documents.uploads import State


class SlotChange(Answer, frozen=True):
    """What a visit did to one selection, in units; ``after`` is what the slot held then."""

    selection: str
    before: int
    added: int
    removed: int
    spoiled: int
    after: int


class LedgerEntry(Answer, frozen=True, kw_only=True):
    """An event of the ledger: when it was, what that time is worth, and which event it was."""

    at: str
    time_quality: str
    device: str
    epoch: int
    ledger: int


class Restock(LedgerEntry, frozen=True, kw_only=True):
    """The machine was filled."""

    slots: list[SlotChange]


class Collection(LedgerEntry, frozen=True, kw_only=True):
    """The cash box was emptied. ``countedMinor`` is null until somebody counted."""

    visit_id: str
    bag_id: str
    currency: str
    box_minor: int
    bills_minor: int
    counted_minor: int | None


class VisitPhoto(Answer, frozen=True):
    """A photo that was uploaded in the visit."""

    photo_id: str
    uploaded_at: str
    thumbnail: str
    large: str


class VisitFile(Answer, frozen=True):
    """A file that was asked for in the visit: what became of it, and why."""

    upload_id: str
    kind: str
    state: State
    asked_at: str
    said: str | None


class VisitRow(Answer, frozen=True, kw_only=True):
    """A visit in a list. ``first`` and ``last`` are the times of all that is known of it."""

    machine_id: str
    visit_id: str
    reason: Literal["fill", "collect", "repair"] | None
    started: str | None
    ended: str | None
    first: str
    last: str
    restocks: int
    added: int
    """Units."""
    removed: int
    spoiled: int
    collections: int
    collected: dict[str, int]
    """Currency → minor units: as counted, else as the machine says."""
    photos: int
    files: int
    """Files of other kinds, and files that were rejected."""


class Visits(Answer, frozen=True):
    """A page of a machine's visits, newest first; ``next`` asks for the page after it."""

    machine_id: str
    visits: list[VisitRow]
    next: str | None


class RouteVisits(Answer, frozen=True):
    """The visits of a route's machines on a day; ``truncated`` says that there were more."""

    route: str
    day: str
    visits: list[VisitRow]
    truncated: bool


class WholeVisit(Answer, frozen=True, kw_only=True):
    """All that is known of one visit, the earliest first."""

    machine_id: str
    visit_id: str
    reason: Literal["fill", "collect", "repair"] | None
    user_ref: str | None
    started: str | None
    ended: str | None
    restocks: list[Restock]
    collections: list[Collection]
    photos: list[VisitPhoto]
    files: list[VisitFile]


class Collections(Answer, frozen=True):
    """A page of a machine's collections, newest first; ``next`` asks for the page after it."""

    machine_id: str
    collections: list[Collection]
    next: str | None
