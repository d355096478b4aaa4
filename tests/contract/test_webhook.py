"""Delivering to an HTTP endpoint that behaves well, badly, or not at all."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress

import pytest
from aiohttp import ClientTimeout

from devstack.ports import free_port
from tests.support.webhook_receiver import Answer, WebhookReceiver
from vending.adapters.webhook import HttpWebhook
from vending.errors import Refused, Rejected, Transient
from vending.notifications import signing
from vending.notifications.shapes import SHAPES


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with closing(WebhookReceiver()) as found:
        yield found


@pytest.fixture
async def webhook(receiver: WebhookReceiver) -> AsyncIterator[HttpWebhook]:
    hook = HttpWebhook(receiver.url)
    yield hook
    await hook.close()


async def test_a_message_is_posted_with_its_key(webhook: HttpWebhook, receiver: WebhookReceiver) -> None:
    await webhook.post({"text": "Selection 21 is sold out ☕"}, "m1:sold-out:21:1:open")
    await webhook.post({"text": "again"}, "m1:sold-out:21:1:open")
    assert receiver.received() == [
        ("m1:sold-out:21:1:open", {"text": "Selection 21 is sold out ☕"}),
        ("m1:sold-out:21:1:open", {"text": "again"}),
    ]


async def test_what_is_posted_has_the_shape_that_the_service_takes(receiver: WebhookReceiver) -> None:
    hook = HttpWebhook(receiver.url, written=SHAPES["slack"])
    await hook.post({"severity": "info", "text": "m1: selection 21 is sold out"}, "k")
    await hook.close()
    [(key, message)] = receiver.received()
    assert (key, message["text"]) == ("k", "INFO: m1: selection 21 is sold out")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_what_may_pass_is_tried_again(
    webhook: HttpWebhook, receiver: WebhookReceiver, status: int
) -> None:
    receiver.answer = lambda: Answer(status, {"Retry-After": "7"})
    with pytest.raises(Transient, match=str(status)) as caught:
        await webhook.post({}, "k")
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("status", [400, 410, 413, 422])
async def test_what_will_never_be_taken_is_rejected(
    webhook: HttpWebhook, receiver: WebhookReceiver, status: int
) -> None:
    """These are about this very message, or for ever."""
    receiver.answer = lambda: Answer(status)
    with pytest.raises(Rejected, match=f"status {status}"):
        await webhook.post({}, "k")
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405, 409, 415, 451])
async def test_what_somebody_may_mend_is_refused_for_now(
    webhook: HttpWebhook, receiver: WebhookReceiver, status: int
) -> None:
    """A receiver answers so during its own deployment. No redirect is followed: it may lead anywhere."""
    receiver.answer = lambda: Answer(status, {"Location": receiver.url, "Retry-After": "9"})
    with pytest.raises(Refused, match=f"status {status}") as caught:
        await webhook.post({}, "k")
    assert caught.value.retry_after == 9
    assert len(receiver.posts) == 1


async def test_nobody_there_may_pass() -> None:
    hook = HttpWebhook(f"http://127.0.0.1:{free_port()}/{SECRET}")
    with pytest.raises(Transient, match="ClientConnectorError") as caught:
        await hook.post({}, "k")
    assert SECRET not in whole(caught.value)
    await hook.close()


async def test_a_key_of_any_characters_makes_one_header(
    webhook: HttpWebhook, receiver: WebhookReceiver
) -> None:
    await webhook.post({}, "m1/fault/é\r\nX-Evil: 1/1/opened")
    assert receiver.received() == [("m1/fault/%C3%A9%0D%0AX-Evil:%201/1/opened", {})]


SECRET = "T0KEN-IN-THE-ADDRESS"
HEAD = b"HTTP/1.1 200 OK\r\n"
NO_HTTP = {
    "garbage": b"\x00\xff\x00 garbage\r\n\r\n",
    "status": b"HTTP/1.1 abc\r\n\r\n",
    "length": HEAD + b"Content-Length: -5\r\n\r\n",
    "header": HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
    "headers": HEAD + b"".join(b"X%d: a\r\n" % number for number in range(40_000)) + b"\r\n",
    "nothing": b"",
}


def whole(fault: BaseException) -> str:
    """All that a log shows of a fault."""
    return "".join(traceback.format_exception(fault))


@asynccontextmanager
async def peer(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """The address of somebody who takes a request and then talks."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(65_536)
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/{SECRET}?token={SECRET}"
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


@pytest.mark.parametrize("said", NO_HTTP.values(), ids=NO_HTTP)
async def test_an_answer_that_is_no_http_may_pass_and_its_fault_does_not_hold_the_address(
    said: bytes,
) -> None:
    """The client library puts the whole address into the text of such a fault."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    async with peer(talk) as url:
        hook = HttpWebhook(url)
        with pytest.raises(Transient, match=r"^webhook: [A-Za-z]+") as caught:
            await hook.post({}, "k")
        assert SECRET not in whole(caught.value)
        await hook.close()


async def test_of_an_answer_only_the_head_is_read() -> None:
    """Ten gigabytes are announced, and sent for as long as somebody takes them."""
    sent = 0

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"Content-Length: 10000000000\r\n\r\n")
        while sent < 500_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with peer(talk) as url:
        hook = HttpWebhook(url)
        await hook.post({}, "k")
        await hook.close()
    assert sent < 50_000_000


@pytest.mark.parametrize("drop", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["slow", "continue"])
async def test_an_answer_that_never_ends_is_none(drop: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vending.adapters.webhook.PATIENCE", ClientTimeout(total=0.3))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with peer(talk) as url:
        hook = HttpWebhook(url)
        with pytest.raises(Transient, match=r"TimeoutError|ServerDisconnectedError|ClientResponseError"):
            await hook.post({}, "k")
        await hook.close()


async def test_a_post_is_signed_over_its_key_its_time_and_its_body(receiver: WebhookReceiver) -> None:
    hook = HttpWebhook(receiver.url, b"k" * 32, clock=lambda: 1_772_366_400.9)
    await hook.post({"text": "☕"}, "m1/silent/machine/1/opened")
    await hook.close()
    given = receiver.posts[0].headers
    body = '{"text":"☕"}'.encode()
    assert signing.headers(b"k" * 32, "m1/silent/machine/1/opened", 1_772_366_400, body) == {
        name: given[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    }


async def test_without_a_secret_nothing_claims_to_be_signed(
    webhook: HttpWebhook, receiver: WebhookReceiver
) -> None:
    await webhook.post({}, "k")
    assert not [name for name in receiver.posts[0].headers if name.lower().startswith("webhook-")]
