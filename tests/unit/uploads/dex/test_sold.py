"""What an interval states as sales: parts within their whole, in minor units, bounded."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.support.audits import Meters
from vending.events.audits import MOST_SELECTIONS, PaymentSold, SelectionSold, Sold
from vending.events.event import MAX_BODY
from vending.uploads.dex.audit import Audit, Selection
from vending.uploads.dex.counters import UNSAID, Change
from vending.uploads.dex.delta import LIMITS, Delta, delta
from vending.uploads.dex.delta import Sold as Moved
from vending.uploads.dex.minor import in_minor
from vending.uploads.dex.parse import parse
from vending.uploads.dex.sold import MOST_PRICE, sold

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


A1, FEW = Change(200, 2), Change(100, 1)
UNTIL = Audit(selections={"A1": Selection("A1", price=100)})


def stated(**of: Any) -> Sold | None:
    return sold(Delta(**of), UNTIL, SINCE)


def one_of(paid: Change, name: str = "A1") -> dict[str, Moved]:
    return {name: Moved(paid, UNSAID, UNSAID)}


def test_without_anything_sold_nothing_is_stated() -> None:
    assert stated() is None
    assert stated(paid=Change(500, None)) is None
    assert stated(selections=one_of(Change(None, 0))) is None


def test_a_total_of_selections_is_as_plausible_as_one_that_was_sent() -> None:
    most = stated(selections=one_of(Change(None, LIMITS.count)))
    assert most is not None
    assert (most.vends, most.value_minor) == (LIMITS.count, UNSET)
    assert stated(selections=one_of(Change(None, LIMITS.count)) | one_of(FEW, "A2")) is None


def test_money_that_is_not_sent_is_that_of_the_selections_where_all_say_it() -> None:
    whole = stated(paid=Change(None, 3), selections=one_of(A1) | one_of(FEW, "A2"))
    part = stated(paid=Change(None, 3), selections=one_of(A1) | one_of(Change(None, 1), "A2"))
    none = stated(paid=Change(None, 3))
    assert whole is not None
    assert part is not None
    assert none is not None
    assert (whole.value_minor, part.value_minor, none.value_minor) == (300, UNSET, UNSET)
    assert [one.value_minor for one in whole.selections] == [200, 100]
    assert [one.value_minor for one in part.selections] == [UNSET, UNSET]


def test_parts_of_no_money_stay_where_the_total_says_none() -> None:
    found = stated(paid=Change(None, 3), payments={"cash": Change(0, 1), "cashless1": Change(1, 1)})
    assert found is not None
    assert found.payments == {"cash": PaymentSold(1, UNSET), "cashless": PaymentSold(1, UNSET)}
    free = stated(paid=Change(None, 3), payments={"cash": Change(0, 1)})
    assert free is not None
    assert free.payments == {"cash": PaymentSold(1, 0)}


def test_both_readers_are_one_way_of_payment() -> None:
    ways = {"cashless1": Change(100, None), "cashless2": A1, "cash": Change(100, 0)}
    found = stated(paid=Change(900, 9), payments=ways)
    both = stated(paid=Change(900, 9), payments=ways | {"cashless1": FEW, "cash": Change(None, 3)})
    idle = stated(paid=Change(900, 9), payments={"cashless1": Change(0, 0), "cashless2": A1})
    assert found is not None
    assert both is not None
    assert idle is not None
    assert found.payments == {"cashless": PaymentSold(2, 200)}
    assert both.payments == {"cash": PaymentSold(3, UNSET), "cashless": PaymentSold(3, 300)}
    assert idle.payments == {"cashless": PaymentSold(2, 200)}


@pytest.mark.parametrize(
    ("cost", "said"),
    [(0, 0), (1, 1), (MOST_PRICE, MOST_PRICE), (MOST_PRICE + 1, UNSET), (-1, UNSET), (None, UNSET)],
)
def test_a_price_is_said_within_its_bounds(cost: int | None, said: object) -> None:
    until = Audit(selections={"A1": Selection("A1", price=cost)})
    found = sold(Delta(paid=A1, selections=one_of(A1)), until, SINCE)
    assert found is not None
    assert found.selections == [SelectionSold("A1", 2, 200, said)]  # type: ignore[arg-type]


def test_a_selection_that_the_later_audit_lacks_has_no_price() -> None:
    found = sold(Delta(paid=A1, selections=one_of(A1)), Audit(), SINCE)
    assert found is not None
    assert found.selections == [SelectionSold("A1", 2, 200, UNSET)]
