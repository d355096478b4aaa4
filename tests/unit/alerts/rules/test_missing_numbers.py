"""Ledger numbers that do not come."""

from itertools import pairwise
from typing import Any

import pytest

from tests.support.events import hub_event, vend
from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.stock import MachineStock
from vending.events.event import parse
from vending.state import stock
from vending.time import millis

MINUTE, DAY = 60_000, 86_400_000
NOW = 100 * DAY


def missing_numbers(ages: list[int], now: int = NOW, **said: Any) -> Finding:
    """Of holes so many milliseconds old."""
    gaps = [["d/1", 2 * n, 2 * n, NOW - age] for n, age in enumerate(ages, 1)]
    held = MachineStock(machine_id="m1", rev=7, applied={"d/1": [[1, 1], [3, 3]]}, gaps=gaps or None)
    (found,) = rules.named("missing-numbers").findings(Stock(held, now, Policy({"missing-numbers": said})))
    return found


@pytest.mark.parametrize(
    ("ages", "said", "firing"),
    [
        ([], {}, False),
        ([60 * MINUTE], {}, False),
        ([60 * MINUTE + 1], {}, True),
        ([60 * MINUTE - 1], {}, False),
        ([0, 61 * MINUTE], {}, True),
        ([7 * DAY], {}, True),
        ([7 * DAY + 1], {}, False),
        ([8 * DAY, MINUTE], {}, False),
        ([8 * DAY, 61 * MINUTE], {}, True),
        ([2 * MINUTE], {"afterMinutes": 1}, True),
        ([2 * DAY], {"days": 1}, False),
        ([-5 * MINUTE], {}, False),
    ],
)
def test_the_boundaries(ages: list[int], said: dict[str, Any], firing: bool) -> None:
    found = missing_numbers(ages, **said)
    assert (found.component, found.firing) == ("machine", firing)


def test_time_moves_its_order_on() -> None:
    """Whatever it says on the way: one stock is evaluated again and again."""
    ages = [0, 30 * MINUTE, 3 * DAY]
    seen = [missing_numbers(ages, NOW + later * MINUTE) for later in range(0, 12 * 24 * 60, 7)]
    orders = [found.order for found in seen]
    assert orders == sorted(orders)
    changes = [(a, b) for a, b in pairwise(seen) if a.firing != b.firing]
    assert changes
    assert all(a.order < b.order < (8, 0) for a, b in changes)
    assert seen[-1].firing is False


def folded(held: MachineStock, *numbers: int) -> MachineStock:
    return stock.fold(held, [parse(hub_event(number, vend(number))) for number in numbers]).stock


def test_it_ends_when_the_numbers_come_or_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fires(held: MachineStock) -> bool | None:
        (found,) = rules.named("missing-numbers").findings(Stock(held, later))
        return found.firing

    at = millis(hub_event(5, b"").enqueued)
    later = at + 61 * MINUTE
    held = folded(stock.empty("m1"), 1, 2, 5)
    assert held.gaps == [["dev-1/1", 3, 4, at]]
    assert fires(held)
    assert fires(folded(held, 3))
    assert not fires(folded(held, 3, 4))
    assert folded(held, 3, 4).gaps is None
    monkeypatch.setattr("vending.state.books.MAX_HOLES", 1)
    given_up = folded(held, 7)
    assert [gap[1:3] for gap in given_up.gaps or ()] == [[6, 6]]


def test_a_machine_without_a_ledger_has_no_evidence() -> None:
    empty = Stock(MachineStock(machine_id="m1", rev=1), NOW)
    assert list(rules.named("missing-numbers").findings(empty)) == []
