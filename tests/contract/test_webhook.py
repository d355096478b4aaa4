"""Delivering to an HTTP endpoint that behaves well, badly, or not at all."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from devstack.ports import free_port
from vending.adapters.webhook import HttpWebhook
from vending.errors import Rejected, Transient


class Endpoint:
    """Answers with what it is told, and remembers what came."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.url = ""
        self.received: list[tuple[str | None, Any]] = []

    async def take(self, request: web.Request) -> web.Response:
        """One delivery."""
        self.received.append((request.headers.get("Idempotency-Key"), await request.json()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/hook", endpoint.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield endpoint
    await runner.cleanup()


@pytest.fixture
async def webhook(endpoint: Endpoint) -> AsyncIterator[HttpWebhook]:
    hook = HttpWebhook(endpoint.url)
    yield hook
    await hook.close()


async def test_a_message_is_posted_with_its_key(webhook: HttpWebhook, endpoint: Endpoint) -> None:
    await webhook.post({"text": "Selection 21 is sold out ☕"}, "m1:sold-out:21:1:open")
    await webhook.post({"text": "again"}, "m1:sold-out:21:1:open")
    assert endpoint.received == [
        ("m1:sold-out:21:1:open", {"text": "Selection 21 is sold out ☕"}),
        ("m1:sold-out:21:1:open", {"text": "again"}),
    ]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_what_may_pass_is_tried_again(webhook: HttpWebhook, endpoint: Endpoint, status: int) -> None:
    endpoint.status, endpoint.headers = status, {"Retry-After": "7"}
    with pytest.raises(Transient, match=str(status)) as caught:
        await webhook.post({}, "k")
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 422])
async def test_what_will_never_be_taken_is_rejected(
    webhook: HttpWebhook, endpoint: Endpoint, status: int
) -> None:
    endpoint.status, endpoint.headers = status, {"Location": endpoint.url}
    with pytest.raises(Rejected, match=f"status {status}"):
        await webhook.post({}, "k")
    assert len(endpoint.received) == 1


async def test_nobody_there_may_pass() -> None:
    hook = HttpWebhook(f"http://127.0.0.1:{free_port()}/hook")
    with pytest.raises(Transient):
        await hook.post({}, "k")
    await hook.close()
