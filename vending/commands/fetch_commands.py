"""A device asks what it is to do: a short poll, or one that waits where there is room for it.

On Functions a request that waits is an occupied, paid place, so that an instance lets a few wait, and
answers the others at once. While one waits the inbox is read again every two seconds, a request unit each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from vending.commands.inbox import Inbox
from vending.commands.pace import retry_after
from vending.commands.store import change_inbox
from vending.documents.commands import Command
from vending.events.publishers import Publisher
from vending.ports import Documents
from vending.time import millis

LOOK_EVERY = 2.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a board is to do, oldest first, as of ``now`` (ms), and in how many seconds it asks again."""

    commands: list[Command]
    now: int
    retry_after: int


class Places:
    """How many requests of this instance may wait at a time."""

    def __init__(self, free: int) -> None:
        self.free = free

    @contextmanager
    def taken(self, *, wanted: bool) -> Iterator[bool]:
        """Whether one of them was free; it is again at the end."""
        took = wanted and self.free > 0
        self.free -= took
        try:
            yield took
        finally:
            self.free += took


@dataclass(frozen=True)
class CommandPolls:
    """Where commands are, how devices are paced, and who may wait. ``ordinary_pace`` in seconds."""

    commands: Documents
    ordinary_pace: int
    places: Places
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)


async def fetch_commands(board: Publisher, polls: CommandPolls, wait: float = 0) -> Fetched:
    """What the board is to do now; with ``wait`` (seconds) as soon as there is something. Raises
    Transient."""
    with polls.places.taken(wanted=wait > 0) as waits:
        left = wait if waits else 0.0
        while True:
            found = await _look(board, polls)
            if found.commands or left <= 0:
                return found
            step = min(LOOK_EVERY, left)
            await polls.sleep(step)
            left -= step


async def _look(board: Publisher, polls: CommandPolls) -> Fetched:
    now = millis(polls.clock())

    def fetch(inbox: Inbox) -> Fetched:
        given = inbox.fetch(board)
        pace = retry_after(board.machine, polls.ordinary_pace, inbox.under_way(board), now)
        return Fetched(given, now, pace)

    return await change_inbox(board.machine, polls.commands, now, fetch)
