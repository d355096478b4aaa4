"""Boxes that are nearly full."""

from typing import Any

import pytest

from tests.unit.alerts.rules.registers import START, found, verdict


@pytest.mark.parametrize(
    ("bills", "expected"), [(449, None), (450, True), (500, True), (401, None), (400, False), (0, False)]
)
def test_bills_open_at_nine_tenths_and_close_at_eight(bills: int, expected: bool | None) -> None:
    assert verdict("cash-box", {"cashbox:bills": [1, 5, START, bills]}) is expected


@pytest.mark.parametrize(
    ("held", "thresholds", "expected"),
    [
        (10**9, {}, False),  # nobody knows how much goes in
        (90_000, {"coinsMinor": 100_000}, True),
        (89_999, {"coinsMinor": 100_000}, None),
        (50_000, {"coinsMinor": 100_000, "fullPercent": 50, "bandPercent": 0}, True),
        (49_999, {"coinsMinor": 100_000, "fullPercent": 50, "bandPercent": 0}, False),
    ],
)
def test_coins_by_what_the_box_takes(held: int, thresholds: dict[str, Any], expected: bool | None) -> None:
    assert verdict("cash-box", {"cashbox:coins": [1, 5, START, held]}, **thresholds) is expected


def test_an_emptied_box_closes_it() -> None:
    full = found("cash-box", {"cashbox:bills": [1, 5, START, 480]})
    empty = found("cash-box", {"cashbox:bills": [1, 6, START, 0]})
    assert (full.firing, empty.firing) == (True, False)
    assert empty.order > full.order
    assert full.detail == {"held": 480, "room": 500}
