"""What the rules on stock say of a simulated fleet: nothing of a healthy one, and what is wrong of others."""

import pytest

from simulator.link import FAULTS
from simulator.scenario_file import Act
from tests.unit.alerts.simulated_fleet import DAY, watched
from vending.alerts.policy import Policy
from vending.state.till import owed


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["a quiet network", "every fault of the network"])
def test_a_healthy_fleet_raises_only_what_is_really_wrong(faults: tuple[str, ...]) -> None:
    """Twenty machines for two days: slots that are sold out, and money that somebody is owed."""
    found = watched(20, 2, faults)
    unpaid = [payment for stock in found.stocks.values() for payment in owed(stock.till)]
    assert found.opened.keys() <= {"sold-out", "not-refunded"}
    assert found.opened["not-refunded"] == len(unpaid) <= 5
    assert found.opened["sold-out"] < 40


def test_a_slot_that_jams_is_told_until_somebody_comes() -> None:
    found = watched(6, 3, acts=[Act("jam", DAY // 4, DAY, 1, 0)])
    assert found.opened["vend-failures"] >= 4
    assert found.closed["vend-failures"] == found.opened["vend-failures"]
    assert found.opened["not-refunded"] >= 4


def test_machines_that_nobody_fills_run_low_and_their_cash_waits() -> None:
    policy = Policy({"cash-to-collect": {"capacityMinor": 12_000}})
    left = [Act("no-visits", 0, 6 * DAY, 1, 0), Act("demand", 0, 5 * DAY, 1, 3)]
    found = watched(6, 9, acts=left, policy=policy)
    for rule in ("low-stock", "cash-to-collect"):
        assert found.opened[rule] >= 3, rule
        assert found.closed[rule] >= found.opened[rule] - 1, rule
        assert found.opened[rule] <= 2 * 6, rule


def test_events_that_a_device_loses_are_told() -> None:
    found = watched(20, 6, ["losses"])
    lost = sum(bool(stock.gaps) for stock in found.stocks.values())
    assert lost
    assert found.opened["missing-numbers"] >= lost - 1
