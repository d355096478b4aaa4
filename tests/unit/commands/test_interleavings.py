"""Whatever comes first of polls, redelivery, results, expiry, cancelling and a new board: a command ends in
one state, and takes effect once at most."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.commands.interleaving import every_order, play
from tests.unit.commands.world import LIFE, Device, World, staged
from vending.commands.actions import Lock
from vending.commands.inbox import RESULT_GRACE
from vending.commands.send_command import CommandAsked
from vending.events.publishers import Publisher

LOCK = CommandAsked(Lock(["A1"]), expires_in_seconds=LIFE)
OVER = LIFE + RESULT_GRACE / 1000 + 1
"""Seconds after which it is expired, whether it was delivered or not."""
AGAIN = 61
"""And after which it is delivered again."""
Scene = Callable[[], tuple[World, list[Device]]]


def boards(count: int = 1) -> list[Device]:
    return [Device(Publisher(f"dev-{number}", "m1", number)) for number in range(1, count + 1)]


def two_polls_a_result_and_expiry() -> tuple[World, list[Device]]:
    (one,) = devices = boards()
    steps = [lambda w: w.polled_by(one), lambda w: w.polled_by(one), lambda w: w.told_by(one)]
    return staged(*steps, lambda w: w.passes(OVER), asked=LOCK), devices


def a_lost_answer_and_redelivery() -> tuple[World, list[Device]]:
    (one,) = devices = boards()
    steps = [lambda w: w.polled_by(one, lost=True), lambda w: w.polled_by(one), lambda w: w.told_by(one)]
    return staged(*steps, lambda w: w.passes(AGAIN), asked=LOCK), devices


def a_result_twice_and_expiry() -> tuple[World, list[Device]]:
    (one,) = devices = boards()
    steps = [lambda w: w.polled_by(one), lambda w: w.told_by(one), lambda w: w.told_by(one)]
    return staged(*steps, lambda w: w.passes(OVER), asked=LOCK), devices


def a_result_a_reader_and_expiry() -> tuple[World, list[Device]]:
    (one,) = devices = boards()
    steps = [lambda w: w.polled_by(one), lambda w: w.told_by(one), lambda w: w.looked_at()]
    return staged(*steps, lambda w: w.passes(OVER), asked=LOCK), devices


def a_new_board_that_remembers_nothing() -> tuple[World, list[Device]]:
    old, new = devices = boards(2)
    steps = [lambda w: w.polled_by(old), lambda w: w.polled_by(new), lambda w: w.told_by(old)]
    return staged(*steps, lambda w: w.passes(AGAIN), asked=LOCK), devices


def cancelling_a_poll_and_the_same_order_again() -> tuple[World, list[Device]]:
    (one,) = devices = boards()
    steps = [lambda w: w.polled_by(one), lambda w: w.cancelled(), lambda w: w.asks(LOCK)]
    return staged(*steps, lambda w: w.told_by(one), asked=LOCK), devices


SCENES: dict[Scene, set[tuple[str, int]]] = {
    two_polls_a_result_and_expiry: {("succeeded", 1), ("expired", 1), ("expired", 0)},
    a_lost_answer_and_redelivery: {("succeeded", 1), ("expired", 0)},
    a_result_twice_and_expiry: {("succeeded", 1), ("expired", 1), ("expired", 0)},
    a_result_a_reader_and_expiry: {("succeeded", 1), ("expired", 1), ("expired", 0)},
    a_new_board_that_remembers_nothing: {("succeeded", 1), ("failed", 1), ("expired", 1)},
    cancelling_a_poll_and_the_same_order_again: {("succeeded", 1), ("cancelled", 0)},
}
"""Each with the ends that it can have: state and effects."""


async def end(world: World, devices: list[Device]) -> tuple[str, int]:
    """How it ends when nobody does anything more."""
    world.actors.clear()
    world.later(OVER)
    world.looked_at()
    play(world, lambda _: 0)
    assert not world.opened()
    (over,) = world.ended().values()
    effects = sum(len(device.effects) for device in devices)
    assert effects <= 1
    assert over.state != "succeeded" or effects == 1
    assert over.state != "cancelled" or over.deliveries == 0
    return over.state, effects


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_every_order_ends_in_one_state_with_one_effect_at_most(scene: Scene) -> None:
    found: Counter[tuple[str, int]] = Counter()
    last: list[Device] = []

    def build() -> World:
        nonlocal last
        world, last = scene()
        return world

    for world in every_order(build):
        found[await end(world, last)] += 1
    assert found.keys() == SCENES[scene]
    assert found.total() > 50


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 7), max_size=60))
async def test_all_of_it_at_once_in_some_order(choices: list[int]) -> None:
    old, new = devices = boards(2)
    world = staged(asked=LOCK)
    for device in (old, new):
        world.polled_by(device, lost=device is new)
        world.polled_by(device)
        world.told_by(device)
    world.looked_at()
    world.cancelled()
    world.asks(LOCK)
    world.passes(AGAIN, 2 * AGAIN, OVER)
    left = iter(choices)
    play(world, lambda count: next(left, 0) % count)
    await end(world, devices)
