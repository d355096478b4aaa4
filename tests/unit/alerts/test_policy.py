"""What operators say of thresholds."""

import msgspec
import pytest

from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.rules import every
from vending.alerts.rules.cold_chain import ColdChainThresholds


def test_what_a_policy_does_not_say_is_the_default() -> None:
    assert DEFAULTS.of("cold-chain", ColdChainThresholds) == ColdChainThresholds()
    assert Policy({"silent": {}}).of("cold-chain", ColdChainThresholds) == ColdChainThresholds()


def test_what_a_rule_does_not_know_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="graceHours"):
        Policy({"cold-chain": {"graceHours": 1}}).of("cold-chain", ColdChainThresholds)


def test_every_threshold_of_every_rule_has_a_default() -> None:
    for rule in every():
        assert isinstance(DEFAULTS.of(rule.name, rule.thresholds), rule.thresholds)
