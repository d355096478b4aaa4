"""Zones that are too warm."""

from vending.alerts import rules
from vending.alerts.alerts import Finding
from vending.alerts.policy import Policy
from vending.alerts.rules.cold_chain import ColdChainThresholds
from vending.alerts.rules.evidence import Registers
from vending.documents.conditions import Entry

MINUTE = 60_000
GRACE = int(ColdChainThresholds().grace_minutes * MINUTE)


def findings(entry: Entry, now: int, silent_after: int) -> list[Finding]:
    """Of all the rules on registers."""
    return rules.findings(Registers("m1", entry, now, silent_after))


def test_a_cold_zone_may_be_warm_for_as_long_as_a_refill_takes() -> None:
    good = [1, 5, 1_000, 4.0]
    for late, celsius, firing in ((0, 9.0, False), (1, 9.0, True), (1, 5.0, False)):
        entry = {"temp:cabinet": [1, 9, 1_000 + GRACE + late, celsius], "good:cabinet": good}
        (found,) = findings(entry, 0, MINUTE)
        assert (found.rule, found.component, found.firing) == ("cold-chain", "cabinet", firing)


def test_a_zone_that_never_was_cold_is_no_cold_zone() -> None:
    (found,) = findings({"temp:boiler": [1, 9, 10**12, 92.0]}, 0, MINUTE)
    assert not found.firing


def test_a_policy_says_for_how_long() -> None:
    policy = Policy({"cold-chain": {"graceMinutes": 1}})
    entry: Entry = {"temp:cabinet": [1, 9, 1_000 + MINUTE, 9.0], "good:cabinet": [1, 5, 1_000, 4.0]}
    for late, firing in ((0, False), (1, True)):
        entry["temp:cabinet"] = [1, 9, 1_000 + MINUTE + late, 9.0]
        (found,) = rules.findings(Registers("m1", entry, 0, MINUTE, policy=policy))
        assert found.firing is firing
