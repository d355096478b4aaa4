"""Payments for nothing."""

from typing import Any

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.stock import MachineStock

HOUR = 3_600_000
NOW = 1_000 * HOUR


def not_refunded(ages: list[float], now: int = NOW, **said: Any) -> list[Finding]:
    """Of payments so many hours old."""
    owed = [[1, n, round(NOW - hours * HOUR), 150, "EUR", "A1"] for n, hours in enumerate(ages)]
    stock = MachineStock(machine_id="m1", rev=7, till={"owed": owed} if owed else None)
    return list(rules.named("not-refunded").findings(Stock(stock, now, Policy({"not-refunded": said}))))


@pytest.mark.parametrize(
    ("ages", "said", "firing"),
    [
        ([0], {}, True),
        ([72], {}, True),
        ([72.001], {}, False),
        ([71.999], {}, True),
        ([-1], {}, True),
        ([500, 300], {}, False),
        ([500, 1], {}, True),
        ([1], {"payments": 2}, False),
        ([1, 2], {"payments": 2}, True),
        ([1, 73], {"payments": 2}, False),
        ([2], {"hours": 1}, False),
    ],
)
def test_the_boundaries(ages: list[float], said: dict[str, Any], firing: bool) -> None:
    (found,) = not_refunded(ages, **said)
    assert (found.component, found.firing) == ("machine", firing)


def test_a_machine_that_owed_nothing_has_no_evidence() -> None:
    assert not_refunded([]) == []


def test_time_moves_its_order_on_and_more_evidence_does_too() -> None:
    (fresh,), (over,) = not_refunded([1, 2]), not_refunded([1, 2], NOW + 71 * HOUR)
    assert fresh.order < over.order < (8, 0)
    assert (fresh.firing, over.firing) == (True, True)
    (none,) = not_refunded([1, 2], NOW + 72 * HOUR)
    assert (none.firing, none.order > over.order) == (False, True)


def test_it_says_how_much_and_where() -> None:
    owed = [
        [1, 1, NOW, 150, "EUR", "B2"], [1, 2, NOW, 100, "USD", "A1"], [1, 3, NOW, 0, "", "A1"],
        [1, 4, NOW - 80 * HOUR, 999, "EUR", "C3"],
    ]  # fmt: skip
    stock = MachineStock(machine_id="m1", rev=7, till={"owed": owed})
    (found,) = rules.named("not-refunded").findings(Stock(stock, NOW))
    assert found.detail == {"payments": 3, "amounts": {"EUR": 150, "USD": 100}, "selections": "A1, B2"}
