"""What to take along to a machine: the pre-kit of a visit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any


@dataclass(frozen=True, slots=True)
class Pick:
    """What one slot needs at the visit. ``quantity`` is units, ``expected`` those that sell until then."""

    machine: str
    selection: str
    sku: str
    quantity: int
    on_hand: int
    par: int
    expected: float


def picks(
    machine: str,
    slots: Mapping[str, Mapping[str, Any]],
    on_hand: Mapping[str, int | None],
    rate: Mapping[str, float],
    lead_days: float,
    case_sizes: Mapping[str, int],
) -> tuple[list[Pick], list[str]]:
    """The picks of one machine, and the selections that cannot be planned (no par, or never counted).

    Quantity = max(0, par − (on hand − units per day × days until the visit)), on hand then never below zero,
    rounded up to the SKU's case size; where the slot has no room for that, as many whole cases as fit, and
    where not even one fits, the units without rounding.
    Source: pre-kitting as vending management systems describe it (par-based pick with lead time).
    """
    found: list[Pick] = []
    unplanned: list[str] = []
    for selection, slot in sorted(slots.items()):
        held, par = on_hand.get(selection), slot.get("par", slot.get("capacity"))
        if held is None or par is None:
            unplanned.append(selection)
            continue
        expected = rate.get(selection, 0.0) * lead_days
        left = max(0.0, held - expected)
        quantity = _cases(par - left, case_sizes.get(slot["sku"], 1), slot.get("capacity"), left)
        if quantity:
            found.append(Pick(machine, selection, slot["sku"], quantity, held, par, expected))
    return found, unplanned


def _cases(needed: float, case: int, capacity: int | None, left: float) -> int:
    if needed <= 0:
        return 0
    # A hair above a whole number is the fault of the division, not a unit that somebody will buy.
    quantity = ceil(round(needed, 6) / case) * case
    if capacity is None:
        return quantity
    room = int(capacity - left)
    if quantity > room:
        quantity = room // case * case
    return quantity or min(ceil(round(needed, 6)), room)


def by_sku(found: Iterable[Pick]) -> dict[str, int]:
    """Units to load into the van, by SKU."""
    result: dict[str, int] = {}
    for pick in found:
        result[pick.sku] = result.get(pick.sku, 0) + pick.quantity
    return dict(sorted(result.items()))
