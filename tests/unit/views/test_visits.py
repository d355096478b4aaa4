"""Visits of a machine: what names them, page by page; one of them; collections; a route's on a day."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.rollup_world import World, event, vend, view_stores
from tests.support.visited import MINUTE, NOW, uploaded, visit_events, visited
from vending.documents.catalog import CatalogMachine, CatalogSite, CatalogVersion
from vending.time import millis
from vending.views import visits
from vending.views.route_visits import route_visits
from vending.views.visit_answers import Collections, RouteVisits, Visits
from vending.views.visits import VisitQuery


async def listed(world: World, machine: str = "m1", limit: int = 20, after: str = "") -> Visits:
    found = await visits.visits(view_stores(world), machine, VisitQuery(limit, after), NOW)
    assert found
    return found


async def test_a_visit_in_the_list() -> None:
    world = World(NOW)
    await world.arrive([*visit_events("m1", 1, NOW), vend("m1", 15, millis(NOW))])
    uploaded(world, "m1", 1, "visit-001", NOW)
    uploaded(world, "m1", 2, "visit-001", NOW, state="rejected")
    [row] = (await listed(world)).visits
    assert (row.machine_id, row.visit_id, row.reason) == ("m1", "visit-001", "fill")
    assert (row.started, row.ended) == ("2026-03-02T12:00:00.000Z", "2026-03-02T12:03:00.000Z")
    assert (row.first, row.last) == (row.started, row.ended)
    assert (row.restocks, row.added, row.removed, row.spoiled) == (1, 17, 0, 1)
    assert (row.collections, row.collected, row.photos, row.files) == (1, {"EUR": 800}, 1, 1)


async def test_pages_hold_each_once_newest_first() -> None:
    world = World(NOW)
    await visited(world, "m1", 7)
    await visited(world, "m2", 1)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await listed(world, limit=3, after=after)
        assert 0 < len(page.visits) <= 3
        found += [row.visit_id for row in page.visits]
        after = page.next
    assert found == [f"visit-{number:03d}" for number in range(7, 0, -1)]


@pytest.mark.parametrize("told", ["started", "restocked", "collected", "ended"])
async def test_whatever_names_a_visit_is_enough(told: str) -> None:
    world = World(NOW)
    others = {name: name == told for name in ("started", "restocked", "collected", "ended")}
    await world.arrive(visit_events("m1", 1, NOW, **others))
    [row] = (await listed(world)).visits
    assert row.visit_id == "visit-001"
    assert (row.started is not None, row.ended is not None) == (told == "started", told == "ended")


async def test_a_visit_that_only_a_file_names_is_listed_too() -> None:
    world = World(NOW)
    uploaded(world, "m1", 1, "visit-9", NOW, kind="dex")
    [row] = (await listed(world)).visits
    assert (row.visit_id, row.photos, row.files, row.reason) == ("visit-9", 0, 1, None)


async def test_lines_of_a_visit_that_came_in_two_batches_are_one_visit() -> None:
    world = World(NOW)
    events = visit_events("m1", 1, NOW)
    await world.arrive(events[2:])
    await world.arrive(events[:2])
    [row] = (await listed(world)).visits
    assert (row.restocks, row.collections, row.started) == (1, 1, "2026-03-02T12:00:00.000Z")


async def test_a_backlog_of_many_visits_in_one_page_of_the_ledger() -> None:
    world = World(NOW)
    events = [one for n in (1, 2, 3) for one in visit_events("m1", n, NOW - timedelta(days=9 - n))]
    await world.arrive(events)
    rows = (await listed(world)).visits
    assert [(row.visit_id, row.restocks) for row in rows] == [
        ("visit-003", 1), ("visit-002", 1), ("visit-001", 1),
    ]  # fmt: skip


async def test_one_visit_with_all_that_is_known_of_it() -> None:
    world = World(NOW)
    await visited(world, "m1", 2, first=NOW - timedelta(days=1))
    uploaded(world, "m1", 1, "visit-001", NOW)
    uploaded(world, "m1", 2, "visit-001", NOW, kind="dex", state="rejected")
    found = await visits.visit(view_stores(world), "m1", "visit-001")
    assert found
    assert (found.reason, found.user_ref, found.ended) == ("fill", "driver-12", "2026-03-01T12:03:00.000Z")
    [restock] = found.restocks
    assert (restock.ledger, restock.device, restock.time_quality) == (11, "dev-m1", "late")
    assert [(one.selection, one.before, one.added, one.spoiled, one.after) for one in restock.slots] == [
        ("A1", 2, 9, 1, 10), ("B4", 0, 8, 0, 8),
    ]  # fmt: skip
    [bag] = found.collections
    assert (bag.bag_id, bag.box_minor, bag.bills_minor, bag.counted_minor) == ("bag-1", 300, 500, None)
    [photo] = found.photos
    assert photo.thumbnail == f"/api/v1/photos/m1~{1:032x}/320"
    assert [(one.kind, one.state, one.said) for one in found.files] == [
        ("dex", "rejected", "no-photo: it is HTML")
    ]


async def test_what_nothing_names_is_no_visit() -> None:
    world = World(NOW)
    await visited(world, "m1", 1)
    stores = view_stores(world)
    assert await visits.visit(stores, "m1", "visit-002") is None
    assert await visits.visit(stores, "m2", "visit-001") is None
    assert await visits.visits(stores, "m3", VisitQuery(), NOW) == Visits("m3", [], None)


async def test_a_malformed_document_costs_itself() -> None:
    world = World(NOW)
    await visited(world, "m1", 2)
    world.machines.damage("m1", "page:dev-m1:1:11", epoch="x")
    assert [row.restocks for row in (await listed(world)).visits] == [1, 0]
    found = await visits.collections(view_stores(world), "m1", VisitQuery(), NOW)
    assert found
    assert [one.bag_id for one in found.collections] == ["bag-2"]


async def test_a_page_reads_no_more_than_it_shows() -> None:
    world = World(NOW)
    await visited(world, "m1", 40)
    read: list[str] = []
    original = world.machines.select

    async def select(key: str | None, *where: Any, fields: Any = ()) -> Any:
        async for stored in original(key, *where, fields=fields):
            read.extend([] if fields else [stored.body["id"]])
            yield stored

    world.machines.select = select  # type: ignore[method-assign]
    await listed(world, limit=2)
    assert sorted(read) == ["page:dev-m1:1:391", "page:dev-m1:1:401", "visit:visit-039", "visit:visit-040"]


async def all_collections(world: World, limit: int) -> list[str]:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page: Collections | None = await visits.collections(
            view_stores(world), "m1", VisitQuery(limit, after), NOW
        )
        assert page
        found += [one.bag_id for one in page.collections]
        after = page.next
    return found


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_collections_newest_first_whatever_pages_they_came_in(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "PAGES_AT_ONCE", 2)
    world = World(NOW)
    await visited(world, "m1", 4)
    late = [one for n in (5, 6) for one in visit_events("m1", n, NOW - timedelta(days=60 - n, hours=60))]
    other = visit_events("m1", 9, NOW - timedelta(days=9))
    await world.arrive([*late, *other])  # one page with the newest of all, and with two among the older ones
    assert await all_collections(world, limit) == [f"bag-{n}" for n in (9, 6, 4, 5, 3, 2, 1)]


def catalog(world: World, machines: dict[str, tuple[str, str, str]]) -> None:
    """Machine → (site, route, zone)."""
    world.catalog.put(CatalogVersion(number=1).dump())
    for machine, (site, route, zone) in machines.items():
        world.catalog.put(CatalogSite(id=site, time_zone=zone, route=route).dump())
        world.catalog.put(CatalogMachine(id=machine, site=site, placements=[("", site)]).dump())


async def of_route(world: World, route: str, day: str) -> RouteVisits | None:
    return await route_visits(view_stores(world), route, day, "Etc/UTC", NOW)


async def test_visits_of_a_route_on_a_day_by_each_sites_clock() -> None:
    world = World(NOW + timedelta(days=1))
    catalog(
        world,
        {
            "m1": ("berlin", "r1", "Europe/Berlin"),
            "m2": ("denver", "r1", "America/Denver"),
            "m3": ("other", "r2", "Etc/UTC"),
        },
    )
    late = datetime.fromisoformat("2026-03-02T23:30:00+00:00")  # in Berlin it is the 3rd, in Denver the 2nd
    for machine in ("m1", "m2", "m3"):
        await world.arrive(visit_events(machine, 1, late))
    uploaded(world, "m2", 1, "visit-001", late)
    second, third = await of_route(world, "r1", "2026-03-02"), await of_route(world, "r1", "2026-03-03")
    assert second
    assert third
    assert [(row.machine_id, row.photos, row.added) for row in second.visits] == [("m2", 1, 17)]
    assert [(row.machine_id, row.photos) for row in third.visits] == [("m1", 0)]
    assert (second.truncated, await of_route(world, "r9", "2026-03-02")) == (False, None)


async def test_a_visit_of_which_only_its_beginning_is_known_is_on_its_day() -> None:
    world = World(NOW)
    catalog(world, {"m1": ("berlin", "r1", "Europe/Berlin")})
    told = event("m1", 1, millis(NOW) + MINUTE, "visit.started", {"visitId": "v-1", "reason": "repair"})
    await world.arrive([told])
    found = await of_route(world, "r1", "2026-03-02")
    assert found
    assert [(row.visit_id, row.reason) for row in found.visits] == [("v-1", "repair")]
