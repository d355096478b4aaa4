"""The money of an interval in minor units of its currency, as the ledger counts it."""

from msgspec.structs import replace

from vending.money import exponent
from vending.uploads.dex.audit import CashFlow, Money
from vending.uploads.dex.counters import Change
from vending.uploads.dex.delta import Delta, Sold


def in_minor(found: Delta, money: Money) -> Delta:
    """The interval with all its money in minor units: two decimals where no currency is named.

    An amount that is no whole number of them is left unsaid.
    """
    more = exponent(money.currency) - money.decimals
    if more == 0:
        return found
    return replace(
        found,
        paid=_change(found.paid, more),
        test=_change(found.test, more),
        free=_change(found.free, more),
        payments={name: _change(one, more) for name, one in found.payments.items()},
        selections={name: _sold(one, more) for name, one in found.selections.items()},
        cash=_flow(found.cash, more),
    )


def price(units: int | None, money: Money) -> int | None:
    """A price in minor units; None for one that is not said or no whole number of them."""
    return _shifted(units, exponent(money.currency) - money.decimals)


def _shifted(value: int | None, more: int) -> int | None:
    """By so many decimals, up or down."""
    if value is None or more >= 0:
        return value and value * 10 ** max(more, 0)
    whole, rest = divmod(value, 10**-more)
    return None if rest else whole


def _change(one: Change, more: int) -> Change:
    return replace(one, value=_shifted(one.value, more))


def _sold(one: Sold, more: int) -> Sold:
    devices = {name: _change(device, more) for name, device in one.devices.items()}
    return Sold(_change(one.paid, more), _change(one.test, more), _change(one.free, more), devices)


def _flow(flow: CashFlow, more: int) -> CashFlow:
    """Whole notes are no money of ours, and are left out."""
    names = (name for name in flow.__struct_fields__ if name != "notes")
    return CashFlow(**{name: _shifted(getattr(flow, name), more) for name in names})
