"""A store, a queue or a webhook as one of its users sees it: a test stands around each of its calls."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache, partial
from typing import Any, cast

Call = Callable[..., Awaitable[Any]]
Around = Callable[..., Awaitable[Any]]
"""``around(operation, call, *arguments)``; of a query ``call`` gives the list of its rows."""


def watched[Store](store: Store, around: Around) -> Store:
    """The store, all of whose calls go through ``around``, which gives the answer.

    It does ``await call(*arguments)``, or does not, and before, after or instead of that whatever the test
    wants: lets others go first, counts, raises, loses or changes the answer.
    """
    return cast("Store", _Watched(store, around))


async def lagging(operation: str, call: Call, *arguments: Any) -> Any:
    """One ``around``: queries do not see their last row, such as the newest page."""
    answer = await call(*arguments)
    return answer[:-1] if operation == "select" else answer


@cache
def _seen(function: Callable[..., Any]) -> str | None:
    """Which method here calls it; None for what is no call of a store."""
    if inspect.isasyncgenfunction(function):
        return "_rows"
    return "_one" if inspect.iscoroutinefunction(function) else None


class _Watched:
    def __init__(self, store: Any, around: Around) -> None:
        vars(self).update(_store=store, _around=around)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        seen = _seen(getattr(found, "__func__", found)) if callable(found) else None
        return partial(getattr(self, seen), name, found) if seen else found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._store, name, value)

    async def _one(self, name: str, call: Call, *arguments: Any, **named: Any) -> Any:
        return await self._around(name, partial(call, **named), *arguments)

    async def _rows(
        self, name: str, query: Callable[..., AsyncIterator[Any]], *arguments: Any, **named: Any
    ) -> AsyncIterator[Any]:
        async def call(*arguments: Any) -> list[Any]:
            return [row async for row in query(*arguments, **named)]

        for row in await self._around(name, call, *arguments):
            yield row
