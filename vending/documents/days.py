"""Days: of machines in the container ``machines``, their summaries in ``fleet``.

What they mean is said where they are made: :mod:`vending.rollups`, ``machine_days`` and ``rollups``.
Schema 2; documents of schema 1 have no ``allowance`` and name everything in their breakdowns.
"""

from typing import Any

from msgspec import Struct, field

from vending.documents.base import Document, unchanged

Figures = dict[str, Any]
"""Nested maps with integer leaves."""


class Day(Document, kw_only=True):
    """Any day: ``rev`` grows with every replace."""

    schema = 2
    upcasts = {1: unchanged}  # noqa: RUF012 - a ClassVar of the base

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


class FleetDay(Summary, kw_only=True):
    """The whole fleet, products excepted; its children are regions."""

    type = "fleetDay"


class ProductsDay(Summary, kw_only=True):
    """The products of the whole fleet; its children are regions."""

    type = "productsDay"
