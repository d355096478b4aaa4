"""Prices that are not the catalog's."""

from typing import Any

import pytest

from vending.catalog.assignments import Assignment, Edition, Site
from vending.rollups.machine_days import machine_day
from vending.rollups.prices import differing

NOON = 1_772_366_400_000
SITE = Site("s", "S", "UTC")
SLOTS: dict[str, dict[str, Any]] = {
    "A1": {"sku": "cola", "priceMinor": 150, "currency": "EUR"},
    "A2": {"sku": "nuts"},
    "A3": {"priceMinor": 0},
}
KNOWN = Assignment("m1", 1, (("", SITE),), (Edition("", SLOTS),))


def sale(selection: str, price: int, sequence: int = 1, **more: Any) -> Any:
    line = {"ledger": sequence, "sequence": sequence, "kind": "vend", "at": NOON + sequence, "quantity": 2}
    line |= {"quality": "device", "digest": "0", "currency": "EUR", "payment": "cash", "paidMinor": 2 * price}
    return line | {"selection": selection, "priceMinor": price} | more


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], {}),
        ([sale("A1", 150)], {}),
        ([sale("A1", 149)], {"A1": [NOON + 1, 149, "EUR", 150, "EUR"]}),
        ([sale("A1", 151)], {"A1": [NOON + 1, 151, "EUR", 150, "EUR"]}),
        ([sale("A1", 150, currency="USD")], {"A1": [NOON + 1, 150, "USD", 150, "EUR"]}),
        ([sale("A2", 99), sale("B9", 99)], {}),
        ([sale("A3", 1)], {"A3": [NOON + 1, 1, "EUR", 0, "EUR"]}),
        ([sale("A1", 100, 7), sale("A1", 150, 3)], {"A1": [NOON + 7, 100, "EUR", 150, "EUR"]}),
        ([sale("A1", 150, 7), sale("A1", 100, 3)], {}),
        ([sale("A1", 100, payment="test"), sale("A1", 0, payment="free")], {}),
        (
            [sale("A1", 0, payment="free"), sale("A0", 5), sale("A1", 99, 4), sale("A1", 0, payment="test")],
            {"A1": [NOON + 4, 99, "EUR", 150, "EUR"]},
        ),
        ([{"kind": "failure", "selection": "A1", "at": NOON, "sequence": 1}], {}),
    ],
)
def test_of_each_selection_the_newest_sale_is_compared(lines: list[Any], found: dict[str, Any]) -> None:
    assert differing(lines, KNOWN) == differing(lines[::-1], KNOWN) == found


def test_a_sale_is_compared_with_the_price_of_its_moment() -> None:
    later = Edition("2026-03-01T12:00", {"A1": {"priceMinor": 200, "currency": "EUR"}})
    known = Assignment("m1", 2, (("", SITE),), (Edition("", SLOTS), later))
    before, after = sale("A1", 150, at=NOON - 60_000), sale("A1", 150, at=NOON)
    assert differing([before], known) == {}
    assert differing([after], known) == {"A1": [NOON, 150, "EUR", 200, "EUR"]}


def test_a_day_without_any_is_stored_as_before() -> None:
    day = machine_day(None, KNOWN, "2026-03-01", [], NOON)
    assert day.prices is None
    assert "prices" not in day.dump()
