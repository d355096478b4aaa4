"""A machine's own counters beside the ledger: missed vends, variance, counted cash."""

import pytest

from tests.support.audits import Meters
from vending.uploads.dex.audit import CashFlow
from vending.uploads.dex.counters import UNSAID, Change
from vending.uploads.dex.delta import Baseline, Delta, Sold, delta
from vending.uploads.dex.parse import parse
from vending.uploads.dex.reconcile import Counted, Difference, Ledger, read_ledger, reconcile


def sold(value: int, count: int) -> Sold:
    return Sold(Change(value, count), UNSAID, UNSAID)


FOUND = Delta(
    paid=Change(700, 7),
    payments={"cash": Change(300, 3), "cashless1": Change(250, 3), "cashless2": Change(150, 1)},
    selections={"A1": sold(200, 2), "A2": sold(500, 5), "A3": Sold(Change(why="reset"), UNSAID, UNSAID)},
    cash=CashFlow(box=120, bills=100),
)
EQUAL = Ledger(
    {"A1": Counted(2, 200), "A2": Counted(5, 500)},
    {"cash": Counted(3, 300), "cashless": Counted(3, 300), "mobile": Counted(1, 100), "free": Counted(9, 0)},
)


def test_a_ledger_that_is_equal_agrees() -> None:
    found = reconcile(FOUND, EQUAL)
    assert found.agrees
    assert found.vends == Difference(Change(700, 7), Counted(7, 700), 0, 0)
    assert found.payments["cashless"] == Difference(Change(400, 4), Counted(4, 400), 0, 0)
    assert found.selections["A3"] == Difference(Change(why="reset"), Counted(), None, None)
    assert (found.uncounted, found.unknown, found.baseline) == (None, (), None)


def test_missed_vends_by_selection_and_variance_by_way_of_payment() -> None:
    found = reconcile(
        FOUND, Ledger({"A1": Counted(2, 200), "A2": Counted(4, 350)}, {"cash": Counted(3, 350)})
    )
    assert not found.agrees
    assert (found.vends.missed, found.vends.variance) == (1, 150)
    assert (found.selections["A2"].missed, found.selections["A2"].variance) == (1, 150)
    assert found.selections["A1"].agrees
    assert (found.payments["cash"].missed, found.payments["cash"].variance) == (0, -50)
    assert (found.payments["cashless"].missed, found.payments["cashless"].variance) == (4, 400)


def test_cash_that_was_collected_beside_what_went_in() -> None:
    found = reconcile(FOUND, Ledger(EQUAL.selections, EQUAL.payments, 200))
    assert found.uncounted == -20
    assert not found.agrees
    assert reconcile(FOUND, Ledger(EQUAL.selections, EQUAL.payments, 220)).agrees
    assert reconcile(Delta(), Ledger(collected=5)).uncounted is None
    assert reconcile(Delta(cash=CashFlow(box=3)), Ledger(collected=5)).uncounted == 2, "no bill validator"


def test_a_selection_that_the_machine_does_not_have_is_told() -> None:
    found = reconcile(FOUND, Ledger(EQUAL.selections | {"Z9": Counted(1, 100)}, EQUAL.payments))
    assert found.unknown == ("Z9",)
    assert found.selections["Z9"] == Difference(UNSAID, Counted(1, 100))
    assert not found.agrees


def test_without_an_interval_nothing_is_missed() -> None:
    found = reconcile(Delta(baseline=Baseline("reset", "VA1 went back")), EQUAL)
    assert not found.agrees
    assert found.vends == Difference(UNSAID, Counted(7, 700))
    assert {one.missed for one in (*found.selections.values(), *found.payments.values())} == {None}
    assert found.unknown == ()


def test_from_two_audits_to_what_the_ledger_lacks() -> None:
    before = Meters(1, "20261123*0805", (1000, 10), (600, 6), (400, 4), {"A1": (1000, 10)})
    after = Meters(2, "20261124*0805", (1300, 13), (800, 8), (500, 5), {"A1": (1300, 13)})
    interval = delta(parse(before.written()), parse(after.written()))
    found = reconcile(interval, Ledger({"A1": Counted(2, 200)}, {"cash": Counted(2, 200)}))
    assert (found.vends.missed, found.payments["cash"].missed, found.payments["cashless"].missed) == (1, 0, 1)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b'{"selections": {"A1": {"count": -1}}}', r"selections\[\.\.\.\]\.count"),
        (b'{"payments": {"cheque": {}}}', "payments"),
        (b'{"selektions": {}}', "selektions"),
        (b"[]", "object"),
        (b"{", "truncated"),
    ],
)
def test_a_ledger_that_is_none_is_refused_with_its_fault(data: bytes, path: str) -> None:
    with pytest.raises(ValueError, match=path):
        read_ledger(data)
