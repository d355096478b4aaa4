"""A world in which owners overlap, stores refuse and lose answers, and processes die; and its judge."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from tests.support import oracle as truth
from tests.support.events import World
from tests.support.fakes import FakeDocuments
from tests.support.watched import Call, watched
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments
from vending.errors import Transient
from vending.events.hub_event import HubEvent
from vending.state import till
from vending.state.stock import on_hand


class Killed(BaseException):
    """The owner's process ends here."""


def perhaps(dice: random.Random, trouble: float, fault: BaseException) -> None:
    """Raise it, now and then."""
    if dice.random() < trouble:
        raise fault


def shared_world(dice: random.Random, trouble: float) -> World:
    """Its documents' answers take a while, so that owners overlap, and may be lost."""

    async def around(operation: str, call: Call, *arguments: Any) -> Any:
        if operation not in ("read", "write"):
            return await call(*arguments)
        await _pass_time(dice)
        perhaps(dice, trouble, Transient("429"))
        if operation == "read":
            return await call(*arguments)
        perhaps(dice, trouble, Killed())
        etags = await call(*arguments)
        await _pass_time(dice)
        perhaps(dice, trouble, Transient("the answer is lost"))
        perhaps(dice, trouble, Killed())
        return etags

    return World(watched(FakeDocuments("machineId"), around), watched(FakeDocuments("id"), around))


async def _pass_time(dice: random.Random) -> None:
    for _ in range(dice.randrange(4)):
        await asyncio.sleep(0)


def remembering(world: World) -> World:
    """The world as one process sees it: the same stores, behind a memory that starts empty."""
    stocks = RememberedDocuments(world.machines, STOCKS)
    conditions = RememberedDocuments(world.conditions, CONDITIONS)
    return World(stocks, conditions, world.deadletters)  # type: ignore[arg-type]


async def owner(world: World, batches: list[list[HubEvent]]) -> None:
    """Takes batch after batch; one that failed, or in which it died, again."""
    for batch in batches:
        for _ in range(400):
            try:
                await world.take(*batch)
            except (Transient, Killed):
                continue
            except BaseExceptionGroup as group:
                if group.split(Killed)[1]:
                    raise
                continue
            break
        else:
            raise AssertionError("400 attempts at one batch")


def check(world: World, bodies: Sequence[bytes]) -> None:
    """The stores hold the truth."""
    expected = truth.of(bodies)
    lines, fleet = world.lines(), world.fleet()
    for machine, own in expected.items():
        held = world.held(machine)
        found = {number[1:]: line["digest"] for number, line in lines.items() if number[0] == machine}
        assert found == own["digests"]
        assert held.totals == own["totals"]
        assert on_hand(held) == own["onHand"]
        assert {name: slot[3] for name, slot in held.slots.items() if slot[3:]} == own["failed"]
        assert (sum(till.taken(held.till).values()), till.owed(held.till)) == (own["cash"], own["owed"])
        assert tuple(fleet[machine]["seen"][:2]) == own["seen"]
        if own["temperature"]:
            order, celsius = own["temperature"]
            assert fleet[machine]["temp:main"][:2] + fleet[machine]["temp:main"][3:] == [*order, celsius]
    assert fleet.keys() == expected.keys()
