"""What the rollups remember of their own work, in the container ``fleet``."""

from msgspec import Struct, field

from vending.documents.base import Document
from vending.documents.days import BUCKETS

ROLLUP, REWORK = "rollup", "rework"
"""The scopes, which are partition keys."""
OPEN_DAYS = "open-days"
UNDER_WAY = 600_000
"""Milliseconds for which a closing that went on is left to the message that it sent."""


class State(Document, kw_only=True):
    """Base of the documents of both scopes."""

    schema = 1
    key = "scope"

    scope: str = ROLLUP


class Shards(State, kw_only=True):
    """The feed ranges as they were when first asked for: a stored range stays readable after a split."""

    type = "shards"

    id: str = "shards"
    ranges: list[str]


class Shard(State, kw_only=True):
    """How far the feed of one range was read: ``shard:{n}``."""

    type = "shard"

    continuation: str | None = None


class OpenDay(Struct):
    """A business day with early figures."""

    date: str
    closes: int
    """When the last of its machines closes it (ms), of those that sold."""
    step: int = 0
    """How far its closing is: :mod:`vending.rollups.close_days`."""
    went_on: int = 0
    """When it was there (ms); 0 before the closing begins, which no later sale puts off."""

    def due(self, now: int) -> bool:
        """Whether it is to be closed, or is being closed."""
        return self.went_on > 0 or self.closes <= now

    def rests(self, now: int) -> bool:
        """Whether it is due, and nobody has closed any of it for a while."""
        return self.due(now) and self.went_on + UNDER_WAY <= now

    @property
    def early(self) -> bool:
        """Whether its early figures count."""
        return self.step <= BUCKETS


class OpenDays(State, kw_only=True):
    """Which days are counted early."""

    type = "openDays"

    id: str = OPEN_DAYS
    days: list[OpenDay] = field(default_factory=list)


class CatalogProgress(State, kw_only=True):
    """Which version of the catalog was spread over the machines, and which one is being spread."""

    type = "catalog"

    id: str = "catalog"
    processed: int = 0
    target: int = 0
    after: str = ""
    """The machines up to this one are done, of ``target``."""


class Rework(State, kw_only=True):
    """The days of a machine (``id``) that a change of the catalog made dirty, or a defect left uncounted."""

    type = "rework"

    scope: str = REWORK
    open: bool
    """Whether anything is still to be done."""
    since: str
    """The first of the days; ``""`` for all."""
    due: int
    """When the next pass begins (ms)."""
    second_pass: int = field(name="settles")
    """A pass must begin at this time or later (ms): by then no reader of the older catalog is left; or 0."""
    broken: bool
    """Whether the last pass left a day uncounted."""
    version: int
    """The catalog version that must be visible."""
    cursor: str = ""
    """Of the pass in progress: the last day that is done."""
    began: int | None = None
    """When that pass began (ms)."""
    failing: bool | None = None
    """Whether it met a day that cannot be counted."""
    recount: bool | None = None
    """Whether an operator took pages away: each pass counts from those that there are."""
