"""A device that skips ledger numbers, and boards without end: what comes after counts, what goes is told.

Before, a machine with a thousand holes refused every sale that followed, of a mended device and a new board.
"""

import asyncio
import random
from typing import Any

import pytest

from tests.support.archive import FakeArchive
from tests.support.events import World, cut, delivered, hub_event, vend
from tests.support.fakes import FakeBlobs
from tests.support.overlapping_owners import owner, remembering, shared_world
from vendctl.operations.account import Account, AccountStores, account
from vendctl.operations.compare_rebuilt import State, compare
from vendctl.operations.rebuild import Course, Wanted, replay
from vending.archive.append import archive
from vending.events.event import parse
from vending.events.hub_event import HubEvent
from vending.state import books
from vending.state.stock import missing_numbers

SKIPPED = 1_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MAX_HOLES", 3)
    monkeypatch.setattr(books, "MAX_BOOKS", 3)


def skipping(count: int, **more: Any) -> list[bytes]:
    """Sales with every other ledger number: 1, 3, 5, ..."""
    return [vend(n, ledger=2 * n - 1, **more) for n in range(1, count + 1)]


def vends(world: World) -> int:
    count: int = world.stock()["totals"]["vends"]
    return count


async def accounted(events: list[HubEvent], world: World) -> Account:
    blobs = FakeBlobs()
    await archive(events, blobs)
    return await account(AccountStores(blobs, world.machines, world.conditions, world.deadletters))


async def test_a_mended_device_counts_again_after_a_thousand_holes() -> None:
    world = World()
    sent = skipping(SKIPPED + 2)
    sent += [vend(SKIPPED + 2 + n, ledger=2 * SKIPPED + 3 + n) for n in range(1, 501)]
    for first in range(0, len(sent), 400):
        outcome = await world.take(*delivered(sent[first : first + 400], first=first))
    assert (vends(world), world.dead()) == (SKIPPED + 502, {})
    assert missing_numbers(world.held()) == outcome.missing["m1"] == 1_000
    assert world.held().closed["holes"] == 1


async def test_a_board_that_replaces_one_with_a_thousand_holes_counts_from_its_first_sale() -> None:
    world = World()
    await world.take(*delivered(skipping(SKIPPED + 1)))
    await world.take(*delivered([vend(n, epoch=2, device="dev-2") for n in range(1, 501)], first=2000))
    assert (vends(world), world.dead()) == (SKIPPED + 501, {})
    assert not world.held().closed


@pytest.mark.usefixtures("small")
async def test_what_fills_a_closed_hole_is_dead_lettered_with_its_reason_and_never_counted() -> None:
    world = World()
    events = delivered([*skipping(6), vend(20, ledger=2), vend(21, ledger=6), vend(22, ledger=3)])
    await world.take(*events[:6])
    assert world.held().closed["below"] == {"dev-1/1": 4}
    for _ in range(2):  # and delivered again
        await world.take(*events[6:])
    # 3 came twice with two contents; 6 was still open.
    assert world.dead() == {"1/0@6": "hole-closed", "1/0@8": "conflict"}
    assert vends(world) == 7
    found = await accounted(events, world)
    assert (found.applied, found.dead_lettered, found.lost, found.doubled) == (7, 2, 0, 0)


@pytest.mark.usefixtures("small")
async def test_what_a_device_sends_again_from_below_a_closed_hole_is_a_duplicate() -> None:
    world = World()
    sent = skipping(6)
    await world.take(*delivered(sent))
    before = dict(world.machines.items)
    outcome = await world.take(*delivered(sent, first=100))
    assert (outcome.duplicates, list(outcome.refusals)) == (6, [])
    assert {key: held for key, held in world.machines.items.items() if key[1] != "stock"} == {
        key: held for key, held in before.items() if key[1] != "stock"
    }
    assert vends(world) == 6


@pytest.mark.usefixtures("small")
async def test_an_event_at_a_closed_stretch_that_nobody_took_is_lost_for_the_account() -> None:
    """Its number is covered by the stock's intervals; only its line or its dead letter accounts for it."""
    world = World()
    events = delivered([*skipping(6), vend(20, ledger=2)])
    await world.take(*events[:6])
    found = await accounted(events, world)
    assert (found.lost, found.lost_events) == (1, ["1/0@6"])


@pytest.mark.usefixtures("small")
async def test_a_page_that_is_gone_is_no_closed_hole() -> None:
    """Above what was closed, a number without a line is a damaged store: a defect, and no final refusal."""
    world = World()
    await world.take(*delivered([*skipping(6), vend(7, ledger=12), vend(8, ledger=13)]))
    for key in [key for key in world.machines.items if key[1].startswith("page:")]:
        del world.machines.items[key]
    await world.take(hub_event(100, vend(8, ledger=13)))
    assert world.dead() == {"1/0@100": "defect"}


@pytest.mark.usefixtures("small")
async def test_a_new_epoch_is_let_in_and_the_oldest_one_s_events_are_told_apart() -> None:
    world = World()
    for epoch in range(1, 8):
        await world.take(*delivered([vend(1, epoch=epoch), vend(2, epoch=epoch)], first=10 * epoch))
    assert (vends(world), world.dead()) == (14, {})
    assert list(world.stock()["applied"]) == ["dev-1/5", "dev-1/6", "dev-1/7"]
    assert world.held().closed["epochs"] == 4
    late = [vend(2, epoch=1), vend(3, epoch=1), vend(1, epoch=2, price=9), vend(3, epoch=5)]
    events = delivered(late, first=100)
    outcome = await world.take(*events)
    assert world.dead() == {"1/0@101": "epoch-retired", "1/0@102": "conflict"}
    assert (outcome.duplicates, vends(world)) == (1, 15)
    found = await accounted(events, world)
    assert (found.applied, found.dead_lettered, found.lost) == (2, 2, 0)


@pytest.mark.usefixtures("small")
async def test_a_batch_of_more_epochs_than_are_kept_counts_each_number_once() -> None:
    world = World()
    sent = [vend(number, epoch=epoch) for epoch in range(1, 9) for number in (1, 2)]
    again = delivered([*sent, *sent, vend(3, epoch=1), vend(3, epoch=8)])
    await world.take(*again)
    await world.take(*again)
    assert (vends(world), len(world.lines())) == (17, 17)
    assert world.dead() == {"1/0@32": "epoch-retired"}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(20))
def test_beyond_the_bounds_two_owners_faults_and_kills_still_count_once_or_refuse(seed: int) -> None:
    """P1, P2: also where what is given up depends on who came first."""
    dice = random.Random(seed)
    numbers = [n for n in range(1, 40) if dice.random() < 0.6]
    bodies = [vend(n, epoch=epoch, device=dice.choice("de")) for epoch in range(1, 5) for n in numbers]
    events = delivered(dice.sample(bodies, len(bodies)) + dice.choices(bodies, k=10))
    world = shared_world(dice, 0.02)
    stale = cut(events[dice.randrange(20) :], dice)

    async def both() -> None:
        await asyncio.gather(
            owner(remembering(world), cut(events, dice)),
            owner(remembering(world), stale[: dice.randrange(30)]),
        )

    asyncio.run(both())
    digests = {line["digest"] for line in world.lines().values()}
    assert vends(world) == len(digests)
    for event in events:
        assert (parse(event).digest in digests) != (event.position in world.dead()), event.position
    assert set(world.dead().values()) <= {"hole-closed", "epoch-retired"}


@pytest.mark.usefixtures("small")
async def test_a_book_that_another_owner_lets_in_meanwhile_is_not_taken_for_a_retired_one() -> None:
    """The stock was read before the other one's write, the pages after it."""
    world = World()
    for epoch in range(1, 6):
        await world.take(*delivered([vend(1, epoch=epoch)], first=10 * epoch))
    first, second = delivered([vend(1, epoch=6), vend(2, epoch=6)], first=100)
    stored = world.machines.items["m1", "stock"]
    await world.take(first)
    after = world.machines.items["m1", "stock"]
    world.machines.items["m1", "stock"] = stored

    def meanwhile(operation: str, _: str) -> None:
        if operation == "select":
            world.machines.items["m1", "stock"] = after

    world.machines.fault = meanwhile
    await world.take(second)
    assert (vends(world), world.dead()) == (7, {})


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(10))
async def test_a_rebuild_in_hub_order_gives_up_the_same_numbers(seed: int) -> None:
    """P4: whichever way the batches were cut."""
    dice = random.Random(seed)
    numbers = [n for n in range(1, 30) if dice.random() < 0.5]
    bodies = [
        vend(n, epoch=epoch)
        for epoch in range(1, 5)
        for n in sorted(numbers, key=lambda n: n + 9 * dice.random())
    ]
    events = delivered(bodies)
    live, rebuilt, blobs = World(), World(), FakeArchive()
    await archive(events, blobs)
    for batch in cut(events, dice):
        await live.take(*batch)
    assert live.held().closed

    async def never(_: float) -> None:
        raise AssertionError("nothing has to wait here")

    await replay(blobs, rebuilt.stores, Wanted(), Course("test", never))
    found = await compare(state(live), state(rebuilt), set())
    assert found.equal, found.named
    assert live.dead() == rebuilt.dead()
    assert live.stock() == rebuilt.stock()


def state(world: World) -> State:
    return State(world.machines, world.conditions, type(world.machines)("scope"))
