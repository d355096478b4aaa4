"""Amounts and counts: what may be two numbers, or of another currency, is an error and no assumption."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.amounts import minor_units
from vendctl.replay.errors import Unreadable
from vendctl.replay.money import Numbers, money, whole_number

GERMAN = Numbers(",", ".", stated=True)
ENGLISH = Numbers(".", ",", stated=True)
SWISS = Numbers(".", "'", stated=True)
FRENCH = Numbers(",", " ", stated=True)
POINT = Numbers(".", "", stated=True)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "CLP", "VND"])
@pytest.mark.parametrize("text", ["1.500", "12.000", "1.0000"])
def test_more_decimals_than_the_currency_has_are_no_assumption(text: str, currency: str) -> None:
    """1.500 is one and a half for some and one thousand five hundred for others."""
    with pytest.raises(Unreadable, match=rf"'{text}' has more decimals than {currency}, .*\[numbers\]"):
        minor_units(text, currency)


@pytest.mark.parametrize(
    ("text", "currency", "numbers", "minor"),
    [
        ("1.500", "EUR", GERMAN, 150_000), ("12.000", "JPY", GERMAN, 12_000), ("1.500", "CLP", GERMAN, 1_500),
        ("12.345.678", "VND", GERMAN, 12_345_678), ("1.500,25", "EUR", GERMAN, 150_025),
        ("0,5", "EUR", GERMAN, 50),
        ("1,234.50", "USD", ENGLISH, 123_450), ("1234.5", "USD", ENGLISH, 123_450),
        ("1'234.50", "CHF", SWISS, 123_450),
        ("1’234.50", "CHF", SWISS, 123_450), ("1 234,50", "EUR", FRENCH, 123_450),
        ("1\u202f234,50\u00a0€", "EUR", FRENCH, 123_450), ("1.500", "EUR", POINT, 150),
        ("12.", "EUR", POINT, 1_200),
    ],
)  # fmt: skip
def test_stated_marks_are_obeyed(text: str, currency: str, numbers: Numbers, minor: int) -> None:
    assert minor_units(text, currency, numbers) == minor


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.50", GERMAN), ("15.00", GERMAN), ("1.5000", GERMAN), (".500", GERMAN), ("1.500.00", GERMAN),
        ("1,50", ENGLISH), ("12,34", ENGLISH), ("1 50", FRENCH), ("1,2,3", GERMAN), ("1..500", GERMAN),
        (",", GERMAN),
    ],
)  # fmt: skip
def test_groups_are_of_three(text: str, numbers: Numbers) -> None:
    with pytest.raises(Unreadable, match="is no amount"):
        minor_units(text, "EUR", numbers)


def test_a_comma_asks_for_the_numbers_table() -> None:
    with pytest.raises(Unreadable, match=r"'1,50' is no amount: .*2\.50; or say under \[numbers\]"):
        minor_units("1,50", "EUR")
    with pytest.raises(Unreadable, match=r"'1\.505' has more decimals than EUR, which has 2$"):
        minor_units("1.505", "EUR", POINT)


@pytest.mark.parametrize("text", ["$1.50", "£1.50", "1.50 USD", "¥1", "kr 1", "CHF1.50", "1.50?"])
def test_a_sign_of_another_currency_is_an_error(text: str) -> None:
    with pytest.raises(Unreadable, match=r"is not in EUR: say under \[currencies\]"):
        minor_units(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("€1.50", "EUR"), ("1.50€", "EUR"), ("EUR 1.50", "EUR"), ("1.50 eur", "EUR"), ("$1.50", "CAD"),
        ("£ 1.50", "GBP"), ("R$1.50", "BRL"), ("1.50 zł", "PLN"), ("+$1.50", "USD"), ("$+1.50", "USD"),
    ],
)  # fmt: skip
def test_the_own_sign_or_code_is_none(text: str, currency: str) -> None:
    assert money(text, currency, POINT, {}) == (150, currency)


def test_currencies_by_sign() -> None:
    signs = {"$": "CAD", "£": "GBP", "¥": "JPY", "PTS": "EUR"}
    assert money("$1.50", "EUR", POINT, signs) == (150, "CAD")
    assert money("¥150", "EUR", POINT, signs) == (150, "JPY")
    assert money("1.50 Pts", "EUR", POINT, signs) == (150, "EUR")
    assert money("1.50", "EUR", POINT, signs) == (150, "EUR")
    assert money("€1.50", "EUR", POINT, signs) == (150, "EUR")


def test_a_sign_must_not_contradict_the_currency_column() -> None:
    assert money("$1.50", "CAD", POINT, {"$": "CAD"}, stated=True) == (150, "CAD")
    with pytest.raises(Unreadable, match="is not in GBP: its column says another"):
        money("$1.50", "GBP", POINT, {"$": "CAD"}, stated=True)


@pytest.mark.parametrize("text", ["-1.50", "$-1.50", "-$1.50", "\u22121.50"])
def test_refunds_are_no_sales(text: str) -> None:
    with pytest.raises(
        Unreadable, match=r"is negative: a refund is no sale, leave such rows out by \[skip\]"
    ):
        minor_units(text, "USD")


@pytest.mark.parametrize(
    ("text", "numbers", "units"),
    [("2", Numbers(), 2), ("2.0", Numbers(), 2), ("2.00", Numbers(), 2), ("1.000", GERMAN, 1000),
     ("1,000", POINT, 0), ("1.000", POINT, 1), ("1,000", GERMAN, 1), ("2,0", GERMAN, 2)],
)  # fmt: skip
def test_counts(text: str, numbers: Numbers, units: int) -> None:
    if units:
        assert whole_number(text, 999_999, numbers) == units
    else:
        with pytest.raises(Unreadable, match="is no whole number from 1"):
            whole_number(text, 999_999, numbers)


def test_a_count_that_may_be_a_thousand_is_an_error() -> None:
    with pytest.raises(Unreadable, match=r"'1\.000' may be 1 or 1000: say under \[numbers\]"):
        whole_number("1.000", 999_999, Numbers())


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "1000000", "x", "1e3"])
def test_no_counts(text: str) -> None:
    with pytest.raises(Unreadable, match="is no whole number from 1 to 999999"):
        whole_number(text, 999_999, POINT)


@given(st.integers(0, 10**9), st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)]))
def test_every_grouped_amount_comes_back(minor: int, currency: tuple[str, int]) -> None:
    """As Python itself groups digits, in each way of writing."""
    code, places = currency
    whole, part = divmod(minor, 10**places)
    rest = f".{part:0{places}d}" if places else ""
    english = f"{whole:,}{rest}"
    swapped = english.translate(str.maketrans(",.", ".,"))
    for text, numbers in ((english, ENGLISH), (swapped, GERMAN), (english.replace(",", "'"), SWISS)):
        assert minor_units(text, code, numbers) == minor
