"""Dead letters reviewed: found, sent again, corrected, discarded; done only when they are applied."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.support.events import World, delivered, hub_event, level, temperature, vend
from tests.support.fakes import FakeBlobs
from vending.archive.append import archive
from vending.errors import Rejected, Transient
from vending.events.hub_event import HubEvent
from vending.events.records import encode, record
from vending.ingest.dead_letter_marks import Mark, history, write_mark
from vending.ingest.dead_letters import HEAD, write_dead_letters
from vending.ingest.foresee import foresee
from vending.ingest.review_dead_letters import (
    ATTEMPT,
    ORIGIN,
    DeadLetter,
    State,
    applied,
    dead_letters,
    discard,
    find,
    replay,
    whole_body,
)

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
OLD = Rejected("too-many-holes", "1000 open holes in the machine's ledger numbers")
"""As a version before refused what would open a hole."""


class Hub:
    """A hub that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, str, dict[str, Any]]] = []
        self.away = False

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        if self.away:
            raise Transient("no hub")
        self.sent.append((body, key, dict(properties)))

    def arrived(self, first: int) -> list[HubEvent]:
        """What was sent, as ingest gets it."""
        return [hub_event(first + n, body, properties=told) for n, (body, _, told) in enumerate(self.sent)]


@pytest.fixture
async def world() -> World:
    """Three dead letters among good events; the last one refused twice, in two blobs."""
    world = World()
    bodies = [vend(1), b"{", vend(2, data={"quantity": 0}), vend(3), vend(3, price=9)]
    batch = delivered(bodies)
    await world.take(*batch)
    await world.take(*batch[4:])
    return world


async def found(world: World) -> list[DeadLetter]:
    return [letter async for letter in dead_letters(world.deadletters)]


async def states(world: World) -> dict[str, State]:
    """As `list` tells them."""
    letters = await found(world)
    done = await applied(letters, world.machines, world.conditions)
    return {letter.position: "applied" if letter.position in done else letter.state for letter in letters}


async def test_each_is_listed_once_with_its_reason(world: World) -> None:
    assert len(world.deadletters.committed) == 2
    listed = [(letter.position, letter.reason, letter.state) for letter in await found(world)]
    assert listed == [
        ("1/0@1", "not-json", "open"), ("1/0@2", "wrong-schema", "open"), ("1/0@4", "conflict", "open")
    ]  # fmt: skip
    letter = await find(world.deadletters, "1/0@2")
    assert letter.hub == delivered([b"", b"", vend(2, data={"quantity": 0})])[2]
    assert (letter.version, "$.quantity" in letter.detail) == ("test", True)


@pytest.mark.parametrize("place", ["1/0@0", "1/0@3", "1/7@1", "2/0@1", "nonsense", "1/0@x", "0@1"])
async def test_what_is_no_dead_letter_is_not_found(world: World, place: str) -> None:
    with pytest.raises(LookupError, match="no "):
        await find(world.deadletters, place)


async def test_a_corrected_body_is_done_when_it_is_applied_and_not_before(world: World) -> None:
    """Before, it was settled for ever when it was sent."""
    hub, letter = Hub(), await find(world.deadletters, "1/0@2")
    assert await replay(world.deadletters, hub, letter, NOW, vend(2))
    assert hub.sent == [(vend(2), "dev-1", {ORIGIN: "1/0@2", ATTEMPT: "1"})]
    assert await history(world.deadletters, "1/0@2") == [
        Mark("replayed", NOW, "with a corrected body", vend(2))
    ]
    assert await states(world) == {"1/0@1": "open", "1/0@2": "sent", "1/0@4": "open"}
    await world.take(*hub.arrived(9))
    assert await states(world) == {"1/0@1": "open", "1/0@2": "applied", "1/0@4": "open"}
    assert world.stock()["totals"]["vends"] == 3


async def test_a_letter_refused_again_names_the_new_one_and_can_be_sent_again(world: World) -> None:
    """Before, the first replay's mark stood for ever, and nobody saw that nothing was counted."""
    hub, letter = Hub(), await find(world.deadletters, "1/0@2")
    assert await replay(world.deadletters, hub, letter, NOW, vend(2, data={"sku": "wrong"}))
    await world.take(hub_event(5, vend(2)))  # the device was faster
    await world.take(*hub.arrived(9))
    again = await find(world.deadletters, "1/0@2")
    assert (again.state, again.again) == ("refused", ("1/0@9",))
    assert await states(world) == {"1/0@1": "open", "1/0@2": "refused", "1/0@4": "open", "1/0@9": "open"}
    assert await replay(world.deadletters, hub, again, NOW, vend(2))
    assert hub.sent[1][2] == {ORIGIN: "1/0@2", ATTEMPT: "2"}
    second = await find(world.deadletters, "1/0@2")
    assert (second.state, second.again, second.marks.attempts) == ("sent", (), 2)
    assert (await states(world))["1/0@2"] == "applied"
    # And the letter that it became goes its own way.
    other = await find(world.deadletters, "1/0@9")
    assert await replay(world.deadletters, hub, other, NOW, vend(2))
    assert hub.sent[2][2] == {ORIGIN: "1/0@9", ATTEMPT: "1"}


async def test_of_many_replays_the_last_one_tells(world: World) -> None:
    """The tenth, whose mark does not stand last in the list of names."""
    hub = Hub()
    await world.take(hub_event(5, vend(2)))
    for attempt in range(1, 11):
        letter = await find(world.deadletters, "1/0@2")
        assert await replay(world.deadletters, hub, letter, NOW, vend(2, price=attempt))
        letter = await find(world.deadletters, "1/0@2")
        assert (letter.state, letter.marks.attempts, letter.sent.body) == ("sent", attempt, hub.sent[-1][0])
        await world.take(hub.arrived(10)[-1])
        letter = await find(world.deadletters, "1/0@2")
        assert (letter.state, letter.again) == ("refused", (f"1/0@{9 + attempt}",))


async def test_what_is_sent_once_more_is_what_was_sent_last(world: World) -> None:
    hub = Hub()
    for body in (vend(2), None):
        letter = await find(world.deadletters, "1/0@2")
        assert await replay(world.deadletters, hub, letter, NOW, body)
    assert [body for body, _, _ in hub.sent] == [vend(2), vend(2)]
    letter = await find(world.deadletters, "1/0@2")
    assert (letter.state, letter.marks.attempts, letter.sent.body) == ("sent", 2, vend(2))


async def test_what_ingest_could_never_take_is_not_sent(world: World) -> None:
    hub = Hub()
    for place, body in (("1/0@1", None), ("1/0@2", None), ("1/0@2", b"[]")):
        with pytest.raises(Rejected):
            await replay(world.deadletters, hub, await find(world.deadletters, place), NOW, body)
    assert (hub.sent, set((await states(world)).values())) == ([], {"open"})


async def test_a_forgery_is_not_laundered() -> None:
    world, hub = World(), Hub()
    await world.take(hub_event(1, vend(1, device="dev-9"), system={"x-opt-publisher": "dev-1"}))
    with pytest.raises(Rejected, match="forged-identity"):
        await replay(world.deadletters, hub, await find(world.deadletters, "1/0@1"), NOW)
    assert not hub.sent


@pytest.mark.parametrize("action", ["applied", "discarded"])
async def test_what_is_done_is_not_sent_again(world: World, action: State) -> None:
    assert action in ("applied", "discarded")
    assert await write_mark(world.deadletters, "1/0@4", Mark(action, NOW, "why"))
    hub, letter = Hub(), await find(world.deadletters, "1/0@4")
    assert letter.state == action
    assert not await replay(world.deadletters, hub, letter, NOW)
    assert not await discard(world.deadletters, letter, Mark("discarded", NOW))
    assert not hub.sent


async def test_one_that_was_sent_or_refused_again_may_be_discarded(world: World) -> None:
    hub, letter = Hub(), await find(world.deadletters, "1/0@4")
    assert await replay(world.deadletters, hub, letter, NOW)
    letter = await find(world.deadletters, "1/0@4")
    assert await discard(world.deadletters, letter, Mark("discarded", NOW, "a test device"))
    assert (await find(world.deadletters, "1/0@4")).state == "discarded"
    assert [mark.action for mark in await history(world.deadletters, "1/0@4")] == ["discarded", "replayed"]


async def test_what_the_hub_did_not_take_is_not_marked(world: World) -> None:
    hub, letter = Hub(), await find(world.deadletters, "1/0@4")
    hub.away = True
    with pytest.raises(Transient):
        await replay(world.deadletters, hub, letter, NOW)
    assert await history(world.deadletters, "1/0@4") == []
    hub.away = False
    assert await replay(world.deadletters, hub, letter, NOW)


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
    await world.take(*hub.arrived(10))
    assert (len(hub.sent), world.stock()["totals"]["vends"]) == (2, 3)
    assert (await states(world))["1/0@2"] == "applied"


async def refused_before(world: World, sequence: int, body: bytes) -> None:
    """A letter as the version before wrote it: it refused what would open a hole, or another numbering."""
    await write_dead_letters(world.deadletters, [(hub_event(sequence, body), OLD)], "before")


async def old_mark(world: World, place: str, **fields: Any) -> None:
    """A mark as the version before wrote it: one for a letter, without the body that was sent."""
    home, _, number = place.partition("@")
    content = {"action": "replayed", "at": NOW, "note": ""} | fields
    await world.deadletters.create(f"marks/{home}/{int(number):012d}.json", msgspec.json.encode(content))


async def test_marks_of_the_version_before_tell_what_became_of_their_letters(world: World) -> None:
    for number, place in enumerate((20, 21, 22, 23), start=20):
        await refused_before(world, place, vend(number, ledger=number))
        await old_mark(world, f"1/0@{place}", note="with a corrected body" if place == 22 else "")
    await refused_before(world, 24, vend(24, ledger=24))
    await old_mark(world, "1/0@24", action="discarded", note="a fuzzer")
    await world.take(hub_event(30, vend(20, ledger=20)))  # of these one was counted, and one refused again
    again = hub_event(31, vend(21, ledger=21), properties={ORIGIN: "1/0@21"})
    await write_dead_letters(world.deadletters, [(again, OLD)], "before")
    told = await states(world)
    assert [told[f"1/0@{n}"] for n in range(20, 25)] == [
        "applied", "refused", "replayed", "sent", "discarded"
    ]  # fmt: skip
    assert (await find(world.deadletters, "1/0@21")).again == ("1/0@31",)
    # The one that was refused again is sent again now, and counted.
    hub = Hub()
    assert await replay(world.deadletters, hub, await find(world.deadletters, "1/0@31"), NOW)
    await world.take(*hub.arrived(40))
    assert (await states(world))["1/0@31"] == "applied"


async def test_a_letter_among_counted_events_is_no_redelivery_of_one() -> None:
    """Its place lies within the run of hub numbers that the machine has counted; a corrected body is new."""
    world = World()
    await world.take(*delivered([vend(1), b"{", vend(2)]))
    events = [hub_event(1, vend(2, price=9)), hub_event(1, vend(2)), hub_event(1, vend(3))]
    fates = [(await foresee([one], world.machines, world.conditions))["1/0@1"] for one in events]
    assert isinstance(fates[0], Rejected)
    assert (fates[0].reason, fates[1:]) == ("conflict", ["applied", "new"])


async def test_a_sale_that_is_counted_is_not_applied_while_its_registers_wait() -> None:
    """As in the account: ingest writes the stock first, and the conditions then."""
    world = World()
    batch = delivered([vend(1), level(2, 9)])

    def away(operation: str, _: str) -> None:
        if operation == "write":
            raise Transient("429")

    world.conditions.fault = away
    with pytest.raises(Transient):
        await world.take(*batch)
    assert world.stock()["totals"]["vends"] == 1
    assert set((await foresee(batch, world.machines, world.conditions)).values()) == {"new"}
    world.conditions.fault = lambda *_: None
    await world.take(*batch)
    assert set((await foresee(batch, world.machines, world.conditions)).values()) == {"applied"}


async def test_what_would_become_of_an_event_is_what_becomes_of_it(world: World) -> None:
    """Foreseen, and nothing is written; then ingest itself."""
    await world.take(
        *delivered([level(10, 7), temperature(11, 4.0), vend(12, ledger=9)], first=50),
        *delivered([temperature(13, 9.0)], first=53),
    )
    events = delivered(
        [
            vend(3), vend(3, price=9), vend(14, ledger=10), vend(2), b"{",
            level(10, 7), level(10, 8), level(9, 3), level(15, 3),
            temperature(11, 4.0), temperature(13, 9.0), temperature(13, 8.0), temperature(16, 3.0),
        ],
        first=100,
    )  # fmt: skip
    before = world.state(), dict(world.deadletters.committed)
    fates = await foresee(events, world.machines, world.conditions)
    assert (world.state(), world.deadletters.committed) == before
    told = [
        fate if isinstance(fate, str) else fate.reason
        for fate in map(fates.get, (x.position for x in events))
        if fate
    ]
    assert told == [
        "applied", "conflict", "new", "new", "not-json",
        "applied", "conflict", "applied", "new",
        "applied", "applied", "conflict", "new",
    ]  # fmt: skip
    await world.take(*events)
    dead = world.dead()
    assert [event.position in dead for event in events] == [fate in ("conflict", "not-json") for fate in told]
    after = await foresee(events, world.machines, world.conditions)
    assert {fate for fate in after.values() if isinstance(fate, str)} == {"applied"}


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
    assert await replay(world.deadletters, hub, letter, NOW, vend(1))
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
