"""Alerts over HTTP: parameters, the next page, the version of one alert."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from blueprints import alert_reads
from tests.support import alerts as raised
from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import World
from tests.unit.blueprints.test_api import get, problem
from vending import wiring
from vending.alerts.transitions import Finding
from vending.time import millis
from vending.views.stores import ViewStores

NOW = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
async def alerts(monkeypatch: pytest.MonkeyPatch) -> FakeDocuments:
    """Three open alerts of one machine."""
    held, world = FakeDocuments("machineId"), World(NOW)
    for n in range(3):
        at = millis(NOW) + n
        await raised.find(held, Finding("m1", "sold-out", f"A{n}", (n,), True, at, {}), at)
    stores = ViewStores(world.machines, world.conditions, held, world.fleet, world.catalog)
    monkeypatch.setattr(wiring, "view_stores", lambda: stores)
    return held


def body(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.get_body())
    return found


async def test_without_parameters_the_open_alerts(alerts: FakeDocuments) -> None:
    found = body(await get(alert_reads.get_alerts))
    assert ([row["component"] for row in found["alerts"]], found["open"]) == (["A2", "A1", "A0"], 3)
    assert "defective" not in found


async def test_the_next_page_is_a_link(alerts: FakeDocuments) -> None:
    first = await get(alert_reads.get_alerts, {"limit": "2", "rule": "sold-out", "code": "secret"})
    after = body(first)["next"]
    assert first.headers["Link"] == f'<?limit=2&rule=sold-out&after={after}>; rel="next"'
    last = await get(alert_reads.get_alerts, {"limit": "2", "rule": "sold-out", "after": after})
    assert [row["component"] for row in body(last)["alerts"]] == ["A0"]
    assert "Link" not in last.headers


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"state": "silent"}, "$.state"),
        ({"severity": "loud"}, "$.severity"),
        ({"since": "2026-03-02"}, "$.since"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z"}, "'until' must be after 'since'"),
        ({"until": "1999-01-01T00:00:00Z"}, "between the years 2000 and 2100"),
        ({"after": "x"}, "take the 'next' of the page before"),
        ({"after": "WzEsMiwzXQ"}, "take the 'next' of the page before"),
        ({"after": "ü"}, "take the 'next' of the page before"),
        ({"limit": "501"}, "$.limit"),
    ],
)
async def test_a_faulty_question_says_what_is_wrong(
    alerts: FakeDocuments, asked: dict[str, str], says: str
) -> None:
    for function, route in (
        (alert_reads.get_alerts, {}),
        (alert_reads.get_machine_alerts, {"machineId": "m1"}),
    ):
        answer = await get(function, asked, route)
        assert answer.status_code == 400
        assert says in problem(answer)["detail"]


async def test_the_alerts_of_a_machine(alerts: FakeDocuments) -> None:
    for machine, count in (("m1", 3), ("m9", 0)):
        found = body(await get(alert_reads.get_machine_alerts, route={"machineId": machine}))
        assert (len(found["alerts"]), found["open"], found["matching"]) == (count, count, count)
    asked = await get(alert_reads.get_machine_alerts, {"machine": "m2"}, {"machineId": "m1"})
    assert asked.status_code == 400


async def test_what_can_be_no_machine_is_not_found(alerts: FakeDocuments) -> None:
    answer = await get(alert_reads.get_machine_alerts, {"limit": "1"}, {"machineId": "S\u00f9"})
    assert (answer.status_code, problem(answer)["detail"]) == (
        404,
        "'S\u00f9' is no machineId, as 'vm-00017' is one.",
    )


async def test_the_etag_of_an_alert_is_the_version_that_a_write_must_name(alerts: FakeDocuments) -> None:
    route = {"machineId": "m1", "alertId": "sold-out:A1"}
    answer = await get(alert_reads.get_alert, route=route)
    stored = await alerts.read("m1", "current:sold-out:A1")
    assert stored
    assert answer.headers["ETag"] == f'"{stored.etag}"'
    held = {"if-none-match": answer.headers["ETag"]}
    again = await get(alert_reads.get_alert, route=route, headers=held)
    assert (again.status_code, again.get_body(), again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    at = millis(NOW) + 9
    await raised.find(alerts, Finding("m1", "sold-out", "A1", (9,), False, at, {}), at)
    news = await get(alert_reads.get_alert, route=route, headers=held)
    assert body(news)["state"] == "closed"


async def test_an_alert_that_never_was_is_404(alerts: FakeDocuments) -> None:
    answer = await get(alert_reads.get_alert, route={"machineId": "m1", "alertId": "tilted:x"})
    assert answer.status_code == 404
    assert "'tilted:x'" in problem(answer)["detail"]
