"""Figures and the summary tree."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.documents.days import SiteDay
from vending.rollups import tree
from vending.rollups.tree import Contribution

DAY = "2026-11-16"


def site_day() -> SiteDay:
    document = tree.empty("site:north", DAY)
    assert isinstance(document, SiteDay)
    return document


leaf = st.integers(1, 9)
figures = st.fixed_dictionaries(
    {}, optional={"units": leaf, "revenue": st.dictionaries(st.sampled_from(["EUR", "USD"]), leaf)}
)


def given_by(child: str, rev: int, units: int, **more: Any) -> Contribution:
    return Contribution("site:north", DAY, child, rev, {"units": units}, **more)


@given(st.lists(figures, max_size=5), st.randoms())
def test_figures_add_up_in_any_order(parts: list[dict[str, Any]], random: Any) -> None:
    one: dict[str, Any] = {}
    for part in parts:
        tree.add(one, part)
    random.shuffle(parts)
    other: dict[str, Any] = {}
    for part in parts:
        tree.add(other, part)
    assert one == other
    assert one.get("units", 0) == sum(part.get("units", 0) for part in parts)


def test_adding_never_shares_what_came_in() -> None:
    part = {"revenue": {"EUR": 5}}
    result = tree.add({}, part)
    tree.add(result, part)
    assert (result, part) == ({"revenue": {"EUR": 10}}, {"revenue": {"EUR": 5}})


def test_currencies_stay_apart() -> None:
    result = tree.add(tree.add({}, {"revenue": {"EUR": 100}}), {"revenue": {"USD": 100}})
    assert result == {"revenue": {"EUR": 100, "USD": 100}}


def test_a_day_that_does_not_exist_sold_nothing() -> None:
    assert tree.total(None) == {}


revisions = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5)), min_size=1, max_size=12)


@given(revisions, st.randoms())
def test_the_highest_rev_of_each_child_wins_in_any_order(rows: list[tuple[str, int]], random: Any) -> None:
    document = tree.empty("site:north", DAY)
    random.shuffle(rows)
    for child, rev in rows:
        tree.merge(document, [given_by(child, rev, 10 * rev)])
    newest = {child: max(rev for name, rev in rows if name == child) for child, _ in rows}
    assert document.children == {child: [rev, {"units": 10 * rev}] for child, rev in newest.items()}
    assert tree.total(document) == {"units": 10 * sum(newest.values())}


def test_a_summary_counts_its_own_changes() -> None:
    document = tree.empty("site:north", DAY)
    assert tree.merge(document, [given_by("m1", 1, 1), given_by("m2", 1, 1)])
    assert not tree.merge(document, [given_by("m1", 1, 1)])
    assert document.rev == 1


def test_a_former_route_is_told_zero() -> None:
    document = tree.empty("site:north", DAY)
    tree.merge(document, [given_by("m1", 1, 4, route="r1", catalog_version=1)])
    tree.merge(document, [given_by("m1", 2, 4, route="r2", catalog_version=2)])
    told = {share.scope: share.figures for share in tree.upwards(document)}
    assert told == {f"area:{tree.area('north')}": {"units": 4}, "route:r1": {}, "route:r2": {"units": 4}}


routed = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 4)), min_size=1, max_size=8)


@given(routed)
def test_a_site_is_on_the_route_of_its_newest_catalog_and_counts_on_no_other(
    rows: list[tuple[str, int]],
) -> None:
    """In whichever order they came: one route holds the figures, every other that ever did is told zero."""
    document = site_day()
    for rev, (route, version) in enumerate(rows, 1):
        tree.merge(document, [given_by("m1", rev, 4, route=route, catalog_version=version)])
    newest = max(version for _, version in rows)
    last = {version: route for route, version in rows}
    assert document.catalog_version == newest
    if len({route for route, version in rows if version == newest}) == 1:
        assert document.route == last[newest]
    assert len(document.routes) == len(set(document.routes))
    told = {share.scope: share.figures for share in tree.upwards(document)}
    assert told.pop(f"area:{tree.area('north')}") == {"units": 4}
    assert told[f"route:{document.route}"] == {"units": 4}
    assert [figures for figures in told.values() if figures] == [{"units": 4}]


@pytest.mark.parametrize(
    ("rows", "route", "routes"),
    [
        ([("A", 1), ("B", 2), ("A", 3)], "A", ["A", "B"]),  # back to a former route
        ([("A", 1), ("B", 2), ("A", 1)], "B", ["A", "B"]),  # a stale worker
        ([("A", 1), ("B", 3), ("C", 2)], "B", ["A", "B"]),  # an older catalog's route was never told anything
        ([("A", 2), ("B", 2), ("A", 2)], "B", ["A", "B"]),  # two of one catalog: the first is remembered
        ([("A", 0), ("A", 0)], "A", ["A"]),  # a catalog without imports
        (
            [("A", 1), ("A", 2), ("B", 1)],
            "A",
            ["A"],
        ),  # the same route by a newer catalog: an older one is past
    ],
)
def test_routes_of_a_site(rows: list[tuple[str, int]], route: str, routes: list[str]) -> None:
    document = site_day()
    for rev, (name, version) in enumerate(rows, 1):
        tree.merge(document, [given_by("m1", rev, 4, route=name, catalog_version=version)])
    assert (document.route, document.routes) == (route, routes)
    assert document.catalog_version == max(version for _, version in rows)


def test_a_site_on_no_route_is_in_no_routes_days() -> None:
    document = tree.empty("site:north", DAY)
    tree.merge(document, [given_by("m1", 1, 4, route="", catalog_version=1)])
    assert [share.scope for share in tree.upwards(document)] == [f"area:{tree.area('north')}"]


def test_another_route_alone_is_a_change_and_the_same_again_is_none() -> None:
    """A redo writes nothing; a route by a newer catalog is written and told, also where no figure changed."""
    document = tree.empty("site:north", DAY)
    assert tree.merge(document, [given_by("m1", 1, 4, route="A", catalog_version=1)])
    for version, rev, changed in ((1, 1, False), (2, 2, True), (2, 2, False), (1, 2, False)):
        route = "A" if version == 1 else "B"
        share = given_by("m1", 1, 4, route=route, catalog_version=version)
        assert tree.merge(document, [share]) is changed
        assert document.rev == rev


@pytest.mark.parametrize(
    ("scope", "child", "parents"),
    [
        ("area:3f", "north", ["region:3"]),
        ("region:3", "3f", ["fleet", "products"]),
        ("fleet", "3", []),
        ("products", "3", []),
        ("route:r1", "north", []),
    ],
)
def test_each_level_has_its_parents(scope: str, child: str, parents: list[str]) -> None:
    document = tree.empty(scope, DAY)
    value = {"units": 2, "skus": {"cola": {"units": 2}}}
    tree.merge(document, [Contribution(scope, DAY, child, 1, value)])
    assert [share.scope for share in tree.upwards(document)] == parents


def test_products_go_their_own_way_above_the_regions() -> None:
    document = tree.empty("region:3", DAY)
    value = {"units": 2, "skus": {"cola": {"units": 2}}}
    tree.merge(document, [Contribution("region:3", DAY, "3f", 1, value)])
    assert [share.figures for share in tree.upwards(document)] == [
        {"units": 2},
        {"skus": {"cola": {"units": 2}}},
    ]


def test_categories_are_products_of_today() -> None:
    value = {"skus": {"cola": {"units": 2}, "tea": {"units": 1}, "unknown:Nuts": {"units": 4}}}
    found = tree.by_category(value, {"cola": "drinks", "tea": "drinks"})
    assert found == {"drinks": {"units": 3}, "unknown": {"units": 4}}


def test_days_of_the_whole_fleet_have_their_keys() -> None:
    assert tree.fleet_day_key("2026-11-16") == ("fleet", "day:2026-11-16")
    assert tree.products_day_key("2026-11-16") == ("products", "day:2026-11-16")


def test_early_figures_are_nothing_to_a_day_that_has_closed_and_hold_up_nothing_else() -> None:
    """Nor to a level that has none."""
    early = Contribution("fleet", DAY, "07", 3, {"units": 9}, early=True)
    later = Contribution("fleet", DAY, "n", 1, {"units": 2})
    for scope in ("fleet", "site:north"):
        document = tree.empty(scope, DAY)
        assert tree.merge(document, [early, later])
        assert (document.children, document.rev) == ({"n": [1, {"units": 2}]}, 1)


def test_a_name_with_a_colon_is_a_whole_name() -> None:
    document = tree.empty("area:d:3", DAY)
    assert {given.child for given in tree.upwards(document)} == {"d:3"}
