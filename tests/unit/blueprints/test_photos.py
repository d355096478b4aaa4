"""The HTTP side of photos: parameters, media type, how long a browser keeps them; notices of the queue."""

import json
from typing import Any

import azure.functions as func
import pytest

from blueprints.alerts import notify
from blueprints.photos import get_machine_photos, get_photo
from tests.unit.blueprints.test_notify_trigger import Message
from tests.unit.uploads.photos.world import SUPERVISOR, UPLOAD, World
from vending import wiring
from vending.notifications.outgoing import Outgoing

PHOTO = f"vm-1~{UPLOAD}"


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(wiring, "view_stores", world.views)
    monkeypatch.setattr(wiring, "photos", lambda: world.photos)
    monkeypatch.setattr(wiring, "notice_office", lambda: world.office)
    monkeypatch.setattr(wiring, "outgoing", lambda: Outgoing(world.alerts, None))
    await world.process()
    return world


async def get(
    function: Any, route: dict[str, str], params: dict[str, str] | None = None, held: str = ""
) -> func.HttpResponse:
    headers = {"if-none-match": held}
    request = func.HttpRequest("GET", "/", headers=headers, params=params or {}, route_params=route, body=b"")
    answer: func.HttpResponse = await function.build().get_user_function()(request)
    return answer


async def test_a_picture_is_webp_and_is_kept(world: World) -> None:
    route = {"photoId": PHOTO, "size": "320"}

    answer = await get(get_photo, route)

    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    assert answer.get_body() == world.pictures()[f"vm-1/{UPLOAD}/320.webp"]
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = await get(get_photo, route, held=answer.headers["ETag"])
    assert (again.status_code, again.get_body()) == (304, b"")


async def test_what_is_not_there_is_404_and_a_parameter_is_400(world: World) -> None:
    assert (await get(get_photo, {"photoId": PHOTO, "size": "640"})).status_code == 404
    assert (await get(get_photo, {"photoId": PHOTO, "size": "320"}, {"width": "9"})).status_code == 400
    assert (await get(get_machine_photos, {"machineId": "no id"})).status_code == 404


async def test_the_photos_of_a_machine(world: World) -> None:
    answer = await get(get_machine_photos, {"machineId": "vm-1"}, {"limit": "1", "code": "key"})

    assert [row["photoId"] for row in json.loads(answer.get_body())["photos"]] == [PHOTO]


@pytest.mark.parametrize(
    "params", [{"limit": "0"}, {"limit": "101"}, {"after": "yesterday"}, {"after": "1-2\n"}, {"before": "1"}]
)
async def test_questions_are_bounded(world: World, params: dict[str, str]) -> None:
    assert (await get(get_machine_photos, {"machineId": "vm-1"}, params)).status_code == 400


async def test_a_notice_of_the_queue_is_mailed(world: World) -> None:
    [message] = world.queue.messages

    await notify.build().get_user_function()(Message(body=json.dumps(message).encode()))

    assert [mail.to for mail in world.mailer.mails] == [SUPERVISOR]
