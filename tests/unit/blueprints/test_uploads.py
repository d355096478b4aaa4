"""The route of uploads: what it answers, and what the trigger hands on."""

import json
from typing import Any

import azure.functions as func
import msgspec
import pytest

from blueprints import uploads
from tests.support.uploads import created, message
from tests.unit.uploads.world import World
from vending import wiring
from vending.errors import Transient
from vending.uploads import process_upload as processing

ASKED = {"kind": "dex", "machineId": "m-1", "contentType": "text/plain", "size": 5000}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(wiring, "admit_stores", lambda: world.admission)
    return world


async def post(body: bytes, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
    headers = {"content-type": content_type}
    request = func.HttpRequest("POST", "http://localhost/api/v1/uploads", headers=headers, body=body)
    answer = await uploads.post_upload.build().get_user_function()(request)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, json.loads(answer.get_body())


async def test_an_address_is_given_out(world: World) -> None:
    status, found = await post(msgspec.json.encode(ASKED), "application/json; charset=utf-8")
    assert status == 201
    assert found["url"].startswith("https://store.example/uploads/dex/m-1/")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "truncated"),
        (b"{\xff}", "."),
        (b"[]", "Expected `object`"),
        (msgspec.json.encode(ASKED | {"size": -1}), "$.size"),
        (msgspec.json.encode(ASKED | {"more": 1}), "unknown field `more`"),
        (msgspec.json.encode(ASKED | {"kind": "video"}), "kind is 'video'; it may be dex"),
    ],
)
@pytest.mark.usefixtures("world")
async def test_what_is_wrong_is_told(body: bytes, said: str) -> None:
    status, found = await post(body)
    assert status == 400
    assert said in found["detail"]


@pytest.mark.usefixtures("world")
async def test_a_form_of_another_page_is_no_question() -> None:
    assert (await post(msgspec.json.encode(ASKED), "text/plain"))[0] == 415


async def test_a_store_that_is_away_is_503(world: World) -> None:
    def away(*_: str) -> None:
        raise Transient("away", 3)

    world.machines.fault = away
    assert (await post(msgspec.json.encode(ASKED)))[0] == 503


async def test_the_trigger_hands_on_the_message_and_its_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bytes, int]] = []

    async def process(body: bytes, tries: int, *_: object) -> str:
        seen.append((body, tries))
        return "upload a: processed"

    monkeypatch.setattr(processing, "process_upload", process)
    monkeypatch.setattr(wiring, "upload_stores", lambda: None)

    class Message(func.QueueMessage):
        @property
        def dequeue_count(self) -> int:
            return 3

    body = message(created())
    await uploads.process_upload.build().get_user_function()(Message(body=body))
    assert seen == [(body, 3)]
