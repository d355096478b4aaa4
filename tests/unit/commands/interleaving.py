"""Coroutines on one store, in every order in which their reads and writes can happen."""

from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any, Protocol

from tests.support.watched import watched


class Turn:
    """Awaited before each call of a store: somebody else may go first."""

    def __await__(self) -> Generator[None]:
        yield


async def _turn(_: str, call: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
    await Turn()
    return await call(*arguments)


def in_turns[Store](store: Store) -> Store:
    """The store, whose every call waits for its turn."""
    return watched(store, _turn)


class Actor:
    """One coroutine. It may begin, and go on, when ``ready`` says so."""

    def __init__(self, work: Coroutine[Any, Any, None], ready: Callable[[], bool] = lambda: True) -> None:
        self._work = work
        self._ready = ready
        self._begun = self._over = False

    @property
    def runnable(self) -> bool:
        """Whether it can take a turn now."""
        return not self._over and self._ready()

    def go(self) -> None:
        """Take one turn; the first one from the very beginning, with whatever the clock says then."""
        try:
            if not self._begun:
                self._begun = True
                self._work.send(None)
            self._work.send(None)
        except StopIteration:
            self._over = True

    def close(self) -> None:
        """What never became ready is given up."""
        self._work.close()


class Staged(Protocol):
    """A world with its actors."""

    actors: list[Actor]

    def check(self) -> None:
        """What holds after each turn."""


def play[World: Staged](world: World, pick: Callable[[int], int]) -> World:
    """One order: of the actors that can go on, ``pick(how many)`` says which does."""
    while runnable := [actor for actor in world.actors if actor.runnable]:
        runnable[pick(len(runnable))].go()
        world.check()
    for actor in world.actors:
        actor.close()
    return world


def every_order[World: Staged](build: Callable[[], World]) -> Iterator[World]:
    """The world at the end of each order, each of them once."""
    waiting: list[list[int]] = [[]]
    while waiting:
        beginning = waiting.pop()
        taken: list[int] = []

        def pick(choices: int, begins: list[int] = beginning, taken: list[int] = taken) -> int:
            if len(taken) < len(begins):
                chosen = begins[len(taken)]
            else:
                chosen = 0
                waiting.extend([*taken, other] for other in range(1, choices))
            taken.append(chosen)
            return chosen

        yield play(build(), pick)
