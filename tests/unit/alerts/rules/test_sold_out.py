"""Nothing left of what was counted."""

from typing import Any

import pytest

from vending.alerts import rules
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.base import load
from vending.documents.stock import MachineStock


def sold_out(document: dict[str, Any], now: int) -> list[Finding]:
    return list(rules.named("sold-out").findings(Stock(load(document, MachineStock), now)))


def stock(slots: dict[str, list[Any]], **more: Any) -> dict[str, Any]:
    document = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": 7, "slots": slots}
    return document | {"last": {"vend": [1, 9, 5_000], "restock": [1, 2, 4_000]}} | more


def test_a_selection_is_sold_out_when_nothing_is_left_of_what_was_counted() -> None:
    slots: dict[str, list[Any]] = {
        "11": [[1, 1, 2], [1, 1, 8], [[1, 2, 0]]],
        "12": [[1, 1, 2], None, [[1, 2]]],
        "13": [[1, 1, 1], None, [[1, 2, 0, 1]]],
    }
    found = {x.component: x for x in sold_out(stock(slots), 9_000)}
    assert {name: x.firing for name, x in found.items()} == {"11": True, "12": False, "13": True}
    assert found["11"].detail == {"onHand": 0, "capacity": 8}
    assert found["12"].detail == {"onHand": 1}
    assert {(x.order, x.at, x.rule) for x in found.values()} == {((7,), 5_000, "sold-out")}


@pytest.mark.parametrize(
    ("units", "sold", "capacity", "firing"),
    [(2, 1, 8, False), (1, 1, 8, True), (1, 2, 8, True), (0, 0, 8, True), (0, 0, 1, True), (0, 0, 0, False)],
)
def test_from_the_last_unit_on(units: int, sold: int, capacity: int, firing: bool) -> None:
    """More may be sold than was counted: somebody counted wrong."""
    slots: dict[str, list[Any]] = {"11": [[1, 1, units], [1, 1, capacity], [[1, 2 + n] for n in range(sold)]]}
    assert [x.firing for x in sold_out(stock(slots), 0)] == [firing]


def test_a_selection_that_nobody_counted_has_no_finding() -> None:
    assert sold_out(stock({"11": [None, None, [[1, 2]]]}), 0) == []


def test_a_selection_without_capacity_is_switched_off() -> None:
    assert [x.firing for x in sold_out(stock({"11": [[1, 1, 0], [1, 1, 0], []]}), 0)] == [False]


def test_levels_alone_are_dated_by_the_clock() -> None:
    assert [x.at for x in sold_out(stock({"11": [[1, 1, 0], None, []]}, last={}), 9_000)] == [9_000]
