"""A world in which owners overlap, stores refuse and lose answers, and processes die; and its judge."""

import asyncio
import random
from collections.abc import Sequence

from tests.support import oracle as truth
from tests.support.events import World
from tests.support.fakes import FakeDocuments
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments
from vending.errors import Transient
from vending.events.hub_event import HubEvent
from vending.ports import Put, Stored
from vending.state.stock import on_hand


class Killed(BaseException):
    """The owner's process ends here."""


class Shared(FakeDocuments):
    """A container whose answers take a while, so that owners overlap; and whose answers may be lost."""

    def __init__(self, key_field: str, dice: random.Random, trouble: float) -> None:
        super().__init__(key_field)
        self.dice, self.trouble = dice, trouble

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002
        await self._pass_time()
        self.perhaps(Transient("429"))
        return await super().read(key, id)

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        await self._pass_time()
        self.perhaps(Transient("429"))
        self.perhaps(Killed())
        etags = await super().write(key, puts)
        await self._pass_time()
        self.perhaps(Transient("the answer is lost"))
        self.perhaps(Killed())
        return etags

    async def _pass_time(self) -> None:
        for _ in range(self.dice.randrange(4)):
            await asyncio.sleep(0)

    def perhaps(self, fault: BaseException) -> None:
        """Raise it, now and then."""
        if self.dice.random() < self.trouble:
            raise fault


def shared_world(dice: random.Random, trouble: float) -> World:
    return World(Shared("machineId", dice, trouble), Shared("id", dice, trouble))


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
    lines, fleet, stocks = world.lines(), world.fleet(), world.stocks()
    for machine, own in expected.items():
        held = stocks.get(machine, {"totals": {}, "slots": {}, "applied": {}})
        found = {number[1:]: line["digest"] for number, line in lines.items() if number[0] == machine}
        assert found == own["digests"]
        assert held["totals"] == own["totals"]
        assert (on_hand(held) if held["slots"] else {}) == own["onHand"]
        assert tuple(fleet[machine]["seen"][:2]) == own["seen"]
        if own["temperature"]:
            order, celsius = own["temperature"]
            assert fleet[machine]["temp:main"][:2] + fleet[machine]["temp:main"][3:] == [*order, celsius]
    assert fleet.keys() == expected.keys()
