"""A sales file's own totals against what the system stored: every difference, with its machine and day.

Everything is brought to one form, ``Totals``: (machine, day, currency, part) → revenue and units, where the
part is "" for the whole day, ``product:…`` or ``payment:…``. Sums of a machine, of a product or of a payment
method over all days agree when these do.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vendctl.replay.sale import Sale
from vending.catalog.assignments import UNKNOWN
from vending.documents.base import load
from vending.documents.pages import LedgerPage
from vending.rollups.tree import OTHER

FLEET = "fleet"
"""Stands for all machines together, in the totals of fleet days."""
UNPAID = ("free", "test")
"""Payment methods that rollups count apart: they are no sales."""
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """What a sum is of."""

    machine: str
    day: str
    currency: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """Minor units, and units sold."""

    revenue: int = 0
    units: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.revenue + other.revenue, self.units + other.units)


Totals = dict[Key, Sum]


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale of the file or a vend of the ledger, as both can tell it."""

    machine: str
    day: str
    product: str | None
    payment: str
    currency: str
    sum: Sum

    @property
    def paid(self) -> bool:
        """Whether it is a sale in the sense of the rollups."""
        return self.payment not in UNPAID


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One sum that is off. ``where`` is ledger, rollup or fleet day."""

    where: str
    key: Key
    file: Sum
    stored: Sum

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        kind, _, name = self.key.part.partition(":")
        return {
            "where": self.where,
            "machine": self.key.machine,
            "day": self.key.day,
            **({kind: name} if kind else {}),
            "currency": self.key.currency,
            "fileRevenueMinor": self.file.revenue,
            "storedRevenueMinor": self.stored.revenue,
            "fileUnits": self.file.units,
            "storedUnits": self.stored.units,
        }

    def __str__(self) -> str:
        part = f" {self.key.part.replace(':', ' ', 1)}" if self.key.part else ""
        return (
            f"{self.key.machine} {self.key.day}{part}: the file has {self.file.revenue} minor units "
            f"{self.key.currency} and {self.file.units} units, the {self.where} has "
            f"{self.stored.revenue} and {self.stored.units}"
        )


def file_sold(sales: Iterable[Sale]) -> list[Sold]:
    """The rows of the file."""
    return [
        Sold(x.machine, x.day.isoformat(), x.product, x.payment, x.currency, Sum(x.paid, x.quantity))
        for x in sales
    ]


def ledger_sold(pages: Iterable[Body], zone: ZoneInfo) -> list[Sold]:
    """The vends of ledger pages, on the local days of the zone."""
    return [
        Sold(
            page.machine_id,
            datetime.fromtimestamp(line["at"] / 1000, UTC).astimezone(zone).date().isoformat(),
            line.get("product"),
            line["payment"],
            line["currency"],
            Sum(line["paidMinor"], line["quantity"]),
        )
        for page in (load(body, LedgerPage) for body in pages)
        for line in page.lines
        if line["kind"] == "vend"
    ]


def totals(sold: Iterable[Sold], machine: str | None = None) -> Totals:
    """Sums by machine day, and by product and payment within it; all machines as one where it is named."""
    result: Totals = {}
    for one in sold:
        for part in ("", f"product:{one.product or UNKNOWN}", f"payment:{one.payment}"):
            key = Key(machine or one.machine, one.day, one.currency, part)
            result[key] = result.get(key, Sum()) + one.sum
    return result


def machine_day_totals(days: Iterable[Body], currency: str, products: Mapping[str, str]) -> Totals:
    """What the rollups' machine days say; ``products`` names the SKUs."""
    result: Totals = {}
    for day in days:
        result |= dict(_figures(day["machineId"], day["date"], day["figures"], currency, products))
    return result


def fleet_day_totals(days: Mapping[str, Body], currency: str, products: Mapping[str, str]) -> Totals:
    """What the fleet's days say: day → figures (with the products' among them)."""
    result: Totals = {}
    for day, figures in days.items():
        result |= dict(_figures(FLEET, day, figures, currency, products))
    return result


def compare(where: str, file: Totals, stored: Totals) -> list[Mismatch]:
    """Every sum in which the two differ; a sum of nothing is the same as none.

    Of a day whose rollup does not tell all products apart, only the sum over them is compared.
    """
    summed = {(key.machine, key.day) for key in stored if key.part == f"product:{OTHER}"}
    if summed:
        file, stored = _products_summed(file, summed), _products_summed(stored, summed)
    keys = sorted(file.keys() | stored.keys(), key=lambda key: (key.machine, key.day, key.part, key.currency))
    pairs = [(key, file.get(key, Sum()), stored.get(key, Sum())) for key in keys]
    return [Mismatch(where, key, ours, theirs) for key, ours, theirs in pairs if ours != theirs]


def _products_summed(sums: Totals, days: Collection[tuple[str, str]]) -> Totals:
    result: Totals = {}
    for key, value in sums.items():
        if (key.machine, key.day) in days and key.part.startswith("product:"):
            key = replace(key, part=f"product:{OTHER}")
        result[key] = result.get(key, Sum()) + value
    return result


def by_machine(sold: Iterable[Sold], currency: str) -> dict[str, Sum]:
    """Paid sales of each machine: units of all of them, revenue of one currency."""
    result: dict[str, Sum] = {}
    for one in sold:
        if one.paid:
            revenue = one.sum.revenue if one.currency == currency else 0
            result[one.machine] = result.get(one.machine, Sum()) + Sum(revenue, one.sum.units)
    return dict(sorted(result.items()))


def other_currencies(sold: Iterable[Sold], currency: str) -> dict[str, int]:
    """Revenue of all machines in each other currency; currencies are never summed."""
    result: dict[str, int] = {}
    for one in sold:
        if one.paid and one.currency != currency:
            result[one.currency] = result.get(one.currency, 0) + one.sum.revenue
    return dict(sorted(result.items()))


def units_apart(sold: Iterable[Sold], currency: str) -> list[Sold]:
    """As rollups can tell it, which keep units but not per currency: all of them are counted with the one."""
    result: list[Sold] = []
    for one in sold:
        result.append(replace(one, currency=currency, sum=Sum(0, one.sum.units)))
        result.append(replace(one, sum=Sum(one.sum.revenue, 0)))
    return result


def _figures(
    machine: str, day: str, figures: Body, currency: str, products: Mapping[str, str]
) -> Iterator[tuple[Key, Sum]]:
    parts = {"": figures}
    parts |= {f"payment:{name}": value for name, value in figures.get("payments", {}).items()}
    parts |= {f"product:{products.get(sku, sku)}": value for sku, value in figures.get("skus", {}).items()}
    for code in {currency, *figures.get("revenue", {})}:
        for part, value in parts.items():
            # Units are not kept per currency: see units_apart.
            units = value.get("units", 0) if code == currency else 0
            yield Key(machine, day, code, part), Sum(value.get("revenue", {}).get(code, 0), units)
