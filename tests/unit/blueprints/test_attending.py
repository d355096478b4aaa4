"""The routes of alerts' acts: bodies, headers, and refusals as problem details."""

import json
from typing import Any

import azure.functions as func
import pytest

import blueprints.attending as routes
from tests.unit.writes.acts import World
from vending import wiring
from vending.errors import Transient

JSON = {"content-type": "application/json"}
ANY = {"if-match": "*"}


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = await World().opened()
    monkeypatch.setattr(wiring, "alerts", lambda: world.alerts)
    monkeypatch.setattr(wiring, "writes", lambda: world.writes)
    return world


async def post(
    act: str, body: bytes = b"", headers: dict[str, str] = ANY, alert: str = "sold-out:21", query: str = ""
) -> tuple[int, dict[str, Any], dict[str, str]]:
    route = {"machineId": "m1", "alertId": alert}
    params = dict([query.split("=")]) if query else {}
    url = f"http://localhost/api/v1/alerts/m1/{alert}/{act}"
    request = func.HttpRequest(
        "POST", url, headers=JSON | headers, params=params, route_params=route, body=body
    )
    found = getattr(routes, f"post_alert_{act}").build().get_user_function()
    answer = await found(request)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, json.loads(answer.get_body()), dict(answer.headers)


async def test_each_act_does_its_own(world: World) -> None:
    assert (await post("acknowledge"))[1]["acknowledged"]["by"]
    assert (await post("unacknowledge"))[1]["acknowledged"] is None
    assert (await post("assign", b'{"owner": "ben"}'))[1]["owner"] == "ben"
    assert (await post("snooze", b'{"until": "2100-01-01T00:00:00Z"}'))[0] == 400
    assert (await post("unsnooze"))[1]["snoozedUntil"] is None
    assert (await post("note", b'{"text": "hm"}'))[0] == 200
    status, found, _ = await post("resolve", b'{"reason": "off"}')
    assert (status, found["state"], found["resolved"]["reason"]) == (200, "closed", "off")
    said = [act["what"] for act in world.alerts.bodies("alert-episode")[0]["history"]]
    assert said == ["acknowledged", "unacknowledged", "assigned", "noted"]


async def test_the_version_of_an_answer_opens_the_next_change(world: World) -> None:
    first = (await post("acknowledge"))[2]["ETag"]
    assert first == f'"{await world.version()}"'
    assert (await post("note", b'{"text": "a"}', {"if-match": first}))[0] == 200
    assert (await post("note", b'{"text": "b"}', {"if-match": first}))[0] == 412


@pytest.mark.parametrize(
    ("act", "body", "headers", "status", "said"),
    [
        ("acknowledge", b"", {}, 428, "If-Match"),
        ("acknowledge", b"", {"if-match": "x"}, 400, "entity tags"),
        ("acknowledge", b'{"by": "ada"}', ANY, 400, "unknown field `by`"),
        ("acknowledge", b"", ANY | {"idempotency-key": "a b"}, 400, "Idempotency-Key"),
        ("note", b'{"text": ""}', ANY, 400, "$.text"),
        ("note", b'{"text": " "}', ANY, 400, "1 to 1,000 characters"),
        ("note", b'{"text": "a"', ANY, 400, "truncated"),
        ("note", b"\xff", ANY, 400, "."),
        ("note", b"", ANY, 400, "truncated"),
        ("note", b"[" * 50_000, ANY, 400, "."),
        ("note", b'{"text": "' + b"a" * 70_000 + b'"}', ANY, 413, "at most 65536"),
        ("note", b'{"text": "a"}', ANY | {"content-type": "text/plain"}, 415, "application/json"),
        ("snooze", b'{"until": "2026-03-01T12:00:00"}', ANY, 400, "$.until"),
    ],
)
@pytest.mark.usefixtures("world")
async def test_what_is_wrong_is_told(
    act: str, body: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    got, found, _ = await post(act, body, headers)
    assert (got, found["status"]) == (status, status)
    assert said in found["detail"]


@pytest.mark.parametrize("alert", ["sold-out:22", "sold-out", ":21"])
@pytest.mark.usefixtures("world")
async def test_an_alert_that_never_was_is_404(alert: str) -> None:
    assert (await post("acknowledge", alert=alert))[0] == 404


@pytest.mark.usefixtures("world")
async def test_an_unknown_parameter_is_refused_and_the_hosts_key_is_none() -> None:
    assert (await post("acknowledge", query="dryRun=true"))[0] == 400
    assert (await post("acknowledge", query="code=secret"))[0] == 200


@pytest.mark.usefixtures("world")
async def test_a_key_is_for_one_request() -> None:
    keyed = ANY | {"idempotency-key": '"k"'}
    first, again = await post("note", b'{"text": "a"}', keyed), await post("note", b'{"text": "a"}', keyed)
    assert first[:2] == again[:2]
    assert first[2]["ETag"] == again[2]["ETag"]
    assert (await post("note", b'{"text": "b"}', keyed))[0] == 422


async def test_a_request_under_way_is_409_with_a_time_to_ask_again(world: World) -> None:
    keyed = ANY | {"idempotency-key": "k"}
    await post("note", b'{"text": "a"}', keyed)
    for place, (_, body) in list(world.writes.items.items()):
        if body["type"] == "request":
            world.writes.damage(*place, answer=None)
    status, _, headers = await post("note", b'{"text": "a"}', keyed)
    assert (status, headers["Retry-After"]) == (409, "2")


async def test_a_store_that_is_away_is_503(world: World) -> None:
    def away(*_: str) -> None:
        raise Transient("away", 3)

    world.alerts.fault = away
    status, _, headers = await post("acknowledge")
    assert (status, headers["Retry-After"]) == (503, "3")
