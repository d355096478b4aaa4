"""The promises of ingest as properties: nothing lost, exactly once, any order, any fault (P1-P3, P5).

A world of two owners that work on the same partition, each from its own checkpoint, with stores that refuse,
lose answers and let the other owner go first; owners are killed at any moment. In the end every store must
hold what the events say when they are looked at all at once.
"""

import asyncio
import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oracle as truth
from tests.support.events import World, cut, delivered, hub_event, vend
from tests.support.overlapping_owners import Killed, check, owner, perhaps, shared_world
from vending.events.event import parse

seeds = st.integers(0, 2**32)


@given(seeds)
@settings(max_examples=40)
def test_any_permutation_duplication_and_batching_ends_in_the_same_state(seed: int) -> None:
    dice = random.Random(seed)
    bodies = truth.events(dice, 3, 60)
    in_order, shuffled = World(), World()
    asyncio.run(owner(in_order, [delivered(bodies)]))
    again = bodies + dice.choices(bodies, k=15)
    dice.shuffle(again)
    asyncio.run(owner(shuffled, cut(delivered(again, first=1000), dice)))
    assert in_order.state() == shuffled.state()
    assert not in_order.dead()
    assert not shuffled.dead()
    check(in_order, bodies)


@given(seeds)
@settings(max_examples=40)
def test_two_owners_faults_and_kills_change_nothing(seed: int) -> None:
    dice = random.Random(seed)
    bodies = truth.events(dice, 3, 50)
    arrived = delivered(dice.sample(bodies, len(bodies)) + bodies[:5])
    world = shared_world(dice, 0.03)
    stale = cut(arrived[dice.randrange(20) :], dice)

    async def both() -> None:
        await asyncio.gather(
            owner(world, cut(arrived, dice)), owner(world, stale[: dice.randrange(len(stale))])
        )

    asyncio.run(both())
    calm = World()
    asyncio.run(owner(calm, [delivered(bodies)]))
    assert world.state() == calm.state()
    assert not world.dead()
    check(world, bodies)


@given(seeds)
@settings(max_examples=40)
def test_every_copy_is_applied_or_dead_lettered_whenever_the_owner_dies(seed: int) -> None:
    """Also when a conflict was found, and its owner died between the commit and the dead letters."""
    dice = random.Random(seed)
    bodies = truth.events(dice, 2, 30)
    forged = [vend(900 + n, ledger=1 + n, machine="m0", device="dev-0-0") for n in range(3)]
    twice = [vend(900 + n, ledger=1 + n, price=777, machine="m0", device="dev-0-0") for n in range(3)]
    arrived = delivered(dice.sample(bodies + forged + twice, len(bodies) + 6))
    world = shared_world(dice, 0.05)
    world.deadletters.fault = lambda *_: perhaps(dice, 0.05, Killed())
    asyncio.run(owner(world, cut(arrived, dice)))
    digests = {line["digest"] for line in world.lines().values()}
    for event in arrived:
        parsed = parse(event)
        if parsed.ledger is not None:
            assert (parsed.digest in digests) != (event.position in world.dead()), event.position


def test_a_batch_of_one_machine_may_be_a_whole_backlog() -> None:
    """5,000 events: written in a few pages, each far below the limits of a batch."""
    dice = random.Random(1)
    bodies = [vend(n, dice.choice(truth.SELECTIONS)) for n in range(1, 5001)]
    world = World()
    asyncio.run(owner(world, [delivered(bodies)]))
    assert len(world.lines()) == 5000
    assert world.stock()["applied"] == {"dev-1/1": [[1, 5000]]}
    sizes = [len(json.dumps(page)) for page in world.machines.bodies("page")]
    assert len(sizes) < 15
    assert max(sizes) < 300_000


def test_redelivery_reads_and_writes_nothing_again() -> None:
    world = World()
    batch = [hub_event(n, vend(n)) for n in range(1, 20)]
    asyncio.run(owner(world, [batch]))
    before = dict(world.machines.items), dict(world.conditions.items)
    asyncio.run(owner(world, [batch, batch[3:9]]))
    assert (world.machines.items, world.conditions.items) == before
