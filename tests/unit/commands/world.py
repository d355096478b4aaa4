"""A machine, its boards, the store of its commands, a hub, and a clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tests.support.events import NOON, body, hub_event
from tests.support.fakes import FakeDocuments
from tests.unit.commands.interleaving import Actor, Turn, in_turns, play
from vending.commands.close_command import close_command
from vending.commands.fetch_commands import CommandPolls, Places, fetch_commands
from vending.commands.send_command import (
    Cancelling,
    CommandAsked,
    NotQueued,
    Order,
    cancel_command,
    find_command,
    send_command,
)
from vending.documents.base import load
from vending.documents.commands import Command, CommandInbox, EndedCommand
from vending.events.commands import CommandResult
from vending.events.event import parse
from vending.events.publishers import Publisher
from vending.time import millis

MACHINE = "m1"
LIFE = 3600


def order(now: int, command: str = "c1") -> Order:
    return Order(MACHINE, command, "ada", now)


@dataclass
class Device:
    """A board as the contract wants it: it remembers what it began, for as long as it has its storage."""

    board: Publisher
    begun: set[str] = field(default_factory=set)
    effects: list[str] = field(default_factory=list)
    results: list[bytes] = field(default_factory=list)
    sequence: int = 0

    def obey(self, command: str) -> None:
        if command not in self.begun:
            self.begun.add(command)
            self.effects.append(command)
        self.sequence += 1
        who = {"machine": MACHINE, "device": self.board.device, "epoch": self.board.epoch}
        told = {"commandId": command, "status": "succeeded"}
        self.results.append(body("command.result", told, self.sequence, **who))


class World:
    """Actors are added by the methods whose names say what they do."""

    def __init__(self) -> None:
        self.now = NOON
        self.store = FakeDocuments("machineId")
        self.shared = in_turns(self.store)
        self.actors: list[Actor] = []
        self.over: dict[str, str] = {}
        """Command → the state in which it was over first."""

    @property
    def ms(self) -> int:
        return millis(self.now)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def polls(self, free: int = 0) -> CommandPolls:
        return CommandPolls(self.shared, 300, Places(free), lambda: self.now)

    def asks(self, asked: CommandAsked, command: str = "c1") -> None:
        async def ask() -> None:
            await send_command(order(self.ms, command), asked, self.shared)

        self.actors.append(Actor(ask()))

    def polled_by(self, device: Device, *, lost: bool = False) -> None:
        """A poll; its answer arrives a turn later, or never."""

        async def poll() -> None:
            begun = self.now
            found = await fetch_commands(device.board, self.polls())
            await Turn()
            took = (self.now - begun).total_seconds()
            for each in found.commands if not lost else ():
                if took < (each.expires_at - found.now) // 1000 or each.command_id in device.begun:
                    device.obey(each.command_id)

        self.actors.append(Actor(poll()))

    def told_by(self, device: Device) -> None:
        """The hub delivers the device's first result, as soon as there is one."""

        async def tell() -> None:
            event = parse(hub_event(1, device.results[0], enqueued=self.now))
            assert isinstance(event.data, CommandResult)
            await close_command(event, event.data, self.shared)

        self.actors.append(Actor(tell(), lambda: bool(device.results)))

    def cancelled(self) -> None:
        async def cancel() -> None:
            try:
                await cancel_command(MACHINE, "c1", Cancelling("ada", self.ms), self.shared)
            except NotQueued:
                return

        self.actors.append(Actor(cancel()))

    def looked_at(self) -> None:
        async def look() -> None:
            await find_command(MACHINE, "c1", self.shared, self.ms)

        self.actors.append(Actor(look()))

    def passes(self, *seconds: float) -> None:
        """The clock goes on by so much, at some time each."""

        async def pass_time() -> None:
            for each in seconds:
                await Turn()
                self.later(each)

        self.actors.append(Actor(pass_time()))

    def opened(self) -> list[Command]:
        found = self.store.bodies(CommandInbox.type)
        return load(found[0], CommandInbox).commands if found else []

    def ended(self) -> dict[str, Command]:
        found = [load(one, EndedCommand).command for one in self.store.bodies(EndedCommand.type)]
        return {one.command_id: one for one in found}

    def check(self) -> None:
        """A command is open or over; what it was over with first, that it stays."""
        ended = self.ended()
        assert not ended.keys() & {one.command_id for one in self.opened()}
        for name, one in ended.items():
            assert one.state not in ("queued", "delivered")
            assert self.over.setdefault(name, one.state) == one.state
        assert self.over.keys() == ended.keys()


def staged(*steps: Callable[[World], object], asked: CommandAsked) -> World:
    """A world in which ``c1`` is queued, with its actors ready to go."""
    world = World()
    world.asks(asked)
    play(world, lambda _: 0)
    world.actors.clear()
    for step in steps:
        step(world)
    return world
