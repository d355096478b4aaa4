"""Ledger pages, in the container ``machines``: :mod:`vending.state.ledger` says how they come to be."""

from typing import Any, NotRequired, TypedDict

from msgspec import field

from vending.documents.base import AsStored, Document


class SoldBetween(TypedDict):
    """What an audit says was sold since another one, in minor units; zeros are left out."""

    since: int
    """Milliseconds."""
    vends: int
    value: NotRequired[int]
    free: NotRequired[int]
    test: NotRequired[int]
    selections: NotRequired[list[list[Any]]]
    """``[selection, vends, value, price]``; None for what is not said."""
    payments: NotRequired[dict[str, list[Any]]]
    """``cash`` or ``cashless`` → ``[vends, value]``."""


class Line(TypedDict):
    """A ledger event: what all have, and of the facts of its kind those that are read by name.

    It is the stored map, with all the facts that its event type stated. Money in minor units.
    """

    ledger: int
    sequence: int
    kind: str
    at: int
    """Milliseconds since 1970 UTC."""
    quality: str
    """Of ``at``: :class:`vending.time.Moment`."""
    digest: str
    selection: NotRequired[str]
    quantity: NotRequired[int]
    payment: NotRequired[str]
    currency: NotRequired[str]
    priceMinor: NotRequired[int]
    """Of one unit."""
    paidMinor: NotRequired[int]
    taxMinor: NotRequired[int]
    discountMinor: NotRequired[int]
    sku: NotRequired[str]
    product: NotRequired[str]
    visit: NotRequired[str]
    """The visit in which it happened."""
    sold: NotRequired[SoldBetween]


class LedgerPage(Document, kw_only=True):
    """Lines of one device and epoch in the order of their numbers; ``first`` names the page."""

    type = "page"
    schema = 1
    key = "machineId"

    machine_id: str
    device_id: str
    epoch: int
    first: int
    last: int
    """The highest ledger number."""
    earliest: int = field(name="from")
    latest: int = field(name="to")
    """Times of lines, milliseconds."""
    lines: AsStored[list[Line]]
    visits: AsStored[dict[str, list[int]]] | None = None
    """Visit that lines name → times of the first and the last of them. Absent without any, as ``visited``."""
    visited: int | None = None
    """The last of those times. It is indexed: of all pages of a machine a query finds the few that tell of
    visits, and :class:`vending.documents.visits.VisitRecord` with them."""

    @property
    def book(self) -> str:
        """Whose numbers these are: ``"device/epoch"``."""
        return f"{self.device_id}/{self.epoch}"
