"""What an interval states as sales: parts within their whole, in minor units, bounded."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import UNSET

from tests.support.audits import Meters
from vending.events.audits import MOST_SELECTIONS, PaymentSold, SelectionSold, Sold
from vending.events.event import MAX_BODY
from vending.uploads.dex.audit import Money
from vending.uploads.dex.delta import delta
from vending.uploads.dex.minor import in_minor, price
from vending.uploads.dex.parse import parse
from vending.uploads.dex.sold import sold

SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)
ONE = Meters(1, "20261123*080500", (1000, 10), (600, 6), (400, 4), {"A1": (500, 5), "A2": (500, 5)})
TWO = Meters(2, "20261124*080500", (1700, 17), (900, 9), (800, 8), {"A1": (700, 7), "A2": (1000, 10)})


def between(before: Meters, after: Meters) -> Sold | None:
    one, other = parse(before.written()), parse(after.written())
    return sold(in_minor(delta(one, other), other.money), other, SINCE)


def test_by_selection_and_way_of_payment() -> None:
    assert between(ONE, TWO) == Sold(
        SINCE, 7, 700, 0, 0,
        [SelectionSold("A2", 5, 500, 100), SelectionSold("A1", 2, 200, 100)],
        {"cash": PaymentSold(3, 300), "cashless": PaymentSold(4, 400)},
    )  # fmt: skip


def test_free_and_test_vends_are_apart() -> None:
    more = ["VA2*0*3*0*0", "VA3*0*1*0*0"], ["VA2*0*5*0*0", "VA3*0*4*0*0"]
    found = between(replace(ONE, more=more[0]), replace(TWO, more=more[1]))
    assert found is not None
    assert (found.vends, found.free, found.test) == (7, 3, 2)


def test_selections_that_are_more_than_the_total_are_left_out() -> None:
    found = between(ONE, replace(TWO, selections={"A1": (700, 7), "A2": (5000, 50)}))
    assert found is not None
    assert (found.vends, found.value_minor, found.selections) == (7, 700, [])


def test_money_alone_that_is_more_is_left_out() -> None:
    found = between(ONE, replace(TWO, selections={"A1": (9000, 7), "A2": (1000, 10)}))
    assert found is not None
    assert [(one.vends, one.value_minor) for one in found.selections] == [(5, UNSET), (2, UNSET)]


def test_without_a_total_it_is_that_of_the_selections() -> None:
    before, after = (replace(one, paid=(4294967295, 4294967295)) for one in (ONE, TWO))
    found = between(before, after)
    assert found is not None
    assert (found.vends, found.value_minor) == (7, 700)


def test_a_selection_that_no_event_can_name_is_in_the_sum_alone() -> None:
    odd = {"NO CUP": (0, 0), "A1": (500, 5)}, {"NO CUP": (100, 1), "A1": (700, 7)}
    found = between(replace(ONE, selections=odd[0]), replace(TWO, selections=odd[1]))
    assert found is not None
    assert [one.selection for one in found.selections] == ["A1"]
    assert found.vends == 7


def test_it_is_bounded() -> None:
    names = [f"{n:016d}" for n in range(1000)]
    before = replace(ONE, paid=(0, 0), selections=dict.fromkeys(names, (0, 0)))
    after = replace(TWO, paid=(500_000, 5000), selections=dict.fromkeys(names, (500, 5)))
    found = between(before, after)
    assert found is not None
    assert (len(found.selections), found.vends) == (MOST_SELECTIONS, 5000)
    assert len(msgspec.json.encode(found)) < MAX_BODY / 3


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
    cash = ["CA3*0*0*0*0*90*20*30*0*0*40"], ["CA3*0*0*0*0*120*25*35*0*0*60"]
    found = delta(parse(replace(ONE, more=cash[0]).written()), parse(replace(TWO, more=cash[1]).written()))
    tenths = in_minor(found, Money(1, "EUR"))
    assert (tenths.paid.value, tenths.payments["cash"].value) == (7000, 3000)
    assert tenths.selections["A1"].paid.value == 2000
    assert (tenths.cash.box, tenths.cash.bills, tenths.cash.notes) == (50, 200, None)
    assert tenths.paid.count == 7
