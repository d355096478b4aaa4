"""The smoke test's verdicts, against an app that answers as told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.credentials import AccessToken

from tests.support.events import hub_event
from vendctl.__main__ import main as vendctl
from vendctl.deployed import App, NotAlive
from vendctl.smoke import Events, functions, token_for
from vending.events.event import parse

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

THE_MACHINE = "/api/v1/machines/smoke-test"
SALES = f"{THE_MACHINE}/sales"
DAYS = ["2026-03-01", "2026-03-02"]


class Answers:
    """What the app answers: path → (status, JSON), the last one for ever."""

    def __init__(self) -> None:
        self.given: dict[str, list[tuple[int, Any]]] = {}
        self.keys: list[str | None] = []
        self.signed_in: list[str | None] = []

    async def serve(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("x-functions-key"))
        self.signed_in.append(request.headers.get("Authorization"))
        answers = self.given[request.path]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.json_response(body, status=status)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def app(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    monkeypatch.setattr("vendctl.deployed.POLL", 0.001)
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


async def test_an_app_that_people_sign_in_to_is_shown_a_token_for_it(app: App, answers: Answers) -> None:
    asked: list[str] = []

    class Identity:
        async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            asked.extend(scopes)
            return AccessToken("of-the-app", 0)

    answers.given["/api/health"] = [(200, {})]
    assert await app.healthy() is None
    credential = cast("AsyncTokenCredential", Identity())
    signed_in = replace(app, token=partial(token_for, credential, "0f4c"))
    assert await signed_in.healthy() is None
    assert answers.signed_in == [None, "Bearer of-the-app"]
    assert asked == ["api://0f4c/.default"]


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
    assert await nobody.healthy() == "GET http://127.0.0.1:9/api/health: no answer"


def day(tests: int | None) -> tuple[int, Any]:
    figures = {"test": tests} if tests else {"vends": 5}
    return 200, {"day": None if tests is None else {"figures": figures}, "alerts": []}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([day(2), day(None)], "roll_up_shard: the vend is in none of smoke-test's days"),
        ([day(0), day(0)], "roll_up_shard: the vend is in none of smoke-test's days"),
        ([(404, {})], "roll_up_shard: the vend is in none of smoke-test's days"),
        ([(503, {})], "GET /api/v1/machines/smoke-test?day=2026-03-01: 503"),
        ([day(2), day(1)], None),
        ([day(None), day(3)], None),
    ],
)
async def test_the_vend_must_be_in_a_day_that_roll_up_shard_wrote(
    app: App, answers: Answers, given: list[Any], said: str | None
) -> None:
    """Two test vends were there before this run's; the business day is one of two, by the machine's zone."""
    answers.given[THE_MACHINE] = given
    wrong = await app.rolled_up(DAYS, 2)
    assert wrong is None if said is None else (wrong or "").startswith(said)


def with_alert(*alerts: dict[str, Any]) -> list[tuple[int, Any]]:
    other = {"rule": "sold-out", "component": "A1", "notification": "waiting"}
    return [(200, {"alerts": [other, *alerts]})]


def of_the_test(notification: str) -> dict[str, Any]:
    return {"rule": "sold-out", "component": "T1", "notification": notification}


async def test_an_alert_must_open_and_its_notification_be_taken(app: App, answers: Answers) -> None:
    answers.given[THE_MACHINE] = with_alert()
    assert (await app.told() or "").startswith("watch_machines: ")
    answers.given[THE_MACHINE] = with_alert(of_the_test("waiting"))
    assert (await app.told() or "").startswith("notify: ")
    answers.given[THE_MACHINE] = with_alert(of_the_test("taken"))
    assert await app.told() is None
    answers.given[THE_MACHINE] = [(500, None)]
    assert await app.told() == "GET /api/v1/machines/smoke-test: 500"


async def test_a_receiver_that_refuses_is_told_at_once(app: App, answers: Answers) -> None:
    answers.given[THE_MACHINE] = with_alert(of_the_test("refused"))
    with pytest.raises(NotAlive, match="notify: the receiver refused"):
        await app.until(app.told)


async def test_the_alert_must_close_again(app: App, answers: Answers) -> None:
    answers.given[THE_MACHINE] = with_alert(of_the_test("taken"))
    assert (await app.calm() or "").startswith("watch_machines: ")
    answers.given[THE_MACHINE] = with_alert()
    assert await app.calm() is None


async def test_a_function_that_somebody_switched_off_is_named(app: App, answers: Answers) -> None:
    """``AzureWebJobs.notify.Disabled`` leaves a function indexed."""
    answers.given["/admin/functions"] = [
        (200, [{"name": "a"}, {"name": "b", "isDisabled": True}, {"name": "another", "isDisabled": True}])
    ]
    assert await app.indexed({"a", "b"}) == "disabled: b"


def test_the_events_are_valid_and_count_for_nothing() -> None:
    events = Events(datetime(2026, 3, 2, 11, 0, tzinfo=UTC))
    vend, full, empty = (parse(hub_event(1, x)) for x in (events.vend(), events.level(1), events.level(0)))
    for found in (vend, full, empty):
        assert (found.envelope.deviceepoch, found.machine) == (events.epoch, "smoke-test")
        assert found.envelope.clocksync == "import"
    assert [x.envelope.sequence for x in (vend, full, empty)] == [1, 2, 3]
    assert getattr(vend.data, "payment_method") == "test"  # noqa: B009 - of one kind of data only
    assert events.days == ["2026-03-01", "2026-03-02", "2026-03-03"]


def test_the_hub_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TELEMETRY_HUB", raising=False)
    monkeypatch.setenv("EVENTHUB", "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b")
    assert vendctl(["smoke"]) == 2
    assert "TELEMETRY_HUB" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["notaurl", "localhost:7071", "ftp://host", "https://", "https://host/api"])
def test_an_address_that_is_none_is_named(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """``--url notaurl`` said "GET /admin/functions: no answer" after ten minutes."""
    assert vendctl(["smoke", "--url", url]) == 2
    assert f"--url {url!r} is no address of an app" in capsys.readouterr().err


def test_the_expected_functions_are_those_of_this_checkout() -> None:
    import function_app

    function_app.app.functions_bindings = {}
    assert {"ingest_telemetry", "get_machine_sales", "notify"} <= functions()
