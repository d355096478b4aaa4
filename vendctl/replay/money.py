"""Amounts as sales files write them → integer minor units of an ISO 4217 currency, never through a float."""

from decimal import Decimal, InvalidOperation

DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Currencies that do not have two decimals."""
SIGNS = "$€£¥"
MOST = 1_000_000_000
"""Minor units of one event, by the catalogue."""


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit, as ISO 4217 lists them."""
    return next((decimals for decimals, codes in DECIMALS.items() if currency in codes.split()), 2)


def minor_units(text: str, currency: str) -> int:
    """``"3.5"`` in USD is 350. Raises ValueError for what is no exact, non-negative amount."""
    bare = text.strip().strip(SIGNS).strip()
    if not bare or not set(bare) <= set("0123456789.-+"):
        raise ValueError(f"{text!r} is no amount: write digits with a decimal point, such as 2.50")
    try:
        amount = Decimal(bare).scaleb(exponent(currency))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no amount: write digits with a decimal point, such as 2.50") from None
    if amount < 0:
        raise ValueError(f"{text!r} is negative: a refund is no sale, take such rows out of the file")
    if amount != amount.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency}, which has {exponent(currency)}")
    if amount > MOST:
        raise ValueError(f"{text!r} is above {MOST} minor units, the most of one sale")
    return int(amount)


def shares(total: int, quantities: list[int]) -> list[int]:
    """``total`` divided in proportion to the quantities, in whole minor units that sum up to it exactly."""
    units, taken, given, parts = sum(quantities), 0, 0, []
    for quantity in quantities:
        taken += quantity
        parts.append(total * taken // units - given)
        given += parts[-1]
    return parts
