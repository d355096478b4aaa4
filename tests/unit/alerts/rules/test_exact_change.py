"""Coin tubes that run out."""

import pytest

from tests.unit.alerts.rules.registers import START, found, verdict

Tubes = list[list[int | bool]]


@pytest.mark.parametrize(
    ("tubes", "expected"),
    [
        ([[10, 4, False], [50, 60, True]], True),
        ([[10, 5, False], [50, 60, True]], None),
        ([[10, 9, False], [50, 60, True]], None),
        ([[10, 10, False], [50, 60, True]], False),
        ([[10, 3, False], [10, 2, False]], None),  # two tubes of one coin
        ([[10, 0, False]], True),
        ([], False),  # it gives no change ever
    ],
)
def test_few_coins_open_it_and_enough_of_each_close_it(tubes: Tubes, expected: bool | None) -> None:
    assert verdict("exact-change", {"cash": [1, 5, START, tubes]}) is expected


def test_it_tells_the_rarest_coin() -> None:
    said = found("exact-change", {"cash": [1, 5, START, [[50, 2, False], [10, 2, False], [20, 3, False]]]})
    assert said.detail == {"coinMinor": 10, "coins": 2}


def test_a_policy_says_how_few() -> None:
    entry = {"cash": [1, 5, START, [[10, 12, False]]]}
    assert verdict("exact-change", entry, fewCoins=20) is True
    assert verdict("exact-change", entry, enoughCoins=20) is None
    assert verdict("exact-change", entry, fewCoins=0, enoughCoins=0) is False
