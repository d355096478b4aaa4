"""A machine's business day from its ledger lines, and how it closes."""

from typing import Any, cast

import pytest

from tests.support.rollup_world import ms
from vending.catalog.assignments import Assignment, Edition, Site
from vending.documents.days import Closed, MachineDay
from vending.documents.pages import LedgerPage, Line
from vending.rollups import machine_days
from vending.rollups.breakdowns import PRODUCTS, SELECTIONS
from vending.rollups.machine_days import GRACE
from vending.rollups.tree import OTHER

DAY = "2026-11-16"
NORTH = Site("north", "North", "Europe/Berlin", "r1")
SOUTH = Site("south", "South", "America/New_York")
HOME = Assignment("m1", 3, (("", NORTH),), (Edition("", {"A1": {"sku": "cola"}}),))
MOVED = Assignment("m1", 4, (("", SOUTH),))
NOON = ms(f"{DAY}T12:00", "Europe/Berlin")
END = ms("2026-11-17T00:00", "Europe/Berlin")


def other(kind: str, **facts: Any) -> Line:
    """A ledger line of another kind, at noon."""
    return cast(Line, {"kind": kind, "at": NOON, **facts})


def vend(at: int = NOON, **more: Any) -> Line:
    """A ledger line of a paid vend."""
    return cast(Line, {
        "kind": "vend", "sequence": 1, "at": at, "selection": "A1", "quantity": 1, "paidMinor": 150,
        "currency": "EUR", "payment": "cash", **more,
    })  # fmt: skip


def page(*lines: Line) -> LedgerPage:
    return LedgerPage(
        id="page:d1:1:1", machine_id="m1", device_id="d1", epoch=1, first=1, last=len(lines), earliest=NOON,
        latest=NOON, lines=list(lines),
    )  # fmt: skip


def counted(
    *lines: Line, held: MachineDay | None = None, now: int = NOON, home: Assignment = HOME
) -> MachineDay:
    return machine_days.machine_day(held, home, DAY, [page(*lines)], now)


@pytest.mark.parametrize(
    ("line", "sold"),
    [
        (vend(), {"vends": 1, "units": 1, "revenue": {"EUR": 150}}),
        (
            vend(quantity=2, taxMinor=24, discountMinor=10),
            {"vends": 1, "units": 2, "revenue": {"EUR": 150}, "tax": {"EUR": 24}, "discounts": {"EUR": 10}},
        ),
        (vend(paidMinor=0), {"vends": 1, "units": 1}),
        (vend(payment="free", paidMinor=0, quantity=2), {"free": 1}),
        (vend(payment="test"), {"test": 1}),
        (other("failure", selection="A1"), {"failures": 1}),
        (other("restock"), {}),
        (other("collection", currency="EUR"), {}),
    ],
)
def test_what_a_line_adds(line: Line, sold: dict[str, Any]) -> None:
    assert machine_days.sales(line) == sold


def test_a_sale_counts_in_each_breakdown_and_what_nobody_paid_in_no_payment_method() -> None:
    failure = other("failure", selection="B2")
    free = vend(NOON + 3_600_000, payment="free", paidMinor=0, sku="tea")
    paid = {"vends": 1, "units": 1, "revenue": {"EUR": 150}}
    assert machine_days.figures([vend(), failure, free, other("restock")], HOME) == {
        **paid, "failures": 1, "free": 1,
        "hours": {"12": {**paid, "failures": 1}, "13": {"free": 1}},
        "selections": {"A1": {**paid, "free": 1}, "B2": {"failures": 1}},
        "skus": {"cola": paid, "tea": {"free": 1}, "unknown": {"failures": 1}},
        "payments": {"cash": paid},
    }  # fmt: skip


def test_a_day_without_a_sale_has_no_figures() -> None:
    assert machine_days.figures([], HOME) == {}


def test_a_day_names_so_many_products_and_selections_and_sums_the_rest() -> None:
    lines = [vend(selection=f"s{n}", sku=f"p{n}") for n in range(PRODUCTS + 5)]
    found = machine_days.figures(lines, HOME)
    assert (len(found["skus"]), found["skus"][OTHER]["units"]) == (PRODUCTS + 1, 5)
    assert (len(found["selections"]), found["selections"][OTHER]["units"]) == (
        SELECTIONS + 1,
        PRODUCTS + 5 - SELECTIONS,
    )


def test_a_page_belongs_to_the_days_of_its_lines() -> None:
    assert machine_days.days_of(page(vend(), vend(END - 1), vend(END)), HOME) == {DAY, "2026-11-17"}
    assert machine_days.days_of(page(), HOME) == set()


def test_a_day_holds_its_own_lines_and_says_what_it_was_computed_by() -> None:
    pages = [page(vend(), vend(END)), page(vend(END - 1))]
    assert machine_days.machine_day(None, HOME, DAY, pages, NOON).dump() == {
        "id": "day:2026-11-16", "machineId": "m1", "type": "day", "schema": 3, "date": DAY, "rev": 1,
        "computedAt": "2026-11-16T11:00:00.000Z", "timeZone": "Europe/Berlin", "site": "north",
        "sites": ["north"], "route": "r1",
        "figures": machine_days.figures([vend(), vend(END - 1)], HOME),
        "window": [END - 24 * 3_600_000, END], "pages": 2, "catalogVersion": 3, "version": 1, "lateUnits": 0,
    }  # fmt: skip


def test_each_replace_counts_and_only_other_figures_are_another_version() -> None:
    first = counted(vend())
    first.rest = {"note": "x"}
    same = counted(vend(), held=first)
    assert (same.rev, same.version, same.rest) == (2, 1, {"note": "x"})
    more = counted(vend(), vend(), held=same)
    assert (more.rev, more.version) == (3, 2)


def test_a_day_remembers_every_site_that_it_was_counted_at_once() -> None:
    day = counted(vend())
    day = counted(vend(), held=day, home=MOVED)
    assert (day.site, day.sites, day.route, day.time_zone) == (
        "south",
        ["north", "south"],
        "",
        "America/New_York",
    )
    assert counted(vend(), held=day).sites == ["north", "south"]


def test_a_day_closes_as_it_was_last_computed_before_its_grace_had_passed() -> None:
    before = counted(vend(), held=counted(vend()), now=END + GRACE - 1)
    assert (before.closed, before.late_units) == (None, 0)
    closed = counted(vend(), vend(quantity=4), held=before, now=END + GRACE)
    at = "2026-11-17T01:00:00.000Z"
    assert (closed.closed, closed.late_units) == (Closed(at, vends=1, units=1), 4)
    later = counted(vend(), held=closed, now=END + 9 * GRACE)
    assert (later.closed, later.late_units) == (Closed(at, vends=1, units=1), 0)
    moved_away = counted(held=closed, now=END + 9 * GRACE)
    assert moved_away.late_units == -1


def test_a_day_that_is_first_computed_after_that_closes_as_computed() -> None:
    late = counted(vend(quantity=3), now=END + GRACE)
    assert late.closed is not None
    assert (late.closed.vends, late.closed.units, late.late_units) == (1, 3, 0)
    empty = counted(now=END + GRACE)
    assert empty.closed is not None
    assert (empty.closed.vends, empty.closed.units, empty.late_units) == (0, 0, 0)


def test_a_read_with_fewer_pages_than_the_day_was_computed_from_lags_behind() -> None:
    held = machine_days.machine_day(None, HOME, DAY, [page(), page()], NOON)
    assert machine_days.incomplete(held, HOME, DAY, {"a": 1})
    assert not machine_days.incomplete(held, HOME, DAY, {"a": 1, "b": 2})
    assert not machine_days.incomplete(None, HOME, DAY, {})
    assert not machine_days.incomplete(held, MOVED, DAY, {}), "another window has other pages"


def test_a_day_whose_pages_were_deleted_is_computed_from_those_that_are_left() -> None:
    held = machine_days.machine_day(None, HOME, DAY, [page(), page()], NOON)
    after = machine_days.recounted(held)
    assert (held.pages, after.pages, after.rev) == (2, 0, held.rev)
    assert not machine_days.incomplete(after, HOME, DAY, {})
    again = machine_days.recounted(counted(vend(), held=after))
    assert (after.recounts, counted(vend(), held=after).recounts, again.recounts) == (1, 1, 2)


def test_a_day_gives_its_figures_to_its_site_and_nothing_to_former_ones() -> None:
    day = counted(vend(), held=counted(vend(), home=MOVED))
    given = {share.scope: share for share in machine_days.contributions(day)}
    assert given.keys() == {"site:north", "site:south"}
    here, former = given["site:north"], given["site:south"]
    shared = {name: value for name, value in day.figures.items() if name != "selections"}
    assert (here.figures, here.route) == (shared, "r1")
    assert (former.figures, former.route) == ({}, None)
    assert {(one.day, one.child, one.rev, one.catalog_version) for one in given.values()} == {
        (DAY, "m1", 2, 3)
    }
