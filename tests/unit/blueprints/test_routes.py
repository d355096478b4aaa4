"""Routes as declared: what the host is told of them, and who is let in."""

import azure.functions as func
import pytest

from blueprints import routes
from blueprints.routes import ROUTES, Route, route
from tests.support.metadata import triggers
from vending.access.roles import Caller, Role
from vending.openapi.parts import path_parameters


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> func.Blueprint:
    monkeypatch.setattr(routes, "ROUTES", {})
    return func.Blueprint()


async def ok(req: func.HttpRequest) -> func.HttpResponse:
    """What a handler would answer."""
    return func.HttpResponse("ok")


@pytest.mark.parametrize(
    ("role", "level"),
    [
        (Role.ANYBODY, "ANONYMOUS"),
        (Role.DEVICE, "ANONYMOUS"),
        (Role.READ, "FUNCTION"),
        (Role.OPERATE, "FUNCTION"),
        (Role.ADMIN, "ADMIN"),
    ],
)
def test_the_host_asks_for_the_key_of_the_role(declared: func.Blueprint, role: Role, level: str) -> None:
    route(declared, "get_it", Route("GET", "api/v1/it", role))(ok)
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    app.register_functions(declared)
    (function,) = app.get_functions()
    trigger = function.get_trigger()
    assert str(trigger.auth_level) == level  # type: ignore[union-attr]
    assert [str(verb) for verb in trigger.methods] == ["GET", "HEAD"]  # type: ignore[union-attr]
    assert function.get_function_name() == "get_it"


async def test_a_caller_without_the_role_does_not_reach_the_handler(
    declared: func.Blueprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = func.HttpResponse(status_code=403)

    async def admit(request: func.HttpRequest, role: Role) -> func.HttpResponse | Caller:
        return no if role is Role.ADMIN else Caller("key", frozenset())

    monkeypatch.setattr(routes, "admit", admit)
    request = func.HttpRequest("GET", "/api/v1/it", body=b"")
    for role, status in ((Role.ADMIN, 403), (Role.READ, 200)):
        name = f"get_{role.name}"
        function = route(declared, name, Route("GET", f"api/v1/{name}", role))(ok)
        answer = await function.build().get_user_function()(request)
        assert answer.status_code == status


async def test_an_address_of_what_cannot_be_does_not_reach_the_handler(
    declared: func.Blueprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def admit(request: func.HttpRequest, role: Role) -> func.HttpResponse | Caller:
        return Caller("key", frozenset())

    monkeypatch.setattr(routes, "admit", admit)
    function = route(declared, "get_it", Route("GET", "api/v1/machines/{machineId}/it", Role.READ))(ok)
    for machine, status in (("vm-1", 200), ("vm 1", 404)):
        request = func.HttpRequest("GET", "/", route_params={"machineId": machine}, body=b"")
        assert (await function.build().get_user_function()(request)).status_code == status


def test_where_names_have_bounds_404_is_declared() -> None:
    """Devices are turned away before, by their token."""
    bounded = {
        name
        for name, one in ROUTES.items()
        for told in path_parameters(one.path)
        if one.role is not Role.DEVICE and {"pattern", "enum"} & told["schema"].keys()
    }
    assert {"get_machine_alerts", "get_photo", "post_alert_note"} <= bounded
    assert {name for name in bounded if 404 not in ROUTES[name].problems} == set()


def test_every_http_function_is_declared_so() -> None:
    assert {one["route"] for one in triggers("httpTrigger")} == {each.path for each in ROUTES.values()}
