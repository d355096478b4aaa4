"""Machines that run low."""

from typing import Any

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.stock import MachineStock

TEN = [(10, 10)] * 10


def low_stock(levels: list[Any], **said: Any) -> list[Finding]:
    """Of slots with (units, capacity): None for a capacity that nobody stated, or for units that nobody
    counted."""
    slots = {
        f"S{n:03}": [None if units is None else [1, 1, units], None if most is None else [1, 1, most], []]
        for n, (units, most) in enumerate(levels)
    }
    stock = MachineStock(machine_id="m1", rev=7, slots=slots, last={"vend": [1, 9, 5_000]})
    return list(rules.named("low-stock").findings(Stock(stock, 9, Policy({"low-stock": said}))))


@pytest.mark.parametrize(
    ("levels", "said", "firing"),
    [
        # so many selections are low: 3 open it, 1 closes it
        ([(2, 10)] * 2 + TEN, {"selections": 3, "bandSelections": 2}, None),
        ([(2, 10)] * 3 + TEN, {"selections": 3, "bandSelections": 2}, True),
        ([(2, 10)] * 4 + TEN, {"selections": 3, "bandSelections": 2}, True),
        ([(2, 10)] * 1 + TEN, {"selections": 3, "bandSelections": 2}, False),
        ([(3, 10)] * 3 + TEN, {"selections": 3, "bandSelections": 2}, False),
        # low are 20 percent, or one unit, whatever the capacity
        ([(1, 4)] * 3 + TEN, {"selections": 3}, True),
        ([(2, 4)] * 3 + TEN, {"selections": 3}, False),
        ([(1, None)] * 3 + TEN, {"selections": 3}, True),
        ([(2, None)] * 3 + TEN, {"selections": 3}, False),
        ([(2, None)] * 3 + TEN, {"selections": 3, "lowUnits": 2}, True),
        # so much is gone: 75 percent open it, 65 close it
        ([(26, 100)], {}, None),
        ([(25, 100)], {}, True),
        ([(24, 100)], {}, True),
        ([(34, 100)], {}, None),
        ([(35, 100)], {}, False),
        ([(0, 100), (100, 100), (0, 100), (0, 100)], {}, True),
        ([(120, 100), (0, 100), (0, 100), (0, 100)], {}, True),
        # what is switched off, or unknown, is not looked at
        ([(0, 0)] * 20 + TEN, {"selections": 3}, False),
        ([(None, 10)] * 20 + TEN, {"selections": 3}, False),
        ([(0, 0)] * 20, {}, False),
        # it can close, however wide the band
        ([(10, 10)], {"selections": 1, "bandSelections": 120, "bandPercent": 100}, False),
        ([(9, 10)], {"selections": 1, "bandSelections": 120, "bandPercent": 100}, None),
    ],
)
def test_the_boundaries(levels: list[Any], said: dict[str, Any], firing: bool | None) -> None:
    (found,) = low_stock(levels, **said)
    assert (found.component, found.order, found.at) == ("machine", (7,), 5_000)
    assert found.firing is firing


def test_a_machine_that_nobody_counted_has_no_evidence() -> None:
    assert low_stock([]) == low_stock([(None, 10)]) == []


def test_it_says_how_low() -> None:
    (found,) = low_stock([(1, 10), (2, 10), (9, 10)])
    assert found.detail == {"low": 2, "selections": 3, "depletedPercent": 60}
