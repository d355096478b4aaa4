"""Amounts as sales files write them → integer minor units of an ISO 4217 currency, never through a float."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from vendctl.replay.errors import Unreadable
from vending.money import exponent

SIGNS = {
    "$": "USD AUD BBD BMD BSD CAD CLP COP HKD JMD MXN NZD SGD TTD TWD UYU ARS", "€": "EUR", "£": "GBP",
    "¥": "JPY CNY", "US$": "USD", "C$": "CAD", "A$": "AUD", "R$": "BRL", "R": "ZAR", "kr": "SEK NOK DKK ISK",
    "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "Fr": "CHF", "lei": "RON", "₹": "INR", "₩": "KRW", "₫": "VND",
    "₺": "TRY", "₽": "RUB", "₴": "UAH", "₪": "ILS", "฿": "THB", "₱": "PHP",
}  # fmt: skip
"""What a sign may stand for. In a file of another currency it is a mistake, or ``[currencies]`` says more."""
MOST = 1_000_000_000
"""Minor units of one event, by the catalogue."""
SAY_NUMBERS = "say under [numbers] which sign is the decimal mark and which one groups thousands"
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "\u2212": "-"})
_AMOUNT = re.compile(r"([+-]?)\s*([^0-9\s.,+'_-]*)\s*([+-]?[0-9.,'_ ]*?)\s*([^0-9\s.,+'_-]*)")


@dataclass(frozen=True)
class Numbers:
    """How a file writes numbers. ``stated``: somebody said so, it is no assumption."""

    decimal: str = "."
    thousands: str = ""
    stated: bool = False


PLAIN = Numbers()


def money(
    text: str, currency: str, numbers: Numbers, signs: Mapping[str, str], *, stated: bool = False
) -> tuple[int, str]:
    """Minor units and currency: ``"3.5"`` in USD is 350. ``signs`` are the mapping's own; a sign says the
    currency where no column did (``stated``). Raises :class:`Unreadable` for what is no exact, non-negative
    amount.
    """
    parts = _AMOUNT.fullmatch(text.translate(_SPACES).strip())
    if parts is None or (parts[2] and parts[4]) or (parts[1] and parts[3][:1] in ("+", "-")) or not parts[3]:
        raise Unreadable(
            text, f"is no amount: write digits with a decimal mark, such as 2{numbers.decimal}50"
        )
    found = _currency(text, parts[2] or parts[4], currency, signs, stated=stated)
    value = number(text, parts[1] + parts[3], numbers)
    if value < 0:
        raise Unreadable(text, "is negative: a refund is no sale, leave such rows out by [skip]")
    if not numbers.stated and -int(value.as_tuple().exponent) > exponent(found):
        raise Unreadable(text, f"has more decimals than {found}, which has {exponent(found)}: {SAY_NUMBERS}")
    amount = value.scaleb(exponent(found))
    if amount != amount.to_integral_value():
        raise Unreadable(text, f"has more decimals than {found}, which has {exponent(found)}")
    if amount > MOST:
        raise Unreadable(text, f"is above {MOST} minor units, the most of one sale")
    return int(amount), found


def number(text: str, digits: str, numbers: Numbers) -> Decimal:
    """The number in a cell's text, digits grouped by threes or not at all. Raises :class:`Unreadable`."""
    mark, group = re.escape(numbers.decimal), re.escape(numbers.thousands)
    whole = rf"[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+" if group else "[0-9]+"
    parts = re.fullmatch(rf"([+-]?)({whole}|)(?:{mark}([0-9]*))?", digits)
    if parts is None or not (parts[2] or parts[3]):
        told = "" if numbers.stated or not re.search("[0-9]", digits) else f"; or {SAY_NUMBERS}"
        example = f"2{numbers.decimal}50"
        raise Unreadable(text, f"is no amount: write digits with a decimal mark, such as {example}{told}")
    bare = parts[2].replace(numbers.thousands, "") if group else parts[2]
    return Decimal(f"{parts[1]}{bare or '0'}.{parts[3] or ''}")


def whole_number(text: str, most: int, numbers: Numbers) -> int:
    """A count from 1. Raises :class:`Unreadable`; ``1.000`` may be one or a thousand."""
    told = f"is no whole number from 1 to {most}"
    try:
        value = number(text, text.translate(_SPACES), numbers)
    except Unreadable as fault:
        raise Unreadable(text, told) from fault
    if not numbers.stated and int(value.as_tuple().exponent) == -3:
        raise Unreadable(text, f"may be {value:.0f} or {value.scaleb(3):.0f}: {SAY_NUMBERS}")
    if value != value.to_integral_value() or not 1 <= value <= most:
        raise Unreadable(text, told)
    return int(value)


def shares(total: int, quantities: list[int]) -> list[int]:
    """``total`` divided in proportion to the quantities, in whole minor units that sum up to it exactly."""
    units, taken, given, parts = sum(quantities), 0, 0, []
    for quantity in quantities:
        taken += quantity
        parts.append(total * taken // units - given)
        given += parts[-1]
    return parts


def _currency(text: str, sign: str, currency: str, signs: Mapping[str, str], *, stated: bool) -> str:
    said = signs.get(sign) or signs.get(sign.upper())
    if said is not None and (said == currency or not stated):
        return said
    if said is None and (sign in ("", currency, currency.lower()) or currency in SIGNS.get(sign, "").split()):
        return currency
    cure = "its column says another" if stated else f"say under [currencies] which one {sign!r} is"
    raise Unreadable(text, f"is not in {currency}: {cure}, or leave the row out by [skip]")
