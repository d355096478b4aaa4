"""Dead letters over HTTP: sent again, corrected, discarded; each counts once at the most."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.support.events import World as Ingest
from tests.support.events import delivered, hub_event, vend
from tests.support.fakes import FakeDocuments
from vending.errors import Transient
from vending.events.event import MAX_BODY
from vending.ingest.dead_letter_address import letter_id, place_of
from vending.ingest.dead_letter_marks import read_marks
from vending.writes.dead_letter_acts import Discard, DiscardLetter, LetterStores, Replay, ReplayLetter
from vending.writes.perform import perform
from vending.writes.refusals import NoTarget, Refusal, Unsuitable
from vending.writes.request import Answer, Asked

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
LATER = timedelta(minutes=2)
WRONG, BROKEN = "1~0~2", "1~0~1"
GOOD = vend(2).decode()


class World:
    """Two dead letters: of one that is no JSON, and one whose quantity is 0."""

    def __init__(self) -> None:
        self.app, self.writes = Ingest(), FakeDocuments("scope")
        self.sent: list[tuple[bytes, dict[str, Any]]] = []
        self.dies = False

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        assert key == "dev-1"
        self.sent.append((body, dict(properties)))

    async def arrive(self) -> None:
        """What was sent is ingested."""
        events = [hub_event(9 + n, body, properties=said) for n, (body, said) in enumerate(self.sent)]
        await self.app.take(*events)

    def stores(self) -> LetterStores:
        app = self.app
        return LetterStores(app.deadletters, self, app.machines, app.conditions)

    async def replay(
        self, letter: str, body: str | None = None, key: str = "k", now: datetime = NOW
    ) -> Answer | Refusal | Transient:
        plan = ReplayLetter(self.stores(), letter, Replay(UNSET if body is None else body))
        return await self._asked(Asked("ada", "replay", letter, repr(body), key), plan, now)

    async def discard(self, letter: str, key: str = "d") -> Answer | Refusal | Transient:
        plan = DiscardLetter(self.app.deadletters, letter, Discard("a fuzzer"))
        return await self._asked(Asked("ada", "discard", letter, "", key), plan, NOW)

    async def _asked(
        self, asked: Asked, plan: ReplayLetter | DiscardLetter, now: datetime
    ) -> Answer | Refusal | Transient:
        try:
            return await perform(asked, plan, self.writes, now)
        except (Refusal, Transient) as fault:
            return fault


@pytest.fixture
async def world() -> World:
    world = World()
    await world.app.take(*delivered([vend(1), b"{", vend(2, data={"quantity": 0})]))
    return world


def state(answer: object) -> str:
    assert isinstance(answer, Answer), answer
    return str(msgspec.to_builtins(answer.body)["state"])


async def test_a_corrected_letter_is_sent_once_and_then_applied(world: World) -> None:
    assert state(await world.replay(WRONG, GOOD)) == "sent"
    assert state(await world.replay(WRONG, GOOD)) == "sent"
    assert [body for body, _ in world.sent] == [GOOD.encode()]
    await world.arrive()
    assert state(await world.replay(WRONG, GOOD, key="other")) == "applied"
    assert len(world.sent) == 1
    assert world.app.stock()["totals"]["vends"] == 2
    assert [x["outcome"] for x in world.writes.bodies("audit-record")] == ["done", "done"]


async def test_what_would_be_refused_again_is_not_sent(world: World) -> None:
    for letter, said in ((WRONG, "wrong-schema"), (BROKEN, "not-json")):
        answer = await world.replay(letter, key=said)
        assert isinstance(answer, Unsuitable)
        assert said in str(answer)
    assert (world.sent, world.writes.bodies("audit-record")) == ([], [])


async def test_a_crash_between_sending_and_its_mark_counts_once(world: World) -> None:
    """It is sent again, and ingest knows it."""

    def crash(operation: str, name: str) -> None:
        if operation == "create" and world.sent:
            raise Transient("the process ended")

    world.app.deadletters.fault = crash
    assert isinstance(await world.replay(WRONG, GOOD), Transient)
    world.app.deadletters.fault = lambda *_: None
    assert state(await world.replay(WRONG, GOOD, now=NOW + LATER)) == "sent"
    assert len(world.sent) == 2
    await world.arrive()
    assert world.app.stock()["totals"]["vends"] == 2


async def test_a_crash_behind_the_mark_is_told_by_the_mark(world: World) -> None:
    def crash(operation: str, _: str) -> None:
        if operation == "create":
            raise Transient("the process ended")

    world.app.deadletters.after = crash
    assert isinstance(await world.replay(WRONG, GOOD), Transient)
    world.app.deadletters.after = lambda *_: None
    assert state(await world.replay(WRONG, GOOD, now=NOW + LATER)) == "sent"
    assert len(world.sent) == 1


async def test_a_discarded_letter_is_done_with(world: World) -> None:
    assert state(await world.discard(BROKEN)) == "discarded"
    assert state(await world.discard(BROKEN, key="again")) == "discarded"
    assert isinstance(await world.replay(BROKEN, GOOD), Unsuitable)
    assert [(x["before"]["state"], x["after"]["state"]) for x in world.writes.bodies("audit-record")] == [
        ("open", "discarded")
    ]


async def test_an_applied_letter_is_not_discarded(world: World) -> None:
    await world.replay(WRONG, GOOD)
    await world.arrive()
    await world.replay(WRONG, GOOD, key="other")
    assert (await read_marks(world.app.deadletters, "1/0@2"))["1/0@2"].final == "applied"
    assert isinstance(await world.discard(WRONG), Unsuitable)


async def test_an_oversize_letter_needs_a_body(world: World) -> None:
    await world.app.take(hub_event(7, b"[" * (MAX_BODY + 1)))
    assert isinstance(await world.replay("1~0~7"), Unsuitable)


@pytest.mark.parametrize("letter", ["1~0~0", "1~0", "1/0@2", "~0~2", "1~x~2", "2~0~2", "", "1~0~" + "9" * 30])
async def test_what_is_no_letter_is_not_found(world: World, letter: str) -> None:
    assert isinstance(await world.replay(letter, GOOD), NoTarget)
    assert isinstance(await world.discard(letter), NoTarget)


def test_an_address_is_a_place() -> None:
    assert place_of(letter_id("blue/17@42")) == "blue/17@42"
    assert place_of("\x18~17~42") is None, "no folder of Blob Storage is called so"
