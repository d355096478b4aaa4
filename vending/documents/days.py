"""Days: of machines in the container ``machines``, their summaries in ``fleet``.

What they mean is said where they are made: :mod:`vending.rollups`, ``machine_days`` and ``rollups``.
Schema 1 had no ``allowance`` and named everything in its breakdowns; schema 2 knew no early figures.
"""

from typing import Any, NamedTuple

from msgspec import Struct, field

from vending.documents.base import Document, unchanged

BUCKETS = 64
"""Of an open day. One of 5,000 machines' has some 80, and takes 30 KB."""
Figures = dict[str, Any]
"""Nested maps with integer leaves."""


class Day(Document, kw_only=True):
    """Any day: ``rev`` grows with every replace."""

    schema = 3
    upcasts = {1: unchanged, 2: unchanged}  # noqa: RUF012 - a ClassVar of the base

    date: str
    rev: int
    computed_at: str = ""


class Closed(Struct):
    """A day as it stood when it closed."""

    at: str
    vends: int
    units: int


class MachineDay(Day, kw_only=True):
    """A machine's business day; ``window`` is [from, to) in milliseconds."""

    type = "day"
    key = "machineId"

    machine_id: str
    time_zone: str = ""
    site: str = ""
    sites: list[str]
    """Every site that the day was ever counted at."""
    route: str = ""
    figures: Figures
    window: list[int]
    pages: int
    """How many ledger pages it was computed from."""
    catalog_version: int
    version: int
    """Grows when the figures change."""
    closed: Closed | None = None
    late_units: int = 0
    prices: dict[str, list[Any]] | None = None
    """Selection whose price is not the catalog's → what :func:`vending.rollups.prices.differing` tells."""
    recounts: int | None = None
    """How often an operator took pages away."""
    buckets: list[int] | None = None
    """Every bucket that has, or had, its early figures: these are newer than ``figures`` until it closes."""


class Summary(Day, kw_only=True):
    """The day of a scope: ``children`` is child → ``[rev, figures]``."""

    key = "scope"

    scope: str
    children: dict[str, list[Any]]
    allowance: int | None = None
    """Bytes that each child may take, where the document once was too large."""


class SiteDay(Summary, kw_only=True):
    """A site; its children are machines. ``routes``: every route that it was ever counted on."""

    type = "siteDay"

    route: str = ""
    routes: list[str] = field(default_factory=list)
    catalog_version: int = 0


class RouteDay(Summary, kw_only=True):
    """A route; its children are sites."""

    type = "routeDay"


class AreaDay(Summary, kw_only=True):
    """One of 256 areas; its children are sites."""

    type = "areaDay"


class RegionDay(Summary, kw_only=True):
    """One of 16 regions; its children are areas."""

    type = "regionDay"


class WholeDay(Summary, kw_only=True):
    """Of the whole fleet; its children are regions."""

    early: dict[str, list[Any]] | None = None
    """While the day is open, bucket → ``[rev, figures]``: they count, and the children do not yet."""


class FleetDay(WholeDay, kw_only=True):
    """The whole fleet, products excepted."""

    type = "fleetDay"


class ProductsDay(WholeDay, kw_only=True):
    """The products of the whole fleet."""

    type = "productsDay"


class Early(NamedTuple):
    """The figures of a machine's day that is still open: an entry of a bucket."""

    catalog_version: int
    recounts: int
    rev: int
    """Of the machine day that was computed last, as those before."""
    assignment: str
    """Fingerprint of what the catalog says of the machine."""
    site: str
    """``""``: the day is counted in another bucket now."""
    route: str
    figures: Figures
    counted: dict[str, list[list[int]]] | None
    """Book ``"device/epoch"`` → the ledger numbers in the figures, as :mod:`vending.state.intervals`. None:
    what is new cannot be added, the day is computed from the ledger each time."""


class BucketDay(Day, kw_only=True):
    """The early figures of the machines of a bucket."""

    type = "bucketDay"
    key = "scope"

    scope: str
    sealed: bool = False
    """Whether the day is being closed, or is: nothing is added any more."""
    allowance: int | None = None
    """Bytes that each machine's figures may take, where the document once was too large."""
    early: dict[str, Early]
    """Machine → its entry."""
