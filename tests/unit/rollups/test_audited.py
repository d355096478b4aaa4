"""Sales that audits say, in a machine's day: for machines of which the catalog says so, and never both."""

from typing import Any, cast

import pytest

from tests.unit.rollups.test_machine_days import HOME, NOON, other, vend
from vending.catalog.assignments import Assignment, Edition
from vending.documents.pages import Line
from vending.rollups import audited, machine_days
from vending.rollups.tree import OTHER

HOUR = 3_600_000
ALWAYS = (("", "audit"),)
SOLD = {
    "since": NOON - 24 * HOUR, "vends": 7, "value": 700, "free": 2, "test": 1,
    "selections": [["A1", 4, 400, 100], ["B2", 2, 200, None]],
    "payments": {"cash": [3, 300], "cashless": [4, 400]},
}  # fmt: skip


def assigned(*sources: tuple[str, str], **more: Any) -> Assignment:
    return Assignment("m1", 3, HOME.placements, more.get("editions", HOME.editions), sources)


def audit(at: int = NOON, **more: Any) -> Line:
    return other("audit", **({"at": at, "currency": "EUR", "sold": SOLD} | more))


def both(vends: int, value: int) -> dict[str, Any]:
    return {"vends": vends, "units": vends, "revenue": {"EUR": value}}


def test_an_audit_counts_in_each_breakdown_but_in_no_hour() -> None:
    assert machine_days.figures([audit()], assigned(*ALWAYS)) == {
        **both(7, 700), "free": 2, "test": 1,
        "selections": {"A1": both(4, 400), "B2": both(2, 200), OTHER: both(1, 100)},
        "skus": {"cola": both(4, 400), "unknown": both(2, 200), OTHER: both(1, 100)},
        "payments": {"cash": both(3, 300), "cashless": both(4, 400)},
    }  # fmt: skip


@pytest.mark.parametrize("sources", [(), (("", "device"),), (("2027-01-01", "audit"),)])
def test_a_machine_of_device_events_gets_no_sale_from_an_audit(sources: tuple[tuple[str, str], ...]) -> None:
    assert machine_days.figures([audit()], assigned(*sources)) == {}
    alone = machine_days.figures([vend()], assigned(*sources))
    assert machine_days.figures([vend(), audit()], assigned(*sources)) == alone != {}


def test_a_machine_of_audits_gets_none_from_its_devices_but_their_failures() -> None:
    lines = [vend(), vend(payment="free"), audit(), other("failure", selection="A1")]
    found = machine_days.figures(lines, assigned(*ALWAYS))
    assert (found["vends"], found["free"], found["failures"]) == (7, 2, 1)


@pytest.mark.parametrize(
    ("sources", "vends"),
    [
        ((("", "device"), ("2026-11-15T11:59", "audit")), 7),  # before the span begins, at noon of the 15th
        ((("", "device"), ("2026-11-15T12:01", "audit")), 0),
        ((("", "audit"), ("2026-11-16T12:01", "device")), 7),
        ((("", "audit"), ("2026-11-16T11:59", "device")), 1),
        ((("", "audit"), ("2026-11-16T00:00", "device"), ("2026-11-16T06:00", "audit")), 0),
    ],
)
def test_a_span_in_which_the_source_changes_counts_nothing(
    sources: tuple[tuple[str, str], ...], vends: int
) -> None:
    """The vend of noon is the devices' or the audits', and never of both."""
    assert machine_days.figures([audit(), vend()], assigned(*sources)).get("vends", 0) == vends


def test_an_audit_that_says_no_span_is_no_sale() -> None:
    assert machine_days.figures([other("audit", currency="EUR")], assigned(*ALWAYS)) == {}


@pytest.mark.parametrize(
    ("slots", "revenue"),
    [
        ({"A1": {"sku": "cola", "currency": "GBP"}}, {"GBP": 700}),
        ({"A1": {"sku": "cola", "currency": "GBP"}, "B2": {"sku": "tea", "currency": "EUR"}}, None),
        ({"A1": {"sku": "cola", "currency": "JPY"}}, None),  # the money was read with two decimals
        ({"A1": {"sku": "cola"}}, None),
    ],
)
def test_money_without_a_currency_is_that_of_the_planogram(slots: Any, revenue: Any) -> None:
    home = assigned(*ALWAYS, editions=(Edition("", slots),))
    found = audited.counted(cast(Line, {"kind": "audit", "at": NOON, "sold": SOLD}), home)
    assert (found["vends"], found.get("revenue")) == (7, revenue)


def test_nothing_sold_is_nothing() -> None:
    idle = {"since": NOON - HOUR, "vends": 0}
    assert machine_days.figures([audit(sold=idle)], assigned(*ALWAYS)) == {}


def test_an_audit_of_totals_alone_counts_under_other() -> None:
    total = {"since": NOON - HOUR, "vends": 3, "value": 300}
    assert machine_days.figures([audit(sold=total)], assigned(*ALWAYS)) == {
        **both(3, 300),
        "selections": {OTHER: both(3, 300)},
        "skus": {OTHER: both(3, 300)},
        "payments": {OTHER: both(3, 300)},
    }


def test_money_of_a_selection_without_a_vend_is_its_own() -> None:
    """Its meter of vends was cleared: what it took is not the others'."""
    part = SOLD | {"selections": [["A1", 7, 600, None], ["B2", 0, 100, None]]}
    found = machine_days.figures([audit(sold=part)], assigned(*ALWAYS))
    assert found["selections"] == {"A1": both(7, 600), "B2": {"revenue": {"EUR": 100}}}
