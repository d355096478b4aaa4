"""The HTTP side of visits: parameters, the next page's address, what is 404."""

import json
from typing import Any

import azure.functions as func
import pytest

from blueprints.visits import (
    get_machine_collections,
    get_machine_visit,
    get_machine_visits,
    get_route_visits,
)
from tests.support.rollup_world import World, view_stores
from tests.support.visited import NOW, visited
from vending import wiring
from vending.documents.catalog import CatalogMachine, CatalogSite
from vending.settings import Settings

MACHINE = {"machineId": "m1"}


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(NOW)
    monkeypatch.setattr(wiring, "view_stores", lambda: view_stores(world))
    monkeypatch.setattr(wiring, "settings", lambda: Settings("telemetry", "vendstream"))
    await visited(world, "m1", 3)
    world.catalog.put(CatalogSite(id="s", time_zone="Etc/UTC", route="r1").dump())
    world.catalog.put(CatalogMachine(id="m1", site="s", placements=[("", "s")]).dump())
    return world


async def get(function: Any, place: dict[str, str], **params: str) -> func.HttpResponse:
    url = "http://localhost:7071/api/v1/machines/m1/visits?limit=2&code=secret"
    request = func.HttpRequest("GET", url, params=params, route_params=place, body=b"")
    answer: func.HttpResponse = await function.build().get_user_function()(request)
    return answer


async def test_visits_in_pages_by_their_links(world: World) -> None:
    first = await get(get_machine_visits, MACHINE, limit="2", code="secret")
    body = json.loads(first.get_body())
    assert [row["visitId"] for row in body["visits"]] == ["visit-003", "visit-002"]
    assert first.headers["Link"] == f'<?limit=2&after={body["next"]}>; rel="next"'
    last = await get(get_machine_visits, MACHINE, limit="2", after=body["next"])
    assert [row["visitId"] for row in json.loads(last.get_body())["visits"]] == ["visit-001"]
    assert "Link" not in last.headers


async def test_one_visit_and_what_is_none(world: World) -> None:
    found = await get(get_machine_visit, MACHINE | {"visitId": "visit-002"})
    assert json.loads(found.get_body())["visitId"] == "visit-002"
    assert (await get(get_machine_visit, MACHINE | {"visitId": "visit-9"})).status_code == 404
    assert (await get(get_machine_visit, MACHINE | {"visitId": "visit-002"}, limit="1")).status_code == 400
    assert (await get(get_machine_visits, {"machineId": "no id"})).status_code == 404
    assert (await get(get_machine_collections, {"machineId": "no id"})).status_code == 404


async def test_collections_in_pages(world: World) -> None:
    first = json.loads((await get(get_machine_collections, MACHINE, limit="1")).get_body())
    second = await get(get_machine_collections, MACHINE, limit="1", after=first["next"])
    assert [first["collections"][0]["bagId"], json.loads(second.get_body())["collections"][0]["bagId"]] == [
        "bag-3",
        "bag-2",
    ]


async def test_a_route_and_a_day(world: World) -> None:
    found = await get(get_route_visits, {}, route="r1", day="2026-01-01")
    assert [row["machineId"] for row in json.loads(found.get_body())["visits"]] == ["m1"]
    assert (await get(get_route_visits, {}, route="r9", day="2026-01-01")).status_code == 404


@pytest.mark.parametrize(
    ("function", "params"),
    [
        (get_machine_visits, {"limit": "0"}),
        (get_machine_visits, {"limit": "101"}),
        (get_machine_visits, {"after": "yesterday"}),
        (get_machine_visits, {"after": "1-v\n"}),
        (get_machine_collections, {"after": "1-v"}),
        (get_route_visits, {}),
        (get_route_visits, {"route": "r1"}),
        (get_route_visits, {"route": "r1", "day": "1999-12-31"}),
        (get_route_visits, {"route": "r1", "day": "2026-01-01", "limit": "1"}),
    ],
)
async def test_questions_are_bounded(world: World, function: Any, params: dict[str, str]) -> None:
    assert (await get(function, MACHINE, **params)).status_code == 400
