"""Dead letters as the API tells them."""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.events import World as Core
from tests.support.events import hub_event, vend
from tests.support.fakes import FakeBlobs
from vending.errors import Rejected
from vending.events.event import MAX_BODY
from vending.ingest.dead_letter_marks import Mark, write_mark
from vending.ingest.dead_letters import write_dead_letters
from vending.views import cursors, dead_letters
from vending.views.dead_letters import DeadLetterPage, LetterQuery, Place
from vending.views.one_dead_letter import LetterReads, WholeDeadLetter, dead_letter

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


class World(Core):
    """Events that were refused, a batch at a time."""

    async def refuse(self, *numbers: int, partition: str = "0", reason: str = "wrong-schema") -> None:
        """One batch; the machine is m and the number's last digit."""
        refused = [
            (hub_event(n, vend(n, machine=f"m{n % 10}"), partition=partition), Rejected(reason, f"at {n}"))
            for n in numbers
        ]
        await write_dead_letters(self.deadletters, refused, "1.0")

    async def page(self, **facts: Any) -> DeadLetterPage:
        return await dead_letters.dead_letters(self.deadletters, LetterQuery("1", **facts))

    async def ids(self, **facts: Any) -> list[str]:
        return [row.letter_id for row in (await self.page(**facts)).dead_letters]

    async def one(self, letter: str) -> WholeDeadLetter | None:
        return await dead_letter(LetterReads(self.deadletters, self.machines, self.conditions), letter)


@pytest.fixture
async def world() -> World:
    """Seven in partition 0, one of them in two batches, and one in partition 12."""
    world = World()
    await world.refuse(3, 4, 7)
    await world.refuse(11, 12, reason="conflict")
    await world.refuse(12, 15, reason="conflict")
    await world.refuse(21)
    await world.refuse(5, partition="12")
    return world


ALL = ["1~0~21", "1~0~15", "1~0~12", "1~0~11", "1~0~7", "1~0~4", "1~0~3", "1~12~5"]


async def test_they_stand_by_partition_and_from_the_newest_back(world: World) -> None:
    assert await world.ids() == ALL
    (first, *_) = (await world.page()).dead_letters
    assert (first.partition, first.number, first.enqueued) == ("0", 21, "2026-03-01T12:20:00.021Z")
    assert (first.reason, first.detail, first.version, first.state) == (
        "wrong-schema",
        "at 21",
        "1.0",
        "open",
    )
    assert (first.machine, first.device, first.size) == ("m1", "dev-1", len(vend(21, machine="m1")))


async def test_by_partition_reason_machine_and_device(world: World) -> None:
    assert await world.ids(partition="12") == ["1~12~5"]
    assert await world.ids(partition="3") == []
    assert await world.ids(reason="conflict") == ["1~0~15", "1~0~12", "1~0~11"]
    assert await world.ids(machine="m1") == ["1~0~21", "1~0~11"]
    assert await world.ids(device="dev-1", machine="m5") == ["1~0~15", "1~12~5"]
    assert await world.ids(device="dev-2") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("blobs", [1, 2, 50])
async def test_pages_give_all_of_them_in_order(
    world: World, limit: int, blobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Across pages, what two batches hold may stand twice; nothing is passed over."""
    monkeypatch.setattr(dead_letters, "BLOBS", blobs)
    found, after = [], None
    while True:
        page = await world.page(limit=limit, after=after)
        found += [row.letter_id for row in page.dead_letters]
        assert len(page.dead_letters) <= limit
        if page.next is None:
            break
        after = cursors.placed(page.next, Place)
    assert list(dict.fromkeys(found)) == ALL
    assert len(found) <= len(ALL) + 1


async def test_a_page_reads_a_bounded_number_of_blobs_and_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    world.deadletters.fault = lambda operation, name: reads.append(name) if operation == "read" else None
    monkeypatch.setattr(dead_letters, "BLOBS", 2)
    page = await world.page(reason="nothing-of-this")
    assert (page.dead_letters, len(reads)) == ([], 2)
    assert page.next
    monkeypatch.setattr(dead_letters, "BYTES", 1)
    reads.clear()
    await world.page(reason="nothing-of-this", after=cursors.placed(page.next, Place))
    assert len(reads) == 1


async def test_what_people_did_is_told(world: World) -> None:
    await write_mark(world.deadletters, "1/0@21", Mark("discarded", NOW, "of no use"))
    await write_mark(world.deadletters, "1/0@15", Mark("replayed", NOW), 1)
    states = {row.letter_id: row.state for row in (await world.page()).dead_letters}
    assert (states["1~0~21"], states["1~0~15"], states["1~0~12"]) == ("discarded", "sent", "open")
    one = await world.one("1~0~21")
    assert one
    assert [(act.action, act.at, act.note) for act in one.acts] == [
        ("discarded", "2026-03-09T08:00:00.000Z", "of no use")
    ]


async def test_one_that_was_sent_again_is_applied_when_ingest_has_it(world: World) -> None:
    await write_mark(world.deadletters, "1/0@15", Mark("replayed", NOW), 1)
    one = await world.one("1~0~15")
    assert one
    assert one.state == "sent"
    await world.take(hub_event(40, vend(15, machine="m5")))
    one = await world.one("1~0~15")
    assert one
    assert one.state == "applied"


async def test_one_whole_has_its_bytes(world: World) -> None:
    one = await world.one("1~0~12")
    assert one
    assert one.body == vend(12, machine="m2").decode()
    assert (one.body64, one.oversize, one.amqp, one.whole_detail) == (None, None, None, "at 12")
    refused = [(hub_event(30, b"\xff\x00"), Rejected("defect", "Traceback\n  line 7\nValueError: x"))]
    await write_dead_letters(world.deadletters, refused, "1.0")
    one = await world.one("1~0~30")
    assert one
    assert one.body is None
    assert b64decode(one.body64 or "") == b"\xff\x00"
    assert (one.detail, one.whole_detail) == ("ValueError: x", "Traceback\n  line 7\nValueError: x")


async def test_of_an_oversize_body_the_beginning_and_where_the_rest_is(world: World) -> None:
    body = b"x" * (MAX_BODY + 1)
    await write_dead_letters(world.deadletters, [(hub_event(31, body), Rejected("oversize", "large"))], "1.0")
    one = await world.one("1~0~31")
    assert one
    assert one.oversize
    assert (one.size, one.oversize.bytes, one.body) == (len(body), len(body), "x" * 4096)
    assert one.oversize.blob.startswith("raw/date=2026-03-01/")


@pytest.mark.parametrize(
    "letter", ["1~0~5", "1~1~3", "2~0~3", "1~0", "1/0@3", "..~0~3", "1~0~-3", "", "1~0~3~4", "~0~3"]
)
async def test_what_is_no_dead_letter_is_none(world: World, letter: str) -> None:
    assert await world.one(letter) is None


async def test_one_costs_a_listing_and_a_read(world: World) -> None:
    asked: list[str] = []
    world.deadletters.fault = lambda operation, name: asked.append(operation)
    assert await world.one("1~0~7")
    assert asked == ["names", "read", "names", "names"], "the blob; what people did, twice"


async def test_a_hub_without_any_has_an_empty_page() -> None:
    page = await dead_letters.dead_letters(FakeBlobs(), LetterQuery("1"))
    assert (page.dead_letters, page.next) == ([], None)
