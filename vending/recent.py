"""What was read a moment ago, for those who ask again. Who asks at the same time shares one read."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

FRESH_FOR = timedelta(seconds=2)
Load = Callable[[], Awaitable[Any]]
Lasts = Callable[[Any], timedelta]


class Recent:
    """Values that may be a moment old, as a rule two seconds; with ``most``, the last so many of them."""

    def __init__(self, fresh_for: timedelta = FRESH_FOR, most: int | None = None) -> None:
        self._fresh_for = fresh_for
        self._most = most
        self._held: dict[Hashable, tuple[datetime, timedelta, Any]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def get(self, name: Hashable, now: datetime, load: Load, lasts: Lasts | None = None) -> Any:
        """The value, or what ``load`` brings. A failure is not kept. ``lasts``: for how long a value is kept
        that is dear; never shorter than others."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            held = self._held.pop(name, None)  # the last to be forgotten
            if held is None or abs(now - held[0]) >= held[1]:
                value = await load()
                kept = self._fresh_for if lasts is None else max(self._fresh_for, lasts(value))
                held = now, kept, value
            self._held[name] = held
            for old in list(self._held)[: -self._most] if self._most else ():
                del self._held[old]
                self._locks.pop(old, None)
            return held[2]
