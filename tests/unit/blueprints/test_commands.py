"""The routes of commands: what people and devices are answered."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import azure.functions as func
import msgspec
import pytest

from blueprints import commands, due_commands
from tests.support.fakes import FakeDocuments
from vending import wiring
from vending.access.device_door import Refusal
from vending.catalog.machines import CatalogMachines
from vending.commands.fetch_commands import CommandPolls, Places
from vending.commands.inbox import MOST_OPEN
from vending.documents.catalog import CatalogMachine, CatalogVersion
from vending.errors import Transient
from vending.events.publishers import Publisher
from vending.views.commands import FleetCommands

LOCK = {"action": {"kind": "lock", "selections": ["A1"]}}
PATH = "/api/v1/machines/m1/commands"


class Door:
    """Takes the name of a machine for the token of its device."""

    async def admit(self, token: str, machine: str | None) -> Publisher | Refusal:
        if token != machine:
            return Refusal(403 if token else 401, "The token opens nothing here.")
        return Publisher("dev-1", machine, 3)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeDocuments:
    store, catalog, ids = FakeDocuments("machineId"), FakeDocuments("kind"), count(1)
    writes = FakeDocuments("scope")
    catalog.put(CatalogMachine(id="m1", placements=[]).dump())
    catalog.put(CatalogVersion(number=1).dump())
    people = FleetCommands(store, CatalogMachines(catalog), lambda: f"id-{next(ids)}")
    polls = CommandPolls(store, 300, Places(1), lambda: datetime.now(UTC))
    monkeypatch.setattr(wiring, "fleet_commands", lambda: people)
    monkeypatch.setattr(wiring, "command_polls", lambda: polls)
    monkeypatch.setattr(wiring, "device_door", Door)
    monkeypatch.setattr(wiring, "writes", lambda: writes)
    return store


async def call(
    function: Any, verb: str = "GET", body: bytes = b"", route: dict[str, str] | None = None, **params: str
) -> func.HttpResponse:
    request = func.HttpRequest(
        verb,
        f"http://localhost{PATH}",
        headers={"content-type": "application/json"} if body else {},
        params=params,
        route_params={"machineId": "m1"} | (route or {}),
        body=body,
    )
    answer: func.HttpResponse = await function.build().get_user_function()(request)
    return answer


async def post(said: dict[str, Any], machine: str = "m1") -> tuple[func.HttpResponse, dict[str, Any]]:
    body, to = msgspec.json.encode(said), {"machineId": machine}
    answer = await call(commands.post_machine_command, "POST", body, to)
    return answer, json.loads(answer.get_body())


async def poll(authorization: str = "", **params: str) -> func.HttpResponse:
    request = func.HttpRequest(
        "GET",
        "http://localhost/api/v1/machines/m1/due-commands",
        headers={"Authorization": authorization},
        params=params,
        route_params={"machineId": "m1"},
        body=b"",
    )
    answer: func.HttpResponse = await due_commands.get_machine_due_commands.build().get_user_function()(
        request
    )
    return answer


@pytest.mark.usefixtures("store")
async def test_an_order_has_an_address_and_a_beginning() -> None:
    answer, found = await post(LOCK | {"commandId": "mine"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{PATH}/mine"
    assert (found["commandId"], found["state"], found["action"]) == ("mine", "queued", LOCK["action"])
    assert (found["askedBy"], found["deliveries"], found["late"]) == ("key", 0, None)
    answer, found = await post({"action": {"kind": "reboot"}})
    assert answer.headers["Location"] == f"{PATH}/{found['commandId']}"
    assert found["action"] == {"kind": "reboot"}


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, "action"),
        ({"action": {"kind": "dance"}}, "$.action.kind"),
        ({"action": {"kind": "lock", "selections": []}}, "$.action.selections"),
        ({"action": {"kind": "lock", "selections": ["A1"], "more": 1}}, "more"),
        ({"action": {"kind": "lock", "selections": ["A1"] * 121}}, "$.action.selections"),
        (
            {"action": {"kind": "price-list", "version": "1", "currency": "EUR", "prices": {"A1": -1}}},
            "$.action.prices",
        ),
        ({"action": {"kind": "reboot"}, "expiresInSeconds": 59}, "$.expiresInSeconds"),
        ({"action": {"kind": "reboot"}, "expiresInSeconds": 604_801}, "$.expiresInSeconds"),
        ({"action": {"kind": "reboot"}, "commandId": "a/b"}, "$.commandId"),
    ],
)
async def test_what_is_wrong_is_told_with_its_path(
    store: FakeDocuments, said: dict[str, Any], path: str
) -> None:
    answer, found = await post(said)
    assert answer.status_code == 400
    assert path in found["detail"]
    assert not store.items


@pytest.mark.usefixtures("store")
async def test_an_id_of_another_command_and_one_too_many_are_conflicts() -> None:
    await post(LOCK | {"commandId": "mine"})
    answer, found = await post({"action": {"kind": "reboot"}, "commandId": "mine"})
    assert (answer.status_code, found["detail"]) == (409, "mine is another command already: lock.")
    for _ in range(MOST_OPEN - 1):
        assert (await post(LOCK))[0].status_code == 201
    assert (await post(LOCK))[0].status_code == 409


@pytest.mark.usefixtures("store")
async def test_only_machines_of_the_catalog_have_commands() -> None:
    for machine in ("m2", "m/1", "x" * 65):
        assert (await post(LOCK, machine))[0].status_code == 404
    assert (await call(commands.get_machine_commands, route={"machineId": "m2"})).status_code == 404
    for name in ("nothing", "a/b", "", "x" * 65):
        assert (await call(commands.get_machine_command, route={"commandId": name})).status_code == 404
        one = await call(commands.post_command_cancel, "POST", route={"commandId": name})
        assert one.status_code == 404


@pytest.mark.usefixtures("store")
async def test_commands_are_listed_page_by_page_whether_they_are_over_or_not() -> None:
    for number in range(5):
        await post(LOCK | {"commandId": f"c{number}"})
    for name in ("c1", "c3"):
        await call(commands.post_command_cancel, "POST", route={"commandId": name})
    found: list[tuple[str, str]] = []
    after = ""
    while True:
        page = json.loads((await call(commands.get_machine_commands, limit="2", after=after)).get_body())
        found += [(one["commandId"], one["state"]) for one in page["commands"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == [
        ("c0", "queued"),
        ("c1", "cancelled"),
        ("c2", "queued"),
        ("c3", "cancelled"),
        ("c4", "queued"),
    ]
    assert (await call(commands.get_machine_commands, after="x")).status_code == 400


@pytest.mark.usefixtures("store")
async def test_a_device_gets_what_waits_and_is_told_when_to_ask_again() -> None:
    answer = await poll("m1")
    assert (answer.status_code, answer.get_body()) == (204, b"")
    assert 240 <= int(answer.headers["Retry-After"]) <= 360
    await post(LOCK | {"commandId": "mine", "expiresInSeconds": 600})
    answer = await poll("m1")
    assert answer.status_code == 200
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"
    (due,) = json.loads(answer.get_body())["commands"]
    assert 598 <= due.pop("expiresInSeconds") <= 600
    assert due == {"commandId": "mine", "action": LOCK["action"]}
    one = json.loads((await call(commands.get_machine_command, route={"commandId": "mine"})).get_body())
    assert (one["state"], one["deviceId"], one["deliveries"]) == ("delivered", "dev-1", 1)
    answer = await call(commands.post_command_cancel, "POST", route={"commandId": "mine"})
    assert answer.status_code == 409


@pytest.mark.usefixtures("store")
async def test_a_device_asks_for_its_own_machine_alone() -> None:
    assert (await poll()).status_code == 401
    assert (await poll("m2")).status_code == 403
    assert (await poll("m1", wait="21")).status_code == 400
    assert (await poll("m1", wait="x")).status_code == 400


async def test_a_store_that_is_away_is_503(store: FakeDocuments) -> None:
    def away(*_: str) -> None:
        raise Transient("away", 3)

    store.fault = away
    for answer in (await poll("m1"), (await post(LOCK))[0], await call(commands.get_machine_commands)):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")


async def test_an_order_is_recorded_and_done_once_under_its_key(
    store: FakeDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an id of its own it is known by the request's."""
    writes = FakeDocuments("scope")
    monkeypatch.setattr(wiring, "writes", lambda: writes)
    body, route = msgspec.json.encode(LOCK), {"machineId": "m1"}
    answers = []
    for said in (body, body, msgspec.json.encode({"action": {"kind": "reboot"}})):
        request = func.HttpRequest(
            "POST",
            f"http://localhost{PATH}",
            headers={"content-type": "application/json", "idempotency-key": "mine", "x-operator": "ada"},
            route_params=route,
            body=said,
        )
        answers.append(await commands.post_machine_command.build().get_user_function()(request))
    assert [one.status_code for one in answers] == [201, 201, 422]
    first, again = (json.loads(one.get_body()) for one in answers[:2])
    assert first == again
    assert [one.headers["Location"] for one in answers[:2]] == [f"{PATH}/{first['commandId']}"] * 2
    listed = json.loads((await call(commands.get_machine_commands)).get_body())
    assert [one["commandId"] for one in listed["commands"]] == [first["commandId"]]
    await call(commands.post_command_cancel, "POST", route={"commandId": first["commandId"]})
    found = [(one["what"], one["by"], one["outcome"]) for one in writes.bodies("audit-record")]
    assert sorted(found) == [("command", "key (says ada)", "done"), ("command cancel", "key", "done")]
