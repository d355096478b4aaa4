"""Who is let in, by role and mode, and how the answer says why not."""

import base64
import json
from typing import Any

import azure.functions as func
import pytest

from blueprints import callers, routes
from blueprints.routes import Route, route
from tests.support import device_tokens
from tests.support.device_tokens import door
from tests.support.fakes import FakeDocuments
from vending import wiring
from vending.access.roles import Caller, Role
from vending.errors import Transient
from vending.events.publishers import Publisher

PEOPLE = (Role.READ, Role.OPERATE, Role.ADMIN)


def principal(*roles: str, name: str = "ada@vend.example") -> dict[str, str]:
    held = [{"typ": "roles", "val": role} for role in roles] + [{"typ": "preferred_username", "val": name}]
    text = json.dumps({"auth_typ": "aad", "claims": held, "role_typ": "roles"})
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(text.encode()).decode()}


def token(publisher: Publisher) -> dict[str, str]:
    return {"Authorization": device_tokens.token(publisher)}


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> FakeDocuments:
    documents = FakeDocuments("kind")
    opened = door(documents)
    monkeypatch.setattr(wiring, "device_door", lambda: opened)
    return documents


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "SIGNED_IN", True)


async def ask(
    role: Role,
    headers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    machine: str = "vm-1",
    method: str = "GET",
) -> tuple[func.HttpResponse, Caller | None]:
    """The answer of a route of that role, and who its handler took the caller for."""
    seen: list[Caller] = []

    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        seen.append(callers.caller(req))
        return func.HttpResponse("ok")

    monkeypatch.setattr(routes, "ROUTES", {})
    function = route(func.Blueprint(), "get_it", Route("GET", "api/v1/it/{machineId}", role))(handler)
    request = func.HttpRequest(
        method, "http://localhost/api/v1/it/x", headers=headers, route_params={"machineId": machine}, body=b""
    )
    answer = await function.build().get_user_function()(request)
    return answer, seen[0] if seen else None


async def test_by_key_the_host_has_checked_and_the_platform_s_header_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for role in PEOPLE:
        answer, who = await ask(role, principal("Fleet.Admin"), monkeypatch)
        assert answer.status_code == 200
        assert who is not None
        assert who.name == "key"
        assert (Role.ADMIN in who.roles) == (role is Role.ADMIN)
        assert role in who.roles


async def test_a_key_may_say_who_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, who = await ask(Role.OPERATE, {"X-Operator": "ada@vend.example"}, monkeypatch)
    assert who is not None
    assert who.name == "key (says ada@vend.example)"
    answer, who = await ask(Role.OPERATE, {"X-Operator": "ada\tx"}, monkeypatch)
    assert (answer.status_code, who) == (400, None)
    assert "X-Operator" in json.loads(answer.get_body())["detail"]


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("held", PEOPLE)
async def test_signed_in_the_role_decides(role: Role, held: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, who = await ask(role, principal(held) | {"X-Operator": "eve"}, monkeypatch)
    if PEOPLE.index(held) >= PEOPLE.index(role):
        assert answer.status_code == 200
        assert who is not None
        assert who.name == "ada@vend.example"
        assert role in who.roles
    else:
        assert (answer.status_code, who) == (403, None)
        assert f"the app role {role}" in json.loads(answer.get_body())["detail"]


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("headers", [{}, {"x-functions-key": "k"}, {"X-MS-CLIENT-PRINCIPAL": "x"}])
async def test_signed_in_nobody_is_told_how_to_sign_in(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in PEOPLE:
        answer, who = await ask(role, headers, monkeypatch)
        assert (answer.status_code, who) == (401, None)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "/.auth/login/aad" in json.loads(answer.get_body())["detail"]


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("method", "more", "status"),
    [
        ("POST", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {"Sec-Fetch-Site": "same-site"}, 403),
        ("DELETE", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("POST", {"Sec-Fetch-Site": "none"}, 200),
        ("POST", {}, 200),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"}, 200),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, 200),
    ],
)
async def test_another_site_changes_nothing_with_a_session(
    method: str, more: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form there can send a POST without a body, and the browser adds the cookie."""
    answer, who = await ask(Role.OPERATE, principal("Fleet.Operate") | more, monkeypatch, method=method)
    assert (answer.status_code, who is not None) == (status, status == 200)


@pytest.mark.parametrize("mode", [False, True])
async def test_a_device_opens_its_machine_in_both_modes(
    mode: bool, catalog: FakeDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "SIGNED_IN", mode)
    whose = Publisher("dev-1", "vm-1", 1)
    own = token(whose)
    answer, who = await ask(Role.DEVICE, own, monkeypatch)
    assert (answer.status_code, who) == (200, Caller("device dev-1", frozenset({Role.DEVICE}), whose))
    answer, who = await ask(Role.DEVICE, own, monkeypatch, "vm-2")
    assert (answer.status_code, who) == (403, None)
    answer, _ = await ask(Role.DEVICE, principal("Fleet.Admin"), monkeypatch)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "SharedAccessSignature")
    if mode:
        answer, _ = await ask(Role.READ, own, monkeypatch)
        assert answer.status_code == 401, "a device's token is nobody among people"


async def test_a_store_that_is_away_lets_nobody_in_and_says_when_to_ask_again(
    catalog: FakeDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(operation: str, key: str) -> None:
        raise Transient("429", retry_after=2.5)

    catalog.fault = away
    answer, who = await ask(Role.DEVICE, token(Publisher("dev-1", "vm-1", 1)), monkeypatch)
    assert (answer.status_code, who, answer.headers["Retry-After"]) == (503, None, "3")


async def test_a_device_that_asks_too_often_is_told_when(
    catalog: FakeDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = token(Publisher("dev-1", "vm-1", 1))
    answers = [(await ask(Role.DEVICE, own, monkeypatch))[0] for _ in range(21)]
    assert [one.status_code for one in answers] == [200] * 20 + [429]
    assert answers[-1].headers["Retry-After"] == "1"


def test_the_host_asks_for_no_key_where_the_platform_signs_people_in() -> None:
    anonymous = func.AuthLevel.ANONYMOUS
    assert callers.levels(signed_in=True) == dict.fromkeys(Role, anonymous)
    asked = callers.levels(signed_in=False)
    assert {role for role in Role if asked[role] is not anonymous} == set(PEOPLE)


async def test_anybody_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for mode in (False, True):
        monkeypatch.setattr(callers, "SIGNED_IN", mode)
        answer, who = await ask(Role.ANYBODY, {"Authorization": "x", "X-Operator": "\n"}, monkeypatch)
        assert (answer.status_code, who) == (200, Caller("anybody", frozenset()))


async def test_a_deployment_without_the_setting_or_with_a_wrong_one_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.support.metadata import local_settings

    for said in ("", "nonsense"):
        monkeypatch.setattr("os.environ", local_settings() | {"DEVICES": said})
        await wiring.close()
        answer, who = await ask(Role.DEVICE, token(Publisher("dev-1", "vm-1", 1)), monkeypatch)
        assert (answer.status_code, who, answer.headers["Retry-After"]) == (503, None, "600")
        fault: Any = wiring.settings_fault()
        assert (fault is None) == (not said)
    await wiring.close()
