"""What a process builds once: on first use, shared from then on, closed and forgotten by :func:`close`."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import cache, wraps
from typing import Protocol, cast, runtime_checkable

built: list[object] = []
"""What stands, in the order in which it was built."""
_forget: list[Callable[[], None]] = []


@runtime_checkable
class Closable(Protocol):
    """A client with connections."""

    async def close(self) -> None:
        """Close them."""


def once[**Given, Made](build: Callable[Given, Made]) -> Callable[Given, Made]:
    """Like ``functools.cache``, and :func:`close` knows of it: nothing that is built can be left open."""

    @cache
    @wraps(build)
    def kept(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        made = build(*args, **kwargs)
        built.append(made)
        return made

    _forget.append(kept.cache_clear)
    return cast("Callable[Given, Made]", kept)


async def close() -> None:
    """Close every client, the newest first, and forget all that was built: who asks next builds it anew.

    For commands, which end; the functions' worker keeps its clients for its life. All are closed, even where
    one raises.
    """
    async with AsyncExitStack() as clients:
        for made in built:
            if isinstance(made, Closable):
                clients.push_async_callback(made.close)
        built.clear()
        for forget in _forget:
            forget()
