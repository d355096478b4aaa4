"""Many refused events."""

import pytest

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Refusals


def verdict(count: int, **thresholds: int) -> bool | None:
    evidence = Refusals({"conflict": count} if count else {}, {}, 0, Policy({"dead-letters": thresholds}))
    (found,) = rules.named("dead-letters").findings(evidence)
    return found.firing


@pytest.mark.parametrize(
    ("count", "expected"), [(0, False), (10, False), (11, None), (49, None), (50, True), (51, True)]
)
def test_fifty_open_it_and_ten_close_it(count: int, expected: bool | None) -> None:
    assert verdict(count) is expected


def test_a_policy_says_how_many() -> None:
    assert (verdict(1, manyEvents=1), verdict(1, fewEvents=0)) == (True, None)


def test_it_tells_how_many_and_the_most_frequent_reason() -> None:
    (found,) = rules.named("dead-letters").findings(Refusals({"conflict": 20, "oversize": 40}, {}, 7))
    assert (found.detail, found.order, found.at) == ({"events": 60, "reason": "oversize"}, (7,), 7)
