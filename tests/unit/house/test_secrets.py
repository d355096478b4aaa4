"""No line of the log and no traceback holds a secret, whatever fails: keys of stores, the webhook's address.

The app's own functions run with secrets in their settings while nothing that these lead to answers, or while
the receiver answers nonsense; what the host would log is kept and searched.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest

from blueprints import alerts, health, machines, rollups
from devstack.ports import free_port
from tests.support.alerts import find
from tests.support.fakes import FakeDocuments
from vending import wiring
from vending.alerts.transitions import Finding
from vending.notifications.outgoing import Outgoing
from vending.time import millis

COSMOS_KEY, STORE_KEY, HUB_KEY = ("S3CR3TCOSMOSKEY0", "S3CR3TSTOREKEY00", "S3CR3THUBKEY0000")
TOKEN, SIGNING = "T0KEN-IN-THE-ADDRESS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = (COSMOS_KEY, STORE_KEY, HUB_KEY, TOKEN, SIGNING, SIGNING.removeprefix("whsec_"))


def environment(url: str) -> dict[str, str]:
    """Settings as somebody deploys them with connection strings; nobody listens at any of the addresses."""
    port = free_port()
    store = (
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={STORE_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/a;QueueEndpoint=http://127.0.0.1:{port}/a;"
    )
    return {
        "TELEMETRY_HUB": "telemetry",
        "COSMOS_DATABASE": "vendstream",
        "COSMOS": f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey={COSMOS_KEY};",
        "DATA": store,
        "AzureWebJobsStorage": store,
        "EVENTHUB": (
            f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=k;SharedAccessKey={HUB_KEY};"
            "UseDevelopmentEmulator=true;"
        ),
        "NOTIFY_WEBHOOK_URL": url,
        "NOTIFY_WEBHOOK_SECRET": SIGNING,
    }


class Log:
    """What a host keeps: every line, formatted with its traceback, and how each call failed."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self.failures: list[str] = []

    async def call(self, function: Any, *arguments: Any) -> Any:
        try:
            return await function.build().get_user_function()(*arguments)
        except Exception as fault:  # noqa: BLE001 - the host takes any
            self.failures.append("".join(traceback.format_exception(fault)))
        return None

    def text(self) -> str:
        lines = [logging.Formatter().format(record) for record in self._caplog.records]
        return "\n".join([*lines, *self.failures])


def request(path: str) -> func.HttpRequest:
    return func.HttpRequest("GET", f"http://localhost{path}", params={"code": HUB_KEY}, body=b"")


async def owed(documents: FakeDocuments) -> func.QueueMessage:
    """A notification that an alert owes, as the queue gives it out."""
    finding = Finding("m1", "silent", "machine", (1,), True, 1, {})
    alert = await find(documents, finding, millis(datetime.now(UTC)))
    message = func.QueueMessage(body=b"")
    message.get_json = lambda: alert.outbox[0].dump()  # type: ignore[method-assign]
    return message


@pytest.fixture
async def log(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Log]:
    caplog.set_level(logging.INFO)
    await wiring.close()
    yield Log(caplog)
    await wiring.close()


async def test_stores_that_do_not_answer(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", environment(f"https://127.0.0.1:{free_port()}/{TOKEN}"))
    answer = await log.call(health.get_health, request(f"/api/health?code={HUB_KEY}"))
    views = await log.call(machines.get_machines, request(f"/api/v1/machines?code={HUB_KEY}"))
    for path in (f"%3Fcode={HUB_KEY}", f"/code=%3D{HUB_KEY}", f";CODE={HUB_KEY}", f"%3fcode%3d{HUB_KEY}"):
        await log.call(machines.get_machines, request(f"/api/v1/machines{path}"))
    await log.call(rollups.roll_up, func.TimerRequest())
    await log.call(alerts.notify, await owed(FakeDocuments("machineId")))
    assert (answer.status_code, views.status_code) == (503, 503)
    text = log.text() + answer.get_body().decode() + views.get_body().decode()
    assert len(log.failures) == 2
    assert text.count("127.0.0.1") > 5, "the addresses are told"
    assert [secret for secret in SECRETS if secret in text] == []


@asynccontextmanager
async def receiver(answer: bytes) -> AsyncIterator[str]:
    """The address, with a token in it, of a receiver that answers so."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{TOKEN}?token={TOKEN}"
        await wiring.close()


ANSWERS = {
    "nonsense": b"\x00\xff nonsense\r\n\r\n",
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "redirect": b"HTTP/1.1 307 T\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n" % TOKEN.encode(),
    "refusal": b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
    "final": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "taken": b"HTTP/1.1 204 No Content\r\n\r\n",
    "nobody": b"",
}


@pytest.mark.parametrize("said", ANSWERS.values(), ids=ANSWERS)
async def test_a_receiver_whatever_it_answers(log: Log, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = FakeDocuments("machineId")
    monkeypatch.setattr(wiring, "outgoing", lambda: Outgoing(documents, wiring.webhook()))
    async with receiver(said) as url:
        monkeypatch.setattr("os.environ", environment(url))
        await log.call(alerts.notify, await owed(documents))
    text = log.text() + str(documents.items)
    assert "webhook" in text or "is not heard from" in text
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("url", [f"ftp://hooks.example/{TOKEN}", f"https://hooks.example:{TOKEN}/"])
async def test_an_address_that_is_none(log: Log, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = FakeDocuments("machineId")
    monkeypatch.setattr(wiring, "outgoing", lambda: Outgoing(documents, wiring.webhook()))
    monkeypatch.setattr("os.environ", environment(url))
    await log.call(alerts.notify, await owed(documents))
    assert "app setting NOTIFY_WEBHOOK_URL" in log.text()
    assert [secret for secret in SECRETS if secret in log.text()] == []
    assert wiring.settings_fault()
