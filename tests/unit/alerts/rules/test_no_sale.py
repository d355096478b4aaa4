"""Machines that sell nothing for longer than their habit explains."""

import math
from typing import Any

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.habits import Habit
from vending.documents.stock import MachineStock

HOUR = 3_600_000
SOLD = 1_772_366_400_000
ALWAYS = Habit(id="m1", time_zone="UTC", hours=[8] * 168, days=[4] * 7, through="2026-02-28")
"""Two an hour, day and night."""
HUNDREDTH = -math.log(0.01) / 2 * HOUR
"""Milliseconds after which nothing sold has that probability."""


def no_sale(after: float, habit: Habit | None = ALWAYS, **said: Any) -> list[Finding]:
    stock = MachineStock(machine_id="m1", rev=7, last={"vend": [3, 9, SOLD], "restock": [3, 11, SOLD + HOUR]})
    evidence = Stock(stock, SOLD + round(after), Policy({"no-sale": said}), habit)
    return list(rules.named("no-sale").findings(evidence))


@pytest.mark.parametrize(
    ("after", "said", "firing"),
    [
        (HUNDREDTH - 2, {"probability": 0.01}, False),
        (HUNDREDTH + 2, {"probability": 0.01}, True),
        (2 * HUNDREDTH - 2, {}, False),
        (2 * HUNDREDTH + 2, {}, True),
        (2 * HUNDREDTH + 2, {"hours": 5}, False),
        (5 * HOUR - 1, {"hours": 5}, False),
        (5 * HOUR, {"hours": 5}, True),
        (2 * HOUR - 1, {"probability": 0.2}, False),
        (2 * HOUR, {"probability": 0.2}, True),
        (-HOUR, {}, False),
    ],
)
def test_the_boundaries(after: float, said: dict[str, Any], firing: bool) -> None:
    (found,) = no_sale(after, **said)
    assert (found.component, found.firing, found.order) == ("machine", firing, (3, 9, int(firing)))
    assert found.detail == {"lastSale": SOLD}


def test_without_a_habit_only_the_next_sale_says_something() -> None:
    (found,) = no_sale(1_000 * HOUR, None)
    assert (found.firing, found.order) == (False, (3, 9, 0))


def test_a_machine_that_never_sold_has_no_evidence() -> None:
    stock = MachineStock(machine_id="m1", rev=7)
    assert list(rules.named("no-sale").findings(Stock(stock, SOLD, habit=ALWAYS))) == []
