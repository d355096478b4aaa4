"""Cash that waits to be collected."""

from typing import Any

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.stock import MachineStock, StoredTill

ROOM = {"capacityMinor": 10_000}


def cash_to_collect(cash: list[Any], **said: Any) -> list[Finding]:
    till = StoredTill(cash=cash) if cash else None
    stock = MachineStock(machine_id="m1", rev=7, till=till, last={"vend": [1, 9, 5_000]})
    return list(rules.named("cash-to-collect").findings(Stock(stock, 9, Policy({"cash-to-collect": said}))))


@pytest.mark.parametrize(
    ("cash", "said", "firing"),
    [
        ([[1, 2, "EUR", 8_999]], ROOM, None),
        ([[1, 2, "EUR", 9_000]], ROOM, True),
        ([[1, 2, "EUR", 20_000]], ROOM, True),
        ([[1, 2, "EUR", 5_000], [1, 3, "EUR", 4_000]], ROOM, True),
        ([[1, 2, "EUR", 5_000], [1, 3, "USD", 4_000]], ROOM, False),
        ([[1, 2, "EUR", 8_001]], ROOM, None),
        ([[1, 2, "EUR", 8_000]], ROOM, False),
        ([], ROOM, False),
        ([], ROOM | {"bandPercent": 100}, False),
        ([[1, 2, "EUR", 10**12]], {}, False),
        ([[1, 2, "EUR", 5_000]], ROOM | {"fullPercent": 50}, True),
    ],
)
def test_the_boundaries(cash: list[Any], said: dict[str, Any], firing: bool | None) -> None:
    (found,) = cash_to_collect(cash, **said)
    assert (found.component, found.at) == ("machine", 5_000)
    assert found.firing is firing


def test_a_machine_that_sold_nothing_has_no_evidence() -> None:
    assert list(rules.named("cash-to-collect").findings(Stock(MachineStock(machine_id="m1", rev=1), 9))) == []
