"""The routes of dead letters' acts and of visits."""

import json
from typing import Any

import azure.functions as func
import pytest

from blueprints import operating
from tests.support.events import delivered, vend
from tests.unit.writes.test_dead_letter_acts import GOOD, WRONG
from tests.unit.writes.test_dead_letter_acts import World as Letters
from tests.unit.writes.test_record_visit import World as Visits
from vending import wiring
from vending.catalog.machines import NoCatalog
from vending.writes.record_visit import VisitStores


async def post(route: Any, at: dict[str, str], body: Any = None) -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest(
        "POST",
        "http://localhost/api/v1/x",
        headers={"content-type": "application/json"},
        route_params=at,
        body=b"" if body is None else json.dumps(body).encode(),
    )
    answer = await route.build().get_user_function()(request)
    return answer.status_code, json.loads(answer.get_body())


async def test_a_letter_is_corrected_or_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Letters()
    await world.app.take(*delivered([vend(1), b"{", vend(2, data={"quantity": 0})]))
    monkeypatch.setattr(wiring, "letter_stores", world.stores)
    monkeypatch.setattr(wiring, "deadletters", lambda: world.app.deadletters)
    monkeypatch.setattr(wiring, "writes", lambda: world.writes)
    at = {"letterId": WRONG}
    assert (await post(operating.post_dead_letter_replay, at))[0] == 409
    status, found = await post(operating.post_dead_letter_replay, at, {"body": GOOD})
    assert (status, found) == (200, {"letterId": WRONG, "place": "1/0@2", "state": "sent"})
    assert (await post(operating.post_dead_letter_discard, at, {"why": "x"}))[0] == 400
    assert (await post(operating.post_dead_letter_discard, at))[1]["state"] == "discarded"
    assert (await post(operating.post_dead_letter_discard, {"letterId": "x"}))[0] == 404


async def test_a_visit_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Visits()
    stores = VisitStores(world.machines, world.hub, NoCatalog())
    monkeypatch.setattr(wiring, "visit_stores", lambda: stores)
    monkeypatch.setattr(wiring, "writes", lambda: world.writes)
    at = {"machineId": "m-1"}
    status, found = await post(operating.post_machine_visit, at, {"reason": "fill"})
    assert (status, found["machineId"], found["visitId"][:6]) == (202, "m-1", "visit-")
    assert len(world.hub.sent) == 1
    assert (await post(operating.post_machine_visit, at, {"reason": "look"}))[0] == 400
    assert (await post(operating.post_machine_visit, at))[0] == 400
