"""Dead letters reviewed: found, sent again once, corrected, discarded."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.core import World, delivered, hub_event, vend
from tests.fakes import FakeBlobs
from vending.domain.records import encode, record
from vending.errors import Rejected, Transient
from vending.usecases.archive import archive
from vending.usecases.dead_letters import HEAD
from vending.usecases.review_dead_letters import (
    ORIGIN,
    DeadLetter,
    Mark,
    dead_letters,
    find,
    mark_of,
    replay,
    settle,
    whole_body,
)

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


class Hub:
    """A hub that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, str, dict[str, Any]]] = []
        self.away = False

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        if self.away:
            raise Transient("no hub")
        self.sent.append((body, key, dict(properties)))


@pytest.fixture
async def world() -> World:
    """Three dead letters among good events; the last one refused twice, in two blobs."""
    world = World()
    bodies = [vend(1), b"{", vend(2, data={"quantity": 0}), vend(3), vend(3, price=9)]
    batch = delivered(bodies)
    await world.take(*batch)
    await world.take(*batch[4:])
    return world


async def found(world: World, *, settled: bool = False) -> list[DeadLetter]:
    return [letter async for letter in dead_letters(world.deadletters, settled=settled)]


async def test_each_is_listed_once_with_its_reason(world: World) -> None:
    assert len(world.deadletters.committed) == 2
    listed = [(letter.place, letter.reason, letter.settled) for letter in await found(world)]
    assert listed == [
        ("1/0@1", "not-json", False), ("1/0@2", "wrong-schema", False), ("1/0@4", "conflict", False)
    ]  # fmt: skip
    letter = await find(world.deadletters, "1/0@2")
    assert letter.hub == delivered([b"", b"", vend(2, data={"quantity": 0})])[2]
    assert (letter.version, "$.quantity" in letter.detail) == ("test", True)


@pytest.mark.parametrize("place", ["1/0@0", "1/0@3", "1/7@1", "2/0@1", "nonsense", "1/0@x", "0@1"])
async def test_what_is_no_dead_letter_is_not_found(world: World, place: str) -> None:
    with pytest.raises(LookupError, match="no "):
        await find(world.deadletters, place)


async def test_a_corrected_body_is_sent_marked_and_applied(world: World) -> None:
    hub, letter = Hub(), await find(world.deadletters, "1/0@2")
    assert await replay(world.deadletters, hub, letter, NOW, vend(2)) is None
    assert hub.sent == [(vend(2), "dev-1", {ORIGIN: "1/0@2"})]
    assert await mark_of(world.deadletters, "1/0@2") == Mark("replayed", NOW, "with a corrected body")
    assert [letter.place for letter in await found(world)] == ["1/0@1", "1/0@4"]
    assert [letter.settled for letter in await found(world, settled=True)] == [False, True, False]
    body, _, properties = hub.sent[0]
    await world.take(hub_event(9, body, properties=properties))
    assert world.stock()["totals"]["vends"] == 3


async def test_what_would_be_refused_again_is_not_sent(world: World) -> None:
    hub = Hub()
    for place, body in (("1/0@1", None), ("1/0@2", None), ("1/0@2", b"[]")):
        with pytest.raises(Rejected):
            await replay(world.deadletters, hub, await find(world.deadletters, place), NOW, body)
    assert (hub.sent, len(await found(world))) == ([], 3)


async def test_a_forgery_is_not_laundered() -> None:
    world, hub = World(), Hub()
    await world.take(hub_event(1, vend(1, device="dev-9"), system={"x-opt-publisher": "dev-1"}))
    with pytest.raises(Rejected, match="forged-identity"):
        await replay(world.deadletters, hub, await find(world.deadletters, "1/0@1"), NOW)
    assert not hub.sent


async def test_one_is_sent_once(world: World) -> None:
    hub = Hub()
    for _ in range(2):
        letter = await find(world.deadletters, "1/0@4")
        standing = await replay(world.deadletters, hub, letter, NOW)
    assert (len(hub.sent), standing) == (1, Mark("replayed", NOW))


async def test_what_the_hub_did_not_take_is_not_marked(world: World) -> None:
    hub, letter = Hub(), await find(world.deadletters, "1/0@4")
    hub.away = True
    with pytest.raises(Transient):
        await replay(world.deadletters, hub, letter, NOW)
    assert await mark_of(world.deadletters, "1/0@4") is None
    hub.away = False
    assert await replay(world.deadletters, hub, letter, NOW) is None


async def test_dying_between_sending_and_marking_counts_nothing_twice(world: World) -> None:
    hub, letter = Hub(), await find(world.deadletters, "1/0@2")

    def dies(operation: str, _: str) -> None:
        if operation == "create":
            raise KeyboardInterrupt

    world.deadletters.fault = dies
    with pytest.raises(KeyboardInterrupt):
        await replay(world.deadletters, hub, letter, NOW, vend(2))
    world.deadletters.fault = lambda *_: None
    await replay(world.deadletters, hub, letter, NOW, vend(2))
    await world.take(*[hub_event(10 + n, body) for n, (body, _, _) in enumerate(hub.sent)])
    assert (len(hub.sent), world.stock()["totals"]["vends"]) == (2, 3)


async def test_the_first_mark_stands(world: World) -> None:
    hub = Hub()
    assert await settle(world.deadletters, "1/0@4", Mark("discarded", NOW, "a test device")) is None
    letter = await find(world.deadletters, "1/0@4")
    assert await replay(world.deadletters, hub, letter, NOW) == Mark("discarded", NOW, "a test device")
    assert not hub.sent


# --- oversize -----------------------------------------------------------------------------------------------
LARGE = b'{"note": "' + "é".encode() * 40_000 + b'"}'


async def refused(*bodies: bytes) -> tuple[World, FakeBlobs]:
    """Bodies that were refused, and the archive, which has them whole."""
    world, archived, batch = World(), FakeBlobs(), delivered(bodies)
    await world.take(*batch)
    await archive(batch, archived)
    return world, archived


async def test_an_oversize_letter_shows_the_beginning_and_the_archive_has_it_whole() -> None:
    world, archived = await refused(vend(1), LARGE)
    letter = await find(world.deadletters, "1/0@1")
    assert letter.oversize is not None
    assert (letter.oversize.bytes, letter.oversize.sha256) == (len(LARGE), hashlib.sha256(LARGE).hexdigest())
    assert LARGE.startswith(letter.hub.body)
    assert len(letter.hub.body) == HEAD
    assert await whole_body(archived, letter) == LARGE


async def test_an_oversize_letter_is_not_replayed_by_its_beginning() -> None:
    """Not even where the beginning is a valid event and the rest is blank."""
    world, _ = await refused(vend(1).ljust(70_000))
    hub, letter = Hub(), await find(world.deadletters, "1/0@0")
    with pytest.raises(Rejected, match="oversize: 70000 bytes"):
        await replay(world.deadletters, hub, letter, NOW)
    assert not hub.sent
    assert await replay(world.deadletters, hub, letter, NOW, vend(1)) is None
    assert [body for body, _, _ in hub.sent] == [vend(1)]


async def test_what_the_archive_does_not_hold_is_said() -> None:
    world, _ = await refused(LARGE)
    letter = await find(world.deadletters, "1/0@0")
    with pytest.raises(LookupError, match=r"is not in the archive \(yet\)"):
        await whole_body(FakeBlobs(), letter)
    other = FakeBlobs()
    await archive(delivered([LARGE, b"{"])[1:], other)
    with pytest.raises(LookupError, match=r"is not in the archive \(yet\)"):
        await whole_body(other, letter)
    other = FakeBlobs()
    await archive(delivered([LARGE[::-1]]), other)
    with pytest.raises(LookupError, match="has other bytes in the archive"):
        await whole_body(other, letter)


@pytest.mark.parametrize("body", [b"{", b"\0" * 9, b"\xff\xfe", bytes(70_000)], ids=len)
async def test_letters_of_the_version_before_are_read(body: bytes) -> None:
    """It kept every body whole: UTF-8 as text, other bytes as base64."""
    fields = record(hub_event(0, b""))
    del fields["body"]
    try:
        fields |= {"body": body.decode()}
    except UnicodeDecodeError:
        fields |= {"body64": b64encode(body).decode()}
    line = encode({"reason": "oversize", "detail": "too large", "version": "0"} | fields)
    blobs = FakeBlobs()
    await blobs.create("1/0/000000000000-000000000000-0123456789abcdef.jsonl", line)
    letter = await find(blobs, "1/0@0")
    assert (letter.hub.body, letter.oversize) == (body, None)
    assert await whole_body(FakeBlobs(), letter) == body
    with pytest.raises(Rejected):
        await replay(blobs, Hub(), letter, NOW)
