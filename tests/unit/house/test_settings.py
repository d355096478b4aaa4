"""Settings that are wrong: named by their own name, in one line, where somebody looks; secrets never."""

import asyncio
import json
from typing import Any

import azure.functions as func
import pytest

from blueprints.health import get_health
from tests.support.metadata import local_settings
from tests.support.plain import health
from vendctl.deployed import App
from vendctl.provision import provision
from vending import wiring
from vending.adapters.queues import StorageQueue
from vending.notifications.addresses import MailServer
from vending.resources import QUEUES
from vending.settings import Settings
from vending.views.health import About
from vending.wiring.once import built

TOKEN = "T0KEN-IN-THE-ADDRESS"
GOOD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def given(**words: str) -> dict[str, str]:
    return {"TELEMETRY_HUB": "telemetry", "COSMOS_DATABASE": "vendstream"} | words


@pytest.mark.parametrize(
    "url",
    [
        f"https://hooks.example/{TOKEN}",
        f"https://hooks.example:8443/a?b={TOKEN}",
        f"http://127.0.0.1:9000/{TOKEN}",
        f"http://localhost/{TOKEN}",
        f"http://[::1]:80/{TOKEN}",
        f"https://[2001:db8::1]/{TOKEN}",
        f"https://user:{TOKEN}@hooks.example/",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    receiver = Settings.checked(given(NOTIFY_WEBHOOK_URL=url, NOTIFY_WEBHOOK_SECRET=GOOD_SECRET)).receiver()
    assert receiver is not None
    assert (receiver.url, len(receiver.key or b"")) == (url, 24)
    assert TOKEN not in repr(receiver)
    assert TOKEN not in repr(Settings.read(given(NOTIFY_WEBHOOK_URL=url)))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"http://hooks.example/{TOKEN}", "write https://"),
        (f"http://127.0.0.1.hooks.example/{TOKEN}", "write https://"),
        (f"http://10.0.0.1/{TOKEN}", "write https://"),
        (f"http://localhost@hooks.example/{TOKEN}", "write https://"),
        (f"ftp://hooks.example/{TOKEN}", "is no address"),
        (f"file:///{TOKEN}", "is no address"),
        (f"hooks.example/{TOKEN}", "is no address"),
        (f"https:///{TOKEN}", "is no address"),
        (f"https://hooks.example:{TOKEN}/", "is no address"),
        (f"https://[::1/{TOKEN}", "is no address"),
        (f"https://hooks.example/{TOKEN} ", "is no address"),
        (f"https://hooks.example/\n{TOKEN}", "is no address"),
        (f"not a url {TOKEN}", "is no address"),
    ],
)
def test_addresses_that_are_refused_when_settings_are_judged(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=rf"^app setting NOTIFY_WEBHOOK_URL [^\n]*{says}") as caught:
        Settings.checked(given(NOTIFY_WEBHOOK_URL=url))
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NOTIFY_WEBHOOK_SECRET", TOKEN, "write whsec_ and base64"),
        ("NOTIFY_WEBHOOK_SHAPE", "discord", "give standard, slack, teams"),
        ("NOTIFY_POSTS_PER_MINUTE", "0", "whole posts from 1 on"),
        ("NOTIFY_POSTS_PER_MINUTE", "many", "whole posts from 1 on"),
        ("DEFAULT_TIME_ZONE", "Europe/Atlantis", "not in the IANA database"),
        ("DEFAULT_TIME_ZONE", "localtime", "this computer's"),
        ("DEFAULT_TIME_ZONE", "posixrules", "this computer's"),
        ("DEFAULT_TIME_ZONE", "right/UTC", "this computer's"),
        ("DEFAULT_TIME_ZONE", "../etc/passwd", "not in the IANA database"),
        ("HUB_GENERATION", "", "give a short name"),
        ("HUB_GENERATION", "2026/2", "give a short name"),
        ("HUB_GENERATION", "second life", "give a short name"),
    ],
)
def test_other_settings_that_are_wrong(name: str, value: str, says: str) -> None:
    words = given(NOTIFY_WEBHOOK_URL="https://hooks.example/") | {name: value}
    with pytest.raises(ValueError, match=rf"^app setting {name}[: ].*{says}") as caught:
        Settings.checked(words)
    assert TOKEN not in str(caught.value)


SMTP = {"SMTP_HOST": "smtp.example", "MAIL_FROM": "fleet@vend.example"}


def test_mail_servers_that_are_taken() -> None:
    assert Settings.checked(given()).mail_server() is None
    words = SMTP | {
        "SMTP_USERNAME": "app",
        "SMTP_PASSWORD": TOKEN,
        "NOTIFY_MAIL_TO": "a@b.example, c@d.example,",
    }
    settings = Settings.checked(given(**words))
    server = settings.mail_server()
    assert server == MailServer("smtp.example", 587, "starttls", "fleet@vend.example", "app", TOKEN)
    assert TOKEN not in repr(server) + repr(settings)
    assert settings.mail_to() == ("a@b.example", "c@d.example")
    for host in ("localhost", "127.0.0.1", "::1"):
        assert Settings.checked(given(**SMTP | {"SMTP_HOST": host, "SMTP_TLS": "none"})).mail_server()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SMTP_HOST", "smtp.example:587", "without port"),
        ("SMTP_HOST", "smtp.example\r\n", "without port"),
        ("SMTP_PORT", "0", "from 1 to 65535"),
        ("SMTP_PORT", "65536", "from 1 to 65535"),
        ("SMTP_TLS", "maybe", "give implicit, starttls, none"),
        ("SMTP_TLS", "none", "this computer alone"),
        ("MAIL_FROM", "", "write name@host"),
        ("MAIL_FROM", "Fleet <fleet@vend.example>", "write name@host"),
        ("MAIL_FROM", "fleet@vend.example\r\nBcc: all@vend.example", "write name@host"),
        ("SMTP_USERNAME", "app", "give both or none"),
        ("SMTP_PASSWORD", TOKEN, "give both or none"),
        ("NOTIFY_MAIL_TO", "a@b.example; c@d.example", "write name@host, name@host"),
    ],
)
def test_mail_servers_that_are_refused(name: str, value: str, says: str) -> None:
    words = given(**SMTP) | {name: value}
    with pytest.raises(ValueError, match=rf"^app settings? [^\n]*{name}[^\n]* {says}") as caught:
        Settings.checked(words)
    assert TOKEN not in str(caught.value)
    assert Settings.read(words).hub_generation == "1", "no event is kept back"


@pytest.mark.parametrize(
    "said", ["fleet.example", "https://fleet.example/", "ftp://a.example", "https://A.example"]
)
def test_what_no_browser_calls_an_origin_is_refused_and_keeps_no_event_back(said: str) -> None:
    words = given() | {"CORS_ORIGINS": f"https://b.example, {said}"}
    with pytest.raises(
        ValueError, match=r"app setting CORS_ORIGINS has .* give origins such as https://HOST"
    ):
        Settings.checked(words)
    assert Settings.read(words).hub_generation == "1"


def test_origins_are_a_list_with_commas() -> None:
    words = given() | {"CORS_ORIGINS": "https://a.example, http://localhost:5173,,*"}
    assert Settings.read(words).origins == {"https://a.example", "http://localhost:5173", "*"}
    assert Settings.read(given()).origins == frozenset()


async def test_health_tells_a_setting_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be asked then, and it was a 500 without a word."""
    monkeypatch.setattr("os.environ", {})
    await wiring.close()
    request = func.HttpRequest("GET", "http://localhost/api/health", body=b"")
    answer = await get_health.build().get_user_function()(request)
    assert answer.status_code == 503
    found = json.loads(answer.get_body())
    assert (found["status"], found["settings"]) == (
        "unavailable", "app setting TELEMETRY_HUB is missing; see local.settings.json",
    )  # fmt: skip
    await wiring.close()


def test_a_wrong_address_keeps_no_event_back() -> None:
    """Every function reads the settings: a typing error about notifications is no reason to stop ingest."""
    assert Settings.read(given(NOTIFY_WEBHOOK_URL="nonsense")).hub_generation == "1"


def test_provision_tells_a_wrong_address_before_it_makes_anything() -> None:
    environment = local_settings() | {"NOTIFY_WEBHOOK_URL": "http://hooks.example/"}
    with pytest.raises(ValueError, match="NOTIFY_WEBHOOK_URL"):
        asyncio.run(provision(environment))


async def test_health_and_with_it_smoke_tell_a_wrong_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", given(NOTIFY_WEBHOOK_URL=f"ftp://hooks.example/{TOKEN}"))
    fault = wiring.settings_fault()
    assert fault == "app setting NOTIFY_WEBHOOK_URL is no address: write https://HOST/PATH"

    class Answering(App):
        async def get(self, path: str) -> tuple[int, Any]:
            return 503, {"status": "unavailable", "settings": fault, "stores": {"cosmos/alerts": "ok"}}

    app = Answering(None, "", None, 0)  # type: ignore[arg-type]
    assert await app.healthy() == f"GET /api/health: 503 {fault}"


async def test_a_connection_that_is_missing_costs_its_own_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the clients of the others are built before anybody's patience is measured: importing them takes
    seconds on a cold instance, which health took for stores that do not answer."""
    given_here = local_settings()
    del given_here["COSMOS"]
    monkeypatch.setattr("os.environ", given_here)
    await wiring.close()
    probes = wiring.health_probes()
    assert sum(isinstance(made, StorageQueue) for made in built) == len(QUEUES)
    assert {name.partition("/")[0] for name in probes} == {"cosmos", "blobs", "queues"}
    with pytest.raises(ValueError, match="set app setting COSMOS"):
        await probes["cosmos/machines"]()
    found = await health.health(
        {"cosmos/machines": probes["cosmos/machines"]}, no_troubles, About("1", "quick")
    )
    assert found["stores"]["cosmos/machines"] == "failed in a way this app does not know"
    await wiring.close()


async def no_troubles() -> list[str]:
    return []
