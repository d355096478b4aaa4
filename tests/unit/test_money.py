"""Minor units as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.money import DECIMALS, amount, amounts, exponent


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [
        (0, "EUR", "0.00"),
        (5, "EUR", "0.05"),
        (123_450, "EUR", "1,234.50"),
        (-150, "EUR", "-1.50"),
        (-5, "EUR", "-0.05"),
        (1_234, "JPY", "1,234"),
        (-1_234, "JPY", "-1,234"),
        (1_234, "KWD", "1.234"),
        (12_345, "CLF", "1.2345"),
    ],
)
def test_by_currency(minor: int, currency: str, told: str) -> None:
    assert amount(minor, currency) == told


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", *" ".join(DECIMALS.values()).split()]))
def test_nothing_is_lost(minor: int, currency: str) -> None:
    assert Decimal(amount(minor, currency).replace(",", "")).scaleb(exponent(currency)) == minor


def test_currencies_are_never_summed() -> None:
    assert amounts({"USD": 100, "EUR": 250, "JPY": 300}) == "2.50 EUR + 300 JPY + 1.00 USD"
    assert amounts({}) == "0"
