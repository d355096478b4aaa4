"""Amounts of sales files, without signs of currencies."""

from vendctl.replay.money import PLAIN, Numbers, money


def minor_units(text: str, currency: str, numbers: Numbers = PLAIN) -> int:
    """``"3.5"`` in USD is 350. Raises Unreadable."""
    return money(text, currency, numbers, {})[0]
