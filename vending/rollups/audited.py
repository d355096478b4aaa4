"""What an audit says was sold, as figures of a day: for machines whose sales are those of their audits.

All of a span counts in the business day of its end, which is when it was read, because meters do not say when
they moved; and in no hour of it. Pure.
"""

from typing import Any

from vending.catalog.assignments import Assignment
from vending.documents.days import Figures
from vending.documents.pages import Line, SoldBetween
from vending.money import exponent
from vending.rollups.tree import OTHER, add


def counted(line: Line, assignment: Assignment) -> Figures:
    """What the line of an audit adds; nothing where the sales of its span are the devices' to tell."""
    sold = line.get("sold")
    if sold is None or not assignment.by_audits(sold["since"], line["at"]):
        return {}
    currency = _currency(line, assignment)
    result = _figures(sold["vends"], sold.get("value"), currency)
    for apart in ("free", "test"):
        if count := sold.get(apart):
            result[apart] = count
    if not sold["vends"]:
        return result
    _add_selections(result, line, sold, assignment, currency)
    payments: Figures = {}
    for way, (vends, value) in sold.get("payments", {}).items():
        payments[way] = _figures(vends, value, currency)
    _add_rest(result, "payments", payments)
    return result


def _add_selections(
    result: Figures, line: Line, sold: SoldBetween, assignment: Assignment, currency: str | None
) -> None:
    selections: Figures = {}
    skus: Figures = {}
    for selection, vends, value, _ in sold.get("selections", []):
        figures = _figures(vends, value, currency)
        selections[selection] = figures
        add(skus.setdefault(assignment.sku({"at": line["at"], "selection": selection}), {}), figures)
    _add_rest(result, "selections", selections)
    _add_rest(result, "skus", skus)


def _figures(vends: int, value: int | None, currency: str | None) -> Figures:
    """Each vend is one unit: meters know no more."""
    figures: Figures = {"vends": vends, "units": vends} if vends else {}
    return figures | ({"revenue": {currency: value}} if value and currency else {})


def _add_rest(result: Figures, name: str, parts: Figures) -> None:
    """A breakdown, with what nothing is said of under :data:`OTHER`."""
    rest: dict[str, Any] = {"vends": result["vends"], "units": result["units"]}
    money = dict(result.get("revenue", {}))
    for part in parts.values():
        for count in ("vends", "units"):
            rest[count] -= part.get(count, 0)
        for currency, value in part.get("revenue", {}).items():
            money[currency] -= value
    rest = {count: number for count, number in rest.items() if number}
    if money := {currency: value for currency, value in money.items() if value}:
        rest["revenue"] = money
    result[name] = parts | ({OTHER: rest} if rest else {})


def _currency(line: Line, assignment: Assignment) -> str | None:
    """The audit's, else that of the planogram, where it has one of two decimals: so the money was read."""
    if currency := line.get("currency"):
        return currency
    slots = assignment.slots_at(line["at"]).values()
    named = {str(slot["currency"]) for slot in slots if slot.get("currency")}
    return named.pop() if len(named) == 1 and exponent(min(named)) == 2 else None
