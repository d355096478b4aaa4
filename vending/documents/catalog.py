"""The operator's catalog, in the container ``catalog``. Its partition key ``kind`` is the ``type``.

``since`` is a local day ``YYYY-MM-DD``, in a planogram also a local time ``YYYY-MM-DDTHH:MM``, and ``""`` for
"always".
"""

from typing import Any

from msgspec import Struct, field

from vending.documents.base import Document

VERSION_ID = "version"


class CatalogDocument(Document, kw_only=True):
    """Base of all in the catalog."""

    schema = 1
    key = "kind"

    kind: str


class CatalogEntry(CatalogDocument, kw_only=True):
    """What imports write; ``version`` is the number of the import that changed it last."""

    version: int = 0
    affects: list[tuple[int, str]] = field(default_factory=list)
    """``(version, since)``: from which day on each import changed what rollups make of it."""


class CatalogSite(CatalogEntry, kw_only=True):
    """A site. ``route`` is ``""`` where nobody drives there yet; opening hours by weekday."""

    type = "site"

    kind: str = "site"
    name: str = ""
    time_zone: str
    route: str = ""
    opening_hours: dict[str, list[str]] | None = None
    latitude: float | None = None
    """Degrees, WGS 84; both or neither."""
    longitude: float | None = None


class CatalogMachine(CatalogEntry, kw_only=True):
    """A machine and its ``(since, site)``; ``site`` is the latest of them. ``sources``: ``(since, source)``,
    whether its sales are those of its devices (``device``, before the first of them too) or those that its
    audits say (``audit``)."""

    type = "machine"

    kind: str = "machine"
    name: str = ""
    site: str = ""
    placements: list[tuple[str, str]]
    device: str | None = None
    sources: list[tuple[str, str]] | None = None


class CatalogProduct(CatalogEntry, kw_only=True):
    """A product; its id is the SKU."""

    type = "product"

    kind: str = "product"
    name: str = ""
    category: str | None = None
    cost_minor: int | None = None
    currency: str | None = None
    tax_basis_points: int | None = None
    case_size: int | None = None


class StoredEdition(Struct):
    """A planogram from a local moment on: selection → ``{sku, capacity, par, ...}``."""

    since: str
    slots: dict[str, dict[str, Any]]


class CatalogPlanogram(CatalogEntry, kw_only=True):
    """What the selections of a machine (``id``) hold, over time."""

    type = "planogram"

    kind: str = "planogram"
    editions: list[StoredEdition]


class CatalogRecipient(CatalogEntry, kw_only=True):
    """Who gets mails about alerts. ``severity`` is the least that is mailed, ``none`` for nothing at all.

    Without sites and routes they are of all machines, and of the app itself. Hours are by weekday, local to
    the site; without any there is no hour without mails. What :mod:`vending.notifications.recipients` makes
    of it.
    """

    type = "recipient"

    kind: str = "recipient"
    name: str = ""
    address: str
    severity: str = "info"
    sites: list[str] | None = None
    routes: list[str] | None = None
    hours: dict[str, list[str]] | None = None
    critical_always: bool | None = None
    """Whether critical ones are mailed outside the hours too."""
    daily_report: bool | None = None
    """Whether the daily report is mailed; unless it is said, where alerts are."""


class StoredWindow(Struct, frozen=True):
    """Maintenance: from when (inclusive) until when, milliseconds since 1970 UTC, and why."""

    since: int = field(name="from")
    until: int = field(name="to")
    reason: str = ""


class CatalogPolicy(CatalogEntry, kw_only=True):
    """What alert rules compare with: ``fleet``, ``site:{id}`` or ``machine:{id}``.

    What it means is said in :mod:`vending.catalog.policies`.
    """

    type = "policy"

    kind: str = "policy"
    thresholds: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    maintenance: list[StoredWindow] = field(default_factory=list)


class CatalogVersion(CatalogDocument, kw_only=True):
    """The number of the last import, written after everything that it covers; ``pending``: one under way."""

    type = "version"

    id: str = VERSION_ID
    kind: str = "version"
    number: int = 0
    pending: int | None = field(default_factory=lambda: None)  # stored as null, not left out
    pending_by: str | None = None
    """The request that ``pending`` is of, where one over HTTP began it: its repetition goes on with it."""
    requests: dict[str, int] | None = None
    """The newest requests over HTTP, each with the number that it got."""
