"""Health: every store is asked, none of them can hide another, and many who ask share one look."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import msgspec
import pytest

from blueprints.health import get_health
from tests.support.alerts import find
from tests.support.fakes import FakeDocuments
from tests.support.plain import health
from vending import wiring
from vending.alerts import rules
from vending.alerts.transitions import Finding
from vending.errors import Transient
from vending.recent import Recent
from vending.views.health import About, troubles
from vending.wiring.health import HEALTH_FOR

ABOUT = About("1.2", "quick")


async def none() -> list[str]:
    return []


async def fine() -> None:
    """A store that answers."""


async def away() -> None:
    raise Transient("https://secret.example/: connection refused")


async def bug() -> None:
    raise KeyError("oops")


async def endless() -> None:
    await asyncio.Event().wait()


async def test_all_is_well() -> None:
    assert await health.health({"a": fine, "cosmos/alerts": bug}, none, ABOUT) == {
        "status": "ok",
        "version": "1.2",
        "decoder": "quick",
        "settings": "ok",
        "stores": {"a": "ok", "cosmos/alerts": "ok"},
        "troubles": [],
    }


async def test_each_kind_of_failure_is_named_and_tells_no_address() -> None:
    found = await health.health({"a": fine, "b": away, "c": bug, "d": endless}, none, ABOUT, patience=0.01)
    assert found["status"] == "unavailable"
    assert found["stores"]["a"] == "ok"
    assert found["stores"]["b"] == "does not answer, or refuses this app's access"
    assert found["stores"]["c"] == "failed in a way this app does not know"
    assert found["stores"]["d"] == "no answer within 0.01 s"
    assert "secret" not in str(found)


async def test_alerts_that_cannot_be_read_are_a_store_that_is_away() -> None:
    async def unread() -> list[str]:
        raise Transient("throttled")

    found = await health.health({}, unread, ABOUT)
    assert found["status"] == "unavailable"
    assert found["stores"] == {"cosmos/alerts": "does not answer, or refuses this app's access"}


async def test_the_apps_own_alerts_are_told_and_cost_a_request_for_each_place() -> None:
    """It said ok while a partition stood still: every store answered."""
    alerts = FakeDocuments("machineId")
    wrong = ("$hub", "partition-standing-still"), ("$notifications", "undelivered"), ("m1", "silent")
    for place, rule in wrong:
        finding = Finding(place, rule, "ingest_telemetry:2", (1,), True, 1, {})
        await find(alerts, finding, 1)
    before = alerts.requests
    found = await health.health({}, lambda: troubles(alerts), ABOUT)
    assert alerts.requests == before + len(rules.subjects())
    assert (found["status"], found["troubles"]) == (
        "degraded",
        [
            "A hub partition stands still: ingest_telemetry:2",
            "Notifications do not arrive: ingest_telemetry:2",
        ],
    )


async def test_a_wrong_setting_is_told() -> None:
    fault = "app setting NOTIFY_WEBHOOK_URL is no address: write https://HOST/PATH"
    found = await health.health({"a": fine}, none, About("1.2", "quick", fault))
    assert (found["status"], found["settings"]) == ("unavailable", fault)


class Clock(datetime):
    """Moves when it is told to."""

    at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> "Clock":
        return cls.fromtimestamp(cls.at.timestamp(), tz)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the stores that were looked at, in order."""
    looks: list[str] = []

    def probe(name: str) -> Callable[[], Any]:
        async def look() -> None:
            looks.append(name)
            await asyncio.sleep(0)

        return look

    monkeypatch.setattr(wiring, "health_probes", lambda: {name: probe(name) for name in "abc"})
    monkeypatch.setattr(wiring, "troubles", none)
    monkeypatch.setattr(wiring, "settings_fault", lambda: None)
    monkeypatch.setattr("blueprints.health.datetime", Clock)
    monkeypatch.setattr(Clock, "at", Clock.at)
    recent = Recent(HEALTH_FOR)
    monkeypatch.setattr(wiring, "recent_health", lambda: recent)
    return looks


async def ask(method: str = "GET") -> func.HttpResponse:
    request = func.HttpRequest(method, "http://localhost/api/health", body=b"")
    answer: func.HttpResponse = await get_health.build().get_user_function()(request)
    return answer


async def test_a_hundred_who_ask_at_once_share_one_look(looked: list[str]) -> None:
    """Anybody may ask, and one look is eleven requests to the stores."""
    answers = await asyncio.gather(*(ask("HEAD" if n % 2 else "GET") for n in range(100)))
    assert sorted(looked) == ["a", "b", "c"]
    assert {answer.status_code for answer in answers} == {200}
    assert msgspec.json.decode(answers[0].get_body())["status"] == "ok"


async def test_a_look_stands_for_five_seconds(looked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    await ask()
    monkeypatch.setattr(Clock, "at", Clock.at + timedelta(seconds=4.9))
    await ask()
    assert len(looked) == 3
    monkeypatch.setattr(Clock, "at", Clock.at + timedelta(seconds=0.2))
    await ask()
    assert len(looked) == 6
