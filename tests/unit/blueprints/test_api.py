"""The API's HTTP side: parameters, ETags, problem details, who may call."""

import asyncio
import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import azure.functions as func
import pytest

from blueprints import answers, api, machines
from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import World, vend
from vending import wiring
from vending.errors import Transient
from vending.settings import Settings
from vending.time import millis
from vending.views.stores import ViewStores

NOW = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)


class Clock(datetime):
    """Stands still, so that no day ends between two requests of a test."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(NOW)
    alerts = FakeDocuments("machineId")
    stores = ViewStores(world.machines, world.conditions, alerts, world.fleet, world.catalog)
    monkeypatch.setattr(wiring, "view_stores", lambda: stores)
    for module in (api, machines):
        monkeypatch.setattr(module, "datetime", Clock)
    monkeypatch.setattr(wiring, "settings", lambda: Settings("telemetry", "vendstream"))
    return world


async def get(
    function: Any,
    params: dict[str, str] | None = None,
    route: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> func.HttpResponse:
    request = func.HttpRequest(
        "GET", "http://localhost/api", headers=headers, params=params, route_params=route, body=b""
    )
    answer: func.HttpResponse = await function.build().get_user_function()(request)
    return answer


def problem(answer: func.HttpResponse) -> dict[str, Any]:
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.get_body())
    assert body["status"] == answer.status_code
    assert body["title"]
    return body


async def test_machines_by_page(world: World) -> None:
    await world.arrive([vend(f"m{number}", 1, millis(NOW)) for number in range(3)])
    answer = await get(machines.get_machines, {"limit": "2", "after": "m0", "code": "key"})
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    body = json.loads(answer.get_body())
    assert [row["machineId"] for row in body["machines"]] == ["m1", "m2"]
    assert body["next"] is None


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"limit": "0"}, "$.limit"),
        ({"limit": "501"}, "$.limit"),
        ({"limit": "many"}, "$.limit"),
        ({"state": "asleep"}, "$.state"),
        ({"after": "x" * 1025}, "$.after"),
        ({"after": "vm-1", "sort": "name"}, "'after' is no cursor"),
        ({"rule": "hungry"}, "none of audit-difference"),
        ({"sort": "luck"}, "$.sort"),
        ({"q": "x" * 121}, "$.q"),
        ({"page": "2"}, "page"),
        ({"state": "null"}, "$.state"),
        ({"state": "Null"}, "$.state"),
    ],
)
async def test_a_faulty_question_is_answered_with_what_is_wrong(
    world: World, parameters: dict[str, str], says: str
) -> None:
    answer = await get(machines.get_machines, parameters)
    assert answer.status_code == 400
    assert says in problem(answer)["detail"]
    assert "limit, after, q, site, route, state" in problem(answer)["detail"]


@pytest.mark.parametrize(
    "window",
    [
        {"from": "2026-03-02"},
        {"from": "2026-03-02T10:00:00"},
        {"from": "1970-01-01T00:00:00Z"},
        {"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T10:00:00Z"},
        {"from": "2026-03-02T10:00:00Z", "to": "2026-04-02T10:00:01Z"},
    ],
)
async def test_a_window_has_bounds(world: World, window: dict[str, str]) -> None:
    answer = await get(api.get_machine_sales, window, {"machineId": "m1"})
    assert answer.status_code == 400
    problem(answer)


async def test_sales_of_a_window(world: World) -> None:
    await world.arrive([vend("m1", number, millis(NOW) + number) for number in (1, 2)])
    bounds = {
        "from": (NOW - timedelta(hours=1)).isoformat(),
        "to": (NOW + timedelta(hours=1)).isoformat(),
    }
    answer = await get(api.get_machine_sales, bounds, {"machineId": "m1"})
    assert [line["ledger"] for line in json.loads(answer.get_body())["sales"]] == [2, 1]


@pytest.mark.parametrize("day", ["2026-02-30", "26-01-01", "2026-W01-1", "1999-12-31", "9999-12-31", "today"])
async def test_a_day_is_a_date_of_this_century(world: World, day: str) -> None:
    for function, route in ((api.get_fleet_summary, {}), (api.get_machine, {"machineId": "m1"})):
        answer = await get(function, {"day": day}, route)
        assert answer.status_code == 400
        problem(answer)


async def test_a_machine_on_a_day(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(datetime(2026, 3, 2, 17, tzinfo=UTC)))])
    await world.tick()
    answer = await get(api.get_machine, {"day": "2026-03-02"}, {"machineId": "m1"})
    assert json.loads(answer.get_body())["day"]["version"] == 1


async def test_the_summary_of_a_day(world: World) -> None:
    answer = await get(api.get_fleet_summary, {"day": "2026-03-01"})
    assert json.loads(answer.get_body())["date"] == "2026-03-01"


async def test_what_is_not_there_is_404(world: World) -> None:
    for function in (api.get_machine, api.get_machine_sales):
        answer = await get(function, route={"machineId": "m9"})
        assert answer.status_code == 404
        assert "'m9'" in problem(answer)["detail"]


async def test_an_answer_that_the_client_holds_is_not_sent_again(world: World) -> None:
    await world.arrive([vend("m1", 1, millis(NOW))])
    first = await get(api.get_machine, route={"machineId": "m1"})
    etag = first.headers["ETag"]
    again = await get(api.get_machine, route={"machineId": "m1"}, headers={"if-none-match": etag})
    assert (again.status_code, again.get_body(), again.headers["ETag"]) == (304, b"", etag)
    await world.arrive([vend("m1", 2, millis(NOW))])
    news = await get(api.get_machine, route={"machineId": "m1"}, headers={"if-none-match": etag})
    assert news.status_code == 200


@pytest.mark.parametrize(
    ("held", "status"), [("*", 304), ('"a", {}', 304), ("W/{}", 304), ('"a"', 200), ("", 200)]
)
async def test_what_the_client_holds_by_any_form(world: World, held: str, status: int) -> None:
    """RFC 9110 §13.1.2: a list, weak tags, and * for whatever there is."""
    await world.arrive([vend("m1", 1, millis(NOW))])
    etag = (await get(api.get_machine, route={"machineId": "m1"})).headers["ETag"]
    again = await get(
        api.get_machine, route={"machineId": "m1"}, headers={"if-none-match": held.format(etag)}
    )
    assert again.status_code == status


async def test_no_answer_may_be_taken_for_another_type(world: World) -> None:
    for answer in (await get(machines.get_machines), await get(api.get_machine, route={"machineId": "m9"})):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_store_that_is_away_is_503_with_a_time_to_come_back(world: World) -> None:
    def away(operation: str, key: str) -> None:
        raise Transient("cosmos secret.example: 429", retry_after=3.2)

    world.conditions.fault = away
    for function in (machines.get_machines, api.get_fleet_summary):
        answer = await get(function)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        assert "secret" not in str(problem(answer))


async def test_a_store_that_hangs_is_away_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(key: str, name: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(answers, "PATIENCE", 0.01)
    monkeypatch.setattr(world.fleet, "read", hang)
    answer = await get(api.get_fleet_summary)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_a_bug_is_not_turned_into_an_answer(world: World) -> None:
    def bug(operation: str, key: str) -> None:
        raise KeyError("schema")

    world.conditions.fault = bug
    with pytest.raises(KeyError):
        await get(machines.get_machines)


def test_every_function_needs_the_function_key() -> None:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    for module in (api, machines):
        app.register_functions(module.bp)
    levels = {str(function.get_trigger().auth_level) for function in app.get_functions()}  # type: ignore[union-attr]
    assert levels == {"FUNCTION"}


@pytest.mark.parametrize(
    "machine", ["m1%2Fsales", "m1%2F", "%2Fm1", "m1/sales", "m1%2f..", "..%2Fm1", "m1%00"]
)
async def test_an_encoded_slash_makes_no_other_machine(world: World, machine: str) -> None:
    """The platform leaves ``%2F`` in a route's value as it came."""
    await world.arrive([vend("m1", 1, millis(NOW))])
    for function in (api.get_machine, api.get_machine_sales):
        answer = await get(function, route={"machineId": machine})
        assert answer.status_code == 404
        assert "no machine" in problem(answer)["detail"].lower()
    assert (await get(api.get_machine, route={"machineId": "m1"})).status_code == 200
