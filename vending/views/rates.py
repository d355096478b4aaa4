"""How fast slots sell, from machine days. Slots are by selection, days are business days."""

from collections.abc import Mapping, Sequence
from typing import Any


def units_per_day(days: Mapping[str, Mapping[str, Any] | None], window: Sequence[str]) -> dict[str, float]:
    """Units ÷ day of each selection: what depletes a slot, free and test vends (one unit each) included.

    ``days`` is figures by date (:func:`vending.rollups.tree.total`), ``window`` the dates asked about;
    those without a sale count. Raises ValueError for an empty window.
    """
    if not window:
        raise ValueError("units per day of no days at all; name at least one")
    sold: dict[str, int] = {}
    for day in window:
        for selection, figures in ((days.get(day) or {}).get("selections") or {}).items():
            count = sum(figures.get(name, 0) for name in ("units", "free", "test"))
            sold[selection] = sold.get(selection, 0) + count
    return {selection: count / len(window) for selection, count in sold.items()}
