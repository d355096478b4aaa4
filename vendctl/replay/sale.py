"""One line of a sale, as a sales file tells it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Sale:
    """``at`` is UTC, None where the file has dates only; money in minor units; names as the file has them."""

    line: int
    machine: str
    name: str
    location: str | None
    day: date
    at: datetime | None
    selection: str
    product: str | None
    category: str | None
    paid: int
    quantity: int
    currency: str
    payment: str
    transaction: str | None
    product_name: str | None = None
    selection_name: str | None = None
    """None where the file has no selections and the product made one."""
