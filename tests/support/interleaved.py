"""Requests step by step: each goes on to its next access of a store when a test says so, or dies there."""

from collections.abc import AsyncIterator, Coroutine, Generator, Sequence
from types import coroutine
from typing import Any

from vending.ports import Documents, Filter, Put, Stored


class Died(BaseException):
    """The process is gone: nothing runs after it, as far as handlers of exceptions go."""


@coroutine
def pause() -> Generator[None]:
    """Until the test says so."""
    yield


class Paced:
    """Documents that every access of waits for its turn."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002
        await pause()
        return await self.documents.read(key, id)

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        await pause()
        return await self.documents.write(key, puts)

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        await pause()
        async for stored in self.documents.select(key, *where, fields=fields):
            yield stored


class Running[Outcome]:
    """A request under way."""

    def __init__(self, asked: Coroutine[Any, Any, Outcome]) -> None:
        self._asked = asked
        self.over = False
        self.outcome: Outcome | None = None

    def step(self) -> None:
        """Up to before the next access; nothing where it is over."""
        if self.over:
            return
        try:
            self._asked.send(None)
        except StopIteration as done:
            self.over, self.outcome = True, done.value

    def die(self) -> None:
        """After what it has done so far."""
        if not self.over:
            self.over = True
            self._asked.close()

    def finish(self) -> Outcome | None:
        """To its end."""
        while not self.over:
            self.step()
        return self.outcome
