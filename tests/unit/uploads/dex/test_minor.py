"""An interval's money in minor units: each amount of it, and none that is no whole number of them."""

from dataclasses import replace

import pytest

from tests.support.audits import Meters
from vending.uploads.dex.audit import CashFlow, Money
from vending.uploads.dex.counters import Change
from vending.uploads.dex.delta import Delta, Sold, delta
from vending.uploads.dex.minor import in_minor, price
from vending.uploads.dex.parse import parse


def interval(scale: int) -> Delta:
    """Every amount that an interval can have, each another one."""
    amounts = iter(value * scale for value in range(10, 900, 10))

    def one(count: int) -> Change:
        return Change(next(amounts), count, "wrap")

    flow = [name for name in CashFlow.__struct_fields__ if name != "notes"]
    return Delta(
        since="2026-11-23T08:05:00",
        paid=one(1),
        test=one(2),
        free=one(3),
        payments={"cash": one(4), "cashless1": one(5)},
        selections={"A1": Sold(one(6), one(7), one(8), {"CA": one(9), "DA": one(10)})},
        cash=CashFlow(**{name: next(amounts) for name in flow}),
    )


@pytest.mark.parametrize(
    ("money", "said", "minor"),
    [
        (Money(1, "EUR"), 1, 10),
        (Money(0, "EUR"), 1, 100),
        (Money(3, "EUR"), 10, 1),
        (Money(2, "JPY"), 100, 1),
        (Money(1, "JPY"), 100, 10),
        (Money(2, "KWD"), 1, 10),
        (Money(2, "EUR"), 1, 1),
        (Money(3, ""), 10, 1),
    ],
)
def test_each_amount_is_moved_by_the_same_decimals(money: Money, said: int, minor: int) -> None:
    assert in_minor(interval(said), money) == interval(minor)


def test_what_is_no_whole_number_is_unsaid_and_its_count_stands() -> None:
    found = in_minor(Delta(paid=Change(1501, 7), test=Change(1500, 2), free=Change(None, 3)), Money(3, "EUR"))
    assert (found.paid, found.test, found.free) == (Change(None, 7), Change(150, 2), Change(None, 3))


def test_whole_notes_are_no_money_of_ours() -> None:
    flow = Delta(cash=CashFlow(box=5, notes=3))
    assert in_minor(flow, Money(1, "EUR")).cash == CashFlow(box=50)
    assert in_minor(flow, Money(2, "EUR")).cash == CashFlow(box=5, notes=3)


@pytest.mark.parametrize(
    ("money", "units", "minor"),
    [
        (Money(2, "EUR"), 150, 150),
        (Money(1, "EUR"), 15, 150),
        (Money(3, "EUR"), 1500, 150),
        (Money(3, "EUR"), 1501, None),
        (Money(0, "JPY"), 150, 150),
        (Money(2, "JPY"), 15000, 150),
        (Money(2, "KWD"), 150, 1500),
        (Money(2, ""), 150, 150),
        (Money(2, "EUR"), None, None),
    ],
)
def test_minor_units(money: Money, units: int | None, minor: int | None) -> None:
    assert price(units, money) == minor


def test_all_money_of_an_interval_is_in_minor_units() -> None:
    one = Meters(1, "20261123*080500", (1000, 10), (600, 6), selections={"A1": (500, 5)})
    two = Meters(2, "20261124*080500", (1700, 17), (900, 9), selections={"A1": (700, 7)})
    cash = ["CA3*0*0*0*0*90*20*30*0*0*40"], ["CA3*0*0*0*0*120*25*35*0*0*60"]
    before, after = (replace(at, more=more) for at, more in zip((one, two), cash, strict=True))
    tenths = in_minor(delta(parse(before.written()), parse(after.written())), Money(1, "EUR"))
    assert (tenths.paid.value, tenths.payments["cash"].value) == (7000, 3000)
    assert tenths.selections["A1"].paid.value == 2000
    assert (tenths.cash.box, tenths.cash.bills, tenths.cash.notes) == (50, 200, None)
    assert tenths.paid.count == 7
