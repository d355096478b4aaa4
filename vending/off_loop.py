"""Long work beside the event loop, short work in place: a thread costs more than a small batch's work."""

import asyncio
from collections.abc import Callable

INLINE = 256 * 1024
"""Bytes that are worked on without letting others go first: some milliseconds at the most."""


async def off_loop[Result](size: int, work: Callable[[], Result]) -> Result:
    """The result of ``work``, which handles about ``size`` bytes and touches nothing that others change."""
    return await asyncio.to_thread(work) if size > INLINE else work()
