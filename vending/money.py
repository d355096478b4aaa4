"""Money for people: integer minor units of an ISO 4217 currency, never through a float. Pure."""

from collections.abc import Mapping

DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Currencies that do not have two decimals."""


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit, as ISO 4217 lists them."""
    return next((decimals for decimals, codes in DECIMALS.items() if currency in codes.split()), 2)


def amount(minor: int, currency: str) -> str:
    """Minor units as people write them, without the currency: ``1,234.50``."""
    decimals = exponent(currency)
    whole, rest = divmod(abs(minor), 10**decimals)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}.{rest:0{decimals}d}" if decimals else f"{sign}{whole:,}"


def amounts(money: Mapping[str, int]) -> str:
    """Minor units by currency, which are never summed: ``1,234.50 EUR + 3,000 JPY``; ``0`` for none."""
    return " + ".join(f"{amount(minor, code)} {code}" for code, minor in sorted(money.items())) or "0"
