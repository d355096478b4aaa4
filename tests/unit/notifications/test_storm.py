"""A storm: events late, doubled and poisoned, stores that throttle, owners that die (P1-P6)."""

import asyncio
import random

import pytest

from tests.support import oracle as truth
from tests.support.archive import FakeArchive
from tests.support.events import World, body, cut, delivered
from tests.support.fakes import nothing
from tests.support.overlapping_owners import Killed, check, owner, perhaps, remembering, shared_world
from vendctl.operations.account import AccountStores, account
from vendctl.operations.audit_archive import Scope, audit_archive
from vendctl.operations.rebuild import Course, Wanted, replay
from vending.archive.append import archive
from vending.ports import PartitionEnd


def storm(dice: random.Random, machines: int, count: int) -> tuple[list[bytes], list[bytes]]:
    """The good events, and all arrivals: 5 % come twice, 5 % late, 1 % are poison, neighbours swap."""
    bodies = truth.events(dice, machines, count)
    places = [number + dice.random() * 20 for number in range(count)]
    arrivals = list(zip(places, bodies, strict=True))
    for number in range(count):
        if dice.random() < 0.05:
            arrivals.append((places[number] + dice.random() * count / 4, bodies[number]))
        if dice.random() < 0.05:
            arrivals[number] = (places[number] + dice.random() * count / 4, bodies[number])
        if dice.random() < 0.01:
            arrivals.append((places[number], dice.choice([b"{", b"", body("vend.gone", {}, number + 1)])))
    return bodies, [content for _, content in sorted(arrivals, key=lambda arrival: arrival[0])]


async def weather(world: World, arrivals: list[bytes], dice: random.Random) -> None:
    """Two owners side by side, from different batches, each a process that remembers what it wrote."""
    batches = delivered(arrivals)
    sizes = dice.choice([60, 100])
    mine = [batches[start : start + sizes] for start in range(0, len(batches), sizes)]
    other = cut(batches[len(batches) // 3 : len(batches) // 2], dice)
    await asyncio.gather(owner(remembering(world), mine), owner(remembering(world), other))


def calm(world: World) -> None:
    """The storm is over: who looks at what it left meets no faults."""
    world.deadletters.fault = nothing
    world.machines.trouble = world.conditions.trouble = 0.0  # type: ignore[attr-defined]


async def judged(world: World, arrivals: list[bytes], blobs: FakeArchive) -> tuple[int, int, int]:
    """(lost, doubled, dead-lettered) of everything that arrived."""
    await archive(delivered(arrivals), blobs)
    stores = world.stores
    last = {("1", "0"): len(arrivals) - 1}
    found = await account(AccountStores(blobs, stores.machines, stores.conditions, stores.deadletters), last)
    return found.lost, found.doubled, found.dead_lettered


async def rebuilt(blobs: FakeArchive, count: int) -> World:
    """A world made of the archive alone, once that is known to be complete."""
    report = await audit_archive(blobs, "1", [PartitionEnd("0", 0, count - 1)], Scope())
    assert (report.findings, report.events) == ([], count)
    again = World()
    await replay(blobs, again.stores, Wanted(), Course("test", asyncio.sleep))
    return again


def run(seed: int, machines: int, count: int) -> None:
    dice = random.Random(seed)
    bodies, arrivals = storm(dice, machines, count)
    world = shared_world(dice, 0.001)
    world.deadletters.fault = lambda *_: perhaps(dice, 0.001, Killed())
    asyncio.run(weather(world, arrivals, dice))
    calm(world)
    check(world, bodies)
    blobs = FakeArchive()
    lost, doubled, dead = asyncio.run(judged(world, arrivals, blobs))
    assert (lost, doubled) == (0, 0)
    good = set(bodies)
    poison = {content for content in arrivals if content not in good}
    assert dead == len(poison)
    assert asyncio.run(rebuilt(blobs, len(arrivals))).state() == world.state()


def test_a_storm_of_five_thousand_events() -> None:
    run(1, 2_000, 5_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_storm_of_two_hundred_thousand_events() -> None:
    run(2, 2_000, 200_000)
