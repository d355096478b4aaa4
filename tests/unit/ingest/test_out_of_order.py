"""What the platform does at a stop: a batch that is being retried is given up, and one to three later batches
are delivered all the same, without a checkpoint; then everything comes again, from the checkpoint on.

Source: measured on the real Event Hubs trigger ("Invocation cancelled - exiting retry loop.").
"""

from collections.abc import Sequence

import pytest

from tests.support.archive import held
from tests.support.events import World, delivered, level, temperature, vend
from tests.support.fakes import FakeBlobs
from vendctl.operations.account import AccountStores, account
from vending.archive.append import Tails, archive
from vending.events.hub_event import HubEvent

BODIES = [
    level(1, 40), vend(2), temperature(3, 7.5), vend(4), vend(5),
    vend(6), level(7, 30), temperature(8, 4.0), vend(9), vend(10),
    vend(11), vend(12), temperature(13, 5.0), level(14, 20), vend(15),
    vend(16), vend(17), vend(18), temperature(19, 3.0), vend(20),
]  # fmt: skip
ORDERS = [(1, 0, 1), (1, 2, 0, 1, 2), (1, 2, 3, 0, 1, 2, 3), (2, 1, 3, 0, 1, 2, 3)]
"""Numbers of batches of five as they are delivered: at most three are called after the one given up."""


def batches(bodies: Sequence[bytes]) -> list[list[HubEvent]]:
    events = delivered(bodies)
    return [events[start : start + 5] for start in range(0, len(events), 5)]


@pytest.mark.parametrize("order", ORDERS)
async def test_ingest_bears_later_batches_before_the_one_given_up(order: tuple[int, ...]) -> None:
    calm, stopped = World(), World()
    cut = batches(BODIES)
    for number in range(max(order) + 1):
        await calm.take(*cut[number])
    for number in order:
        await stopped.take(*cut[number])
    assert stopped.state() == calm.state()
    assert not stopped.dead()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("restarted", [False, True])
async def test_the_archive_bears_later_batches_before_the_one_given_up(
    order: tuple[int, ...], restarted: bool
) -> None:
    blobs, tails, cut = FakeBlobs(), Tails(), batches(BODIES)
    for number in order:
        await archive(cut[number], blobs, Tails() if restarted else tails)
    assert held(blobs) == [event for batch in cut[: max(order) + 1] for event in batch]


async def test_a_second_content_in_the_batch_given_up_is_refused_and_not_taken_for_a_redelivery() -> None:
    """5-9 were counted before 0-4 ever were: a number below them is no sign of a redelivery."""
    world, blobs = World(), FakeBlobs()
    cut = batches([*BODIES[:3], vend(9, price=200), *BODIES[4:10]])
    for number in (1, 0, 1):
        await world.take(*cut[number])
        await archive(cut[number], blobs)
    assert world.dead() == {"1/0@3": "conflict"}
    found = await account(AccountStores(blobs, world.machines, world.conditions, world.deadletters))
    assert (found.lost, found.doubled) == (0, 0)
