"""Ledger numbers that were given up."""

from typing import Any

from vending.alerts import rules
from vending.alerts.rules.evidence import Stock
from vending.alerts.rules.lost_sales import LOST_FOR
from vending.alerts.transitions import Finding
from vending.documents.base import load
from vending.documents.stock import MachineStock


def lost_sales(document: dict[str, Any], now: int) -> list[Finding]:
    return list(rules.named("lost-sales").findings(Stock(load(document, MachineStock), now)))


def stock(slots: dict[str, list[Any]], **more: Any) -> dict[str, Any]:
    document = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": 7, "slots": slots}
    return document | {"last": {"vend": [1, 9, 5_000], "restock": [1, 2, 4_000]}} | more


def test_lost_sales_are_told_of_for_a_week_after_the_last_of_them() -> None:
    closed = {"holes": 2, "numbers": 9, "epochs": 0, "at": 5_000, "below": {"d/1": 40}}
    (fresh,) = lost_sales(stock({}, closed=closed), 5_000 + LOST_FOR)
    (over,) = lost_sales(stock({}, closed=closed), 5_001 + LOST_FOR)
    assert (fresh.firing, over.firing) == (True, False)
    assert fresh.order < over.order < (8, 0)
    assert (fresh.component, fresh.at, fresh.detail) == (
        "machine", 5_000, {"holes": 2, "numbers": 9, "epochs": 0},
    )  # fmt: skip


def test_where_nothing_was_given_up_nothing_is_found() -> None:
    assert lost_sales(stock({}), 0) == lost_sales(stock({}, closed={}), 0) == []
