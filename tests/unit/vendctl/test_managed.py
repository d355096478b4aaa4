"""The functions of a deployed app as Resource Manager lists them, against a server that answers as told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from vendctl import smoke
from vendctl.__main__ import main as vendctl
from vendctl.deployed import App
from vendctl.managed import ManagedApp

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app"


class Identity:
    """A credential that remembers what it was asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("a-token", 4_000_000_000)


class Manager:
    """Pages of functions; the last one for ever."""

    def __init__(self) -> None:
        self.pages: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.identity = Identity()

    async def serve(self, request: web.Request) -> web.Response:
        headers = request.headers
        self.asked.append((request.path_qs, headers.get("Authorization"), headers.get("x-functions-key")))
        status, page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return web.json_response(page, status=status)


@pytest.fixture
def manager() -> Manager:
    return Manager()


@pytest.fixture
async def app(manager: Manager) -> AsyncIterator[App]:
    application = web.Application()
    application.router.add_get("/{path:.*}", manager.serve)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        there = str(server.make_url("")).rstrip("/")
        managed = ManagedApp(session, manager.identity, ID, there)  # type: ignore[arg-type]
        yield App(session, "http://127.0.0.1:9", "a-key", asyncio.get_running_loop().time() + 30, managed)


def function(name: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{ID}/functions/{name}", "name": f"app/{name}", "properties": properties}


async def test_functions_are_listed_by_the_identity_and_no_key_of_the_app_is_shown(
    app: App, manager: Manager
) -> None:
    manager.pages = [(200, {"value": [function("a"), function("b", isDisabled=False)]})]
    assert await app.indexed({"a", "b"}) is None
    assert manager.asked == [(f"{ID}/functions?api-version=2025-03-01", "Bearer a-token", None)]
    assert manager.identity.scopes == ["https://management.azure.com/.default"]


async def test_what_is_missing_or_switched_off_is_named(app: App, manager: Manager) -> None:
    manager.pages = [(200, {"value": [function("a", isDisabled=True)]})]
    assert await app.indexed({"a", "b"}) == "not indexed: b"
    assert await app.indexed({"a"}) == "disabled: a"


async def test_every_page_is_read_and_the_token_goes_nowhere_else(app: App, manager: Manager) -> None:
    assert app.managed is not None
    more = f"{app.managed.management}{ID}/functions?api-version=2025-03-01&$skiptoken=2"
    manager.pages = [(200, {"value": [function("a")], "nextLink": more}), (200, {"value": [function("b")]})]
    assert await app.indexed({"a", "b"}) is None
    assert len(manager.asked) == 2
    manager.pages = [(200, {"value": [], "nextLink": "http://127.0.0.2/elsewhere"})]
    assert await app.indexed({"a"}) == f"GET {ID}/functions: goes on at another address"


@pytest.mark.parametrize(("status", "page"), [(403, {"error": {}}), (200, []), (302, {})])
async def test_an_answer_that_is_no_list_is_told(app: App, manager: Manager, status: int, page: Any) -> None:
    manager.pages = [(status, page)]
    assert await app.indexed({"a"}) == f"GET {ID}/functions: {status}"


@pytest.mark.parametrize("id", ["app", f"{ID}/functions", "/subscriptions/s/sites/app", f"{ID}?x", ID[1:]])
def test_what_is_no_resource_id_is_refused(
    id: str,  # noqa: A002
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TELEMETRY_HUB", "telemetry")
    monkeypatch.setenv("EVENTHUB", "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b")
    assert vendctl(["smoke", "--app", id]) == 2
    assert "Microsoft.Web/sites/NAME" in capsys.readouterr().err


def test_who_is_not_signed_in_is_told_after_what_was_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refused(app: App, *_: object) -> None:
        assert app.managed is not None
        assert (app.managed.id, app.key) == (ID, "of the functions")
        raise ClientAuthenticationError("nobody is signed in\nrun az login")

    monkeypatch.setattr(smoke, "smoke", refused)
    monkeypatch.setattr(smoke, "functions", set)
    monkeypatch.setenv("TELEMETRY_HUB", "telemetry")
    monkeypatch.setenv("FUNCTIONS_KEY", "of the functions")
    monkeypatch.setenv("EVENTHUB", "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b")
    assert vendctl(["smoke", "--app", ID]) == 1
    assert capsys.readouterr() == ("", "not alive: nobody is signed in\nrun az login\n")
