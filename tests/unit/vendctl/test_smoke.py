"""The smoke test's verdicts, against an app that answers as told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.core import hub_event
from vendctl.smoke import App, NotAlive, event, functions, main
from vending.domain.events import parse

SALES = "/api/v1/machines/smoke-test/sales"


class Answers:
    """What the app answers: path → (status, JSON), the last one for ever."""

    def __init__(self) -> None:
        self.given: dict[str, list[tuple[int, Any]]] = {}
        self.keys: list[str | None] = []

    async def serve(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("x-functions-key"))
        answers = self.given[request.path]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.json_response(body, status=status)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def app(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    monkeypatch.setattr("vendctl.smoke.POLL", 0.001)
    application = web.Application()
    application.router.add_get("/{path:.*}", answers.serve)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        deadline = asyncio.get_running_loop().time() + 30
        yield App(session, str(server.make_url("")).rstrip("/"), "a-key", deadline)


async def test_functions_are_waited_for(app: App, answers: Answers) -> None:
    answers.given["/admin/functions"] = [
        (503, {}),
        (200, [{"name": "a"}]),
        (200, [{"name": "a"}, {"name": "b"}]),
    ]
    await app.until(lambda: app.indexed({"a", "b"}))
    assert answers.keys == ["a-key"] * 3


async def test_what_is_missing_is_named(app: App, answers: Answers) -> None:
    answers.given["/admin/functions"] = [(200, [{"name": "b"}, {"name": "another"}])]
    assert await app.indexed({"c", "a", "b"}) == "not indexed: a, c"


async def test_a_store_that_is_not_reached_is_named(app: App, answers: Answers) -> None:
    stores = {"cosmos/machines": "CosmosHttpResponseError: Forbidden", "blobs/archive": "ok"}
    answers.given["/api/health"] = [(503, {"status": "unavailable", "stores": stores})]
    assert await app.healthy() == "GET /api/health: 503 cosmos/machines: CosmosHttpResponseError: Forbidden"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}), "is unknown"),
        ((401, {}), "sales: 401"),
        ((200, {"sales": []}), "is not in the API"),
        ((200, {"sales": [{"epoch": 6}]}), "is not in the API"),
        ((200, {"sales": [{"epoch": 6}, {"epoch": 7}]}), None),
    ],
)
async def test_only_this_runs_own_event_counts(
    app: App, answers: Answers, answer: Any, said: str | None
) -> None:
    answers.given[SALES] = [answer]
    wrong = await app.arrived(7)
    assert wrong is None if said is None else said in (wrong or "")


async def test_the_last_fault_is_told_when_the_time_is_over(app: App, answers: Answers) -> None:
    answers.given["/api/health"] = [(500, "broken")]
    over = App(app.session, app.url, None, asyncio.get_running_loop().time() - 1)
    with pytest.raises(NotAlive, match=r"^GET /api/health: 500$"):
        await over.until(over.healthy)


async def test_nobody_there_is_a_fault_too(app: App) -> None:
    nobody = App(app.session, "http://127.0.0.1:9", None, app.deadline)
    assert await nobody.healthy() == "GET /api/health: no answer"


def test_the_event_is_valid_and_counts_for_nothing() -> None:
    epoch, body = event(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    found = parse(hub_event(1, body))
    assert (found.envelope.deviceepoch, found.machine) == (epoch, "smoke-test")
    assert found.envelope.clocksync == "import"
    assert getattr(found.data, "payment_method") == "test"  # noqa: B009 - of one kind of data only


def test_the_hub_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TELEMETRY_HUB", raising=False)
    with pytest.raises(SystemExit):
        main([])
    assert "TELEMETRY_HUB" in capsys.readouterr().err


def test_the_expected_functions_are_those_of_this_checkout() -> None:
    import function_app

    function_app.app.functions_bindings = {}
    assert {"ingest_telemetry", "get_machine_sales", "notify"} <= functions()
