"""Sites and routes: what stands there."""

import pytest

from tests.support.named_fleet import NOW, NamedFleet
from vending.views.place_lists import PlaceQuery, RouteRow, SiteRow, route_list, site_list


@pytest.fixture
async def fleet() -> NamedFleet:
    return await NamedFleet().begin()


async def test_a_site_has_its_machines_and_what_is_wrong(fleet: NamedFleet) -> None:
    found = await site_list(fleet.stores(), PlaceQuery(), NOW)
    assert found.total == 4
    assert found.sites[0] == SiteRow(
        machines=1, online=0, silent=1, imported=0, never=0, alerts=1, sold_out=1,
        site="s1", name="Town Hall", route="north", time_zone="Europe/Berlin",
    )  # fmt: skip
    assert [(row.site, row.name, row.route, row.machines, row.never) for row in found.sites[1:]] == [
        ("s2", "Älter Markt", "north", 1, 0),
        ("s3", "Depot", None, 1, 1),
        ("s4", "s4", "south", 0, 0),
    ]


async def test_a_route_has_its_sites(fleet: NamedFleet) -> None:
    found = await route_list(fleet.stores(), PlaceQuery(), NOW)
    assert (found.next, found.total) == (None, 2)
    assert found.routes == [
        RouteRow(
            machines=2, online=1, silent=1, imported=0, never=0, alerts=2, sold_out=2,
            route="north", sites=2,
        ),
        RouteRow(
            machines=0, online=0, silent=0, imported=0, never=0, alerts=0, sold_out=0,
            route="south", sites=1,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "sites"),
    [
        (PlaceQuery(words=("markt",)), ["s2"]),
        (PlaceQuery(words=("north", "hall")), ["s1"]),
        (PlaceQuery(route="south"), ["s4"]),
        (PlaceQuery(limit=2), ["s1", "s2"]),
        (PlaceQuery(limit=2, after="s2"), ["s3", "s4"]),
        (PlaceQuery(after="s2x"), ["s3", "s4"]),
    ],
)
async def test_sites_are_searched_and_paged(fleet: NamedFleet, query: PlaceQuery, sites: list[str]) -> None:
    found = await site_list(fleet.stores(), query, NOW)
    assert [row.site for row in found.sites] == sites
    assert found.next == ("s2" if query.limit == 2 and not query.after else None)


async def test_they_read_no_machines_document(fleet: NamedFleet) -> None:
    stores = fleet.stores()
    await route_list(stores, PlaceQuery(), NOW)
    world = fleet.world
    before = [one.requests for one in (world.machines, world.conditions, world.catalog, fleet.alerts)]
    await site_list(stores, PlaceQuery(), NOW)
    after = [one.requests for one in (world.machines, world.conditions, world.catalog, fleet.alerts)]
    assert (world.machines.requests, after) == (before[0], before)
