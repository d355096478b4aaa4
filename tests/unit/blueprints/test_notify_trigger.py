"""The queue's messages reach the right step, and what is posted has the fields that docs/alerts.md shows."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from blueprints.alerts import notify
from tests.support.alerts import find
from tests.support.fakes import FakeDocuments, FakeWebhook
from vending import wiring
from vending.alerts.transitions import Finding
from vending.notifications.notify_digest import ASK_FOR_DIGEST
from vending.notifications.outgoing import Outgoing
from vending.time import millis

DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"


class Message(func.QueueMessage):
    """As the binding gives it: JSON text in the body."""

    def get_json(self) -> Any:
        return json.loads(self.get_body())


async def took(body: dict[str, Any]) -> None:
    await notify.build().get_user_function()(Message(body=json.dumps(body).encode()))


@pytest.fixture
async def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """One notification by itself, then a digest of the others."""
    documents, webhook = FakeDocuments("machineId"), FakeWebhook()
    outgoing = Outgoing(documents, webhook, 1, "https://app/dashboard")
    monkeypatch.setattr(wiring, "outgoing", lambda: outgoing)
    at = millis(datetime.now(UTC) - timedelta(minutes=1))
    for machine in ("m1", "m2", "m3"):
        alert = await find(documents, Finding(machine, "sold-out", "21", (1,), True, at, {"onHand": 0}), at)
        if machine == "m1":
            await took(alert.outbox[0].dump())
    await took(ASK_FOR_DIGEST)
    return [message for _, message in webhook.posted]


async def test_a_notification_and_the_request_for_a_digest(posted: list[dict[str, Any]]) -> None:
    single, digest = posted
    assert single["idempotencyKey"] == "m1/sold-out/21/1/opened"
    assert (digest["count"], [one["machineId"] for one in digest["first"]]) == (2, ["m2", "m3"])


async def test_the_fields_are_those_of_the_document(posted: list[dict[str, Any]]) -> None:
    found = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    _alert, single, digest = (json.loads(text) for text in found)
    assert posted[0].keys() == single.keys()
    assert posted[1].keys() == digest.keys()
