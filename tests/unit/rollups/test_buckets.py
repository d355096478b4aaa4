"""Entries of buckets: when what was computed takes the place of what is held, and what can be added to it."""

from typing import Any, cast

import pytest
from msgspec.structs import replace

from tests.support.rollup_world import ms
from vending.catalog.assignments import Assignment, Site
from vending.documents.days import BUCKETS, Early, FleetDay, MachineDay
from vending.documents.pages import LedgerPage, Line
from vending.rollups import buckets, tree
from vending.rollups.tree import OTHER

DAY = "2026-11-16"
NOON = ms(f"{DAY}T12:00:00")
HERE = Assignment("m1", 3, (("", Site("north", "North", "Etc/UTC", "r1")),))


def line(number: int, **facts: Any) -> Line:
    told: dict[str, Any] = {
        "ledger": number, "sequence": number, "kind": "vend", "at": NOON + number, "quality": "device",
        "digest": "0", "selection": "A1", "quantity": 1, "priceMinor": 100, "paidMinor": 100,
        "currency": "EUR", "payment": "cash", "sku": "tea",
    }  # fmt: skip
    return cast("Line", told | facts)


def page(*numbers: int, device: str = "d1", **facts: Any) -> LedgerPage:
    lines = [line(number, **facts) for number in numbers]
    return LedgerPage(
        id=f"page:{device}:1:{numbers[0]}", machine_id="m1", device_id=device, epoch=1, first=numbers[0],
        last=numbers[-1], earliest=lines[0]["at"], latest=lines[-1]["at"], lines=lines,
    )  # fmt: skip


def held(catalog: int = 3, recounts: int = 0, rev: int = 1, **facts: Any) -> Early:
    entry = Early(catalog, recounts, rev, HERE.fingerprint(), "north", "r1", {}, {})
    return entry._replace(**facts)


def test_the_lines_of_the_day_are_counted_once_in_any_order_and_by_device() -> None:
    first = buckets.added(held(), [page(1, 2), page(1, device="d2")], HERE, DAY)
    assert first is not None
    assert first.counted == {"d1/1": [[1, 2]], "d2/1": [[1, 1]]}
    again = buckets.added(first, [page(2), page(4), page(3)], HERE, DAY)
    assert again is not None
    assert (again.figures["units"], again.counted) == (5, {"d1/1": [[1, 4]], "d2/1": [[1, 1]]})
    assert first.figures["units"] == 3, "what was held is not changed"
    assert buckets.added(again, [page(1, 2, 3)], HERE, DAY) is again


@pytest.mark.parametrize(
    ("entry", "pages"),
    [
        (held(counted=None), [page(1)]),
        (held(assignment="other"), [page(1)]),
        (held(figures={"skus": {OTHER: {"units": 1}}}), [page(1)]),
        (held(counted={"d1/1": [[2 * n, 2 * n] for n in range(1, buckets.INTERVALS + 1)]}), [page(9_999)]),
        (held(), [page(1, sku=f"p{n}", device=f"d{n}") for n in range(201)]),
    ],
)
def test_what_cannot_be_added_exactly_is_computed_from_the_ledger(
    entry: Early, pages: list[LedgerPage]
) -> None:
    assert buckets.added(entry, pages, HERE, DAY) is None


@pytest.mark.parametrize(
    ("new", "old", "takes"),
    [
        (held(), None, True),
        (held(rev=2), held(rev=1), True),
        (held(rev=1), held(rev=1), False),
        (held(rev=1), held(rev=2), False),
        (held(catalog=4, rev=1), held(rev=2), True),
        (held(catalog=2, rev=3), held(rev=2), False),
        (held(recounts=1, rev=1), held(rev=2), True),
    ],
)
def test_the_newer_catalog_takes_the_place_then_the_later_recount_then_the_later_computation(
    new: Early, old: Early | None, takes: bool
) -> None:
    assert buckets.replaces(new, old) == takes


def test_pages_show_what_is_counted_or_they_were_read_too_early() -> None:
    entry = held(counted={"d1/1": [[1, 2], [5, 5]]})
    assert buckets.shown(entry, [page(1, 2), page(5, 6)])
    assert not buckets.shown(entry, [page(1, 2)])
    assert not buckets.shown(entry, [page(1, 2), page(5, device="d2")])
    assert buckets.shown(held(counted=None), [])


def machine_day(**facts: Any) -> MachineDay:
    told: dict[str, Any] = {
        "id": tree.day_id(DAY), "machine_id": "m1", "date": DAY, "rev": 2, "sites": ["north"],
        "site": "north", "route": "r1", "figures": {"units": 3}, "window": [0, 1], "pages": 1,
        "catalog_version": 3, "version": 2,
    }  # fmt: skip
    return MachineDay(**told | facts)


def test_an_entry_names_the_lines_of_its_day_alone() -> None:
    """Of what is counted by now a page that comes again adds nothing."""
    pages = [page(1, 2), page(3, at=NOON + 24 * 3_600_000), page(5, device="d2")]
    found = buckets.entry(machine_day(recounts=4), pages, HERE)
    numbers = {"d1/1": [[1, 2]], "d2/1": [[5, 5]]}
    assert found == Early(3, 4, 2, HERE.fingerprint(), "north", "r1", {"units": 3}, numbers)
    assert buckets.added(found, pages, HERE, DAY) is found
    assert buckets.entry(machine_day(), [], HERE) == found._replace(recounts=0, counted={})


def test_what_has_gone_elsewhere_takes_the_place_of_what_was_computed_before() -> None:
    assert buckets.gone(machine_day()) == Early(3, 0, 2, "", "", "", {}, None)
    assert buckets.gone(machine_day(recounts=2)).recounts == 2


def test_an_entry_that_grows_counts_whoever_has_computed_the_day_since() -> None:
    day = machine_day()
    assert buckets.as_counted(day, held(rev=2, figures={"units": 3})) == day
    grown = replace(day, figures={"units": 4}, version=3)
    assert buckets.as_counted(day, held(rev=2, figures={"units": 4})) == grown
    older = held(rev=1, figures={"units": 4})
    assert buckets.as_counted(day, older) == grown, "its lines are added to it"
    assert buckets.as_counted(day, older._replace(counted=None)) is day, "it is computed each time"
    assert buckets.as_counted(day, older, sealed=True) is day, "nothing is added to it any more"
    assert buckets.as_counted(replace(day, recounts=1), older).figures == {"units": 3}, (
        "pages were taken away"
    )


def apart(many: int) -> dict[str, list[list[int]]]:
    """Numbers of which each second one is missing, in two books."""
    numbers = [[2 * n, 2 * n] for n in range(1, many + 1)]
    return {"d1/1": numbers[: many // 2], "d2/1": numbers[many // 2 :]}


def test_numbers_that_lie_apart_are_kept_up_to_a_bound() -> None:
    most = held(counted=apart(buckets.INTERVALS))
    more = held(counted=apart(buckets.INTERVALS + 1))
    assert buckets.stored(most, grows=True) == most
    assert buckets.stored(more, grows=True) == more._replace(counted=None)
    assert buckets.stored(most, grows=False) == most._replace(counted=None)
    folded = held(figures={"skus": {OTHER: {"units": 1}}})
    assert buckets.stored(folded, grows=True) == folded._replace(counted=None)
    last = buckets.added(held(counted=apart(buckets.INTERVALS - 1)), [page(9_999)], HERE, DAY)
    assert last is not None
    assert buckets.added(last, [page(19_999)], HERE, DAY) is None


def test_a_bucket_of_which_none_has_sold_gives_nothing() -> None:
    bucket = buckets.empty(7, DAY)
    assert (bucket.rev, bucket.scope, bucket.id) == (0, "early:07", f"day:{DAY}")
    fleet, products = buckets.upwards(bucket)
    assert (fleet.figures, products.figures) == ({}, {"skus": {}})
    assert (fleet.scope, products.scope, fleet.child, fleet.early) == ("fleet", "products", "07", True)


def test_a_bucket_gives_nothing_to_a_day_that_has_closed() -> None:
    bucket = buckets.empty(7, DAY)
    bucket.early["m1"] = held(figures={"units": 2, "skus": {"tea": {"units": 2}}, "selections": {"A1": {}}})
    bucket.rev = 1
    fleet, products = buckets.upwards(bucket)
    assert (fleet.figures, products.figures) == ({"units": 2}, {"skus": {"tea": {"units": 2}}})
    for early, changes in (({}, True), (None, False)):
        day = FleetDay(
            id="day", scope="fleet", date=DAY, rev=1, children={"0": [1, {"units": 9}]}, early=early
        )
        assert tree.merge(day, [fleet]) == changes
        assert tree.total(day)["units"] == (2 if changes else 9)
        assert day.children == {"0": [1, {"units": 9}]}


def test_a_route_is_in_one_bucket_and_all_buckets_are_used() -> None:
    assert buckets.bucket_of("north", "r1") == buckets.bucket_of("south", "r1")
    assert {buckets.bucket_of(f"s{n}", "") for n in range(2_000)} == set(range(BUCKETS))
