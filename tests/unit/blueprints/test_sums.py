"""Sums over HTTP: what may be asked, and what is answered."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from blueprints import sums
from tests.support.rollup_world import World, vend, view_stores
from tests.unit.blueprints.test_api import get, problem
from vending import wiring
from vending.settings import Settings
from vending.time import millis
from vending.views import day_ranges
from vending.views.day_figures import StoredDays

NOW = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(NOW)
    await world.arrive([vend("m1", 1, millis(NOW))])
    await world.tick()
    stores = view_stores(world)
    monkeypatch.setattr(wiring, "view_stores", lambda: stores)
    monkeypatch.setattr(wiring, "day_figures", lambda: StoredDays(stores.machines, stores.fleet))
    monkeypatch.setattr(wiring, "settings", lambda: Settings("telemetry", "vendstream"))
    return world


async def test_a_range_of_days(world: World) -> None:
    answer = await get(sums.get_days, {"from": "2026-03-01", "to": "2026-03-02", "machine": "m1"})
    body: dict[str, Any] = json.loads(answer.get_body())
    assert (body["from"], body["to"], body["beforeFrom"], body["beforeTo"]) == (
        "2026-03-01", "2026-03-02", "2026-02-27", "2026-02-28",
    )  # fmt: skip
    assert [(row["key"], row["units"], row["before"]["units"]) for row in body["rows"]] == [
        ("2026-03-01", 0, 0),
        ("2026-03-02", 1, 0),
    ]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "'to' must not be before 'from'"),
        ({"from": "2026-01-01", "to": "2026-04-03"}, "92 days at most"),
        ({"from": "1999-12-31"}, "between the years 2000 and 2100"),
        ({"from": "yesterday"}, "$.from"),
        ({"by": "weather"}, "$.by"),
        ({"site": "a", "route": "b"}, "exclude each other"),
        ({"site": "a", "by": "site"}, "sums by 'site' are of the fleet and a route"),
        ({"route": "a", "by": "route"}, "sums by 'route' are of the fleet"),
        ({"limit": "0"}, "$.limit"),
        ({"day": "2026-03-02"}, "from, to, by, site, route, machine, limit"),
    ],
)
async def test_a_faulty_question_says_what_is_wrong(world: World, asked: dict[str, str], says: str) -> None:
    answer = await get(sums.get_days, asked)
    assert answer.status_code == 400
    assert says in problem(answer)["detail"]


async def test_a_quarter_of_a_year_can_be_asked(world: World) -> None:
    answer = await get(sums.get_days, {"from": "2026-01-01", "to": "2026-04-02", "by": "product"})
    assert len(json.loads(answer.get_body())["rows"]) == 1


async def test_more_reads_than_an_answer_has_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_ranges, "READS", 13)
    answer = await get(sums.get_days)
    assert answer.status_code == 400
    assert "ask for at most 6 days" in problem(answer)["detail"]


async def test_who_nobody_knows_is_404(world: World) -> None:
    for scope in ("site", "route", "machine"):
        answer = await get(sums.get_days, {scope: "nowhere"})
        assert answer.status_code == 404
        problem(answer)


async def test_the_rows_come_as_csv(world: World) -> None:
    day, csv = {"from": "2026-03-02", "to": "2026-03-02"}, {"accept": "text/csv"}
    answer = await get(sums.get_days, day, headers=csv)
    header, row = answer.get_body().decode().splitlines()
    told = dict(zip(header.split(","), row.split(","), strict=True))
    assert (told["key"], told["units"], told["before.units"]) == ("2026-03-02", "1", "0")
    assert "EUR" in told["revenue"]
