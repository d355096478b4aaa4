"""A listener's loop that outlives failures of its service: logs, waits, tries again."""

import asyncio
from collections.abc import Awaitable, Callable

from devstack.functions import log

PATIENCE = (0.2, 10.0)


async def persistently(
    step: Callable[[], Awaitable[None]], where: str, fatal: type[Exception] | tuple[()] = ()
) -> None:
    """Run ``step`` until it returns. What it raises is logged and tried again after a growing delay,
    except ``fatal``.
    """
    delay, longest = PATIENCE
    while True:
        try:
            await step()
            return
        except fatal:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a service or its client raises: try again
            log.error(f"{where}: {type(error).__name__}: {error}; again in {delay:.1f} s")
        await asyncio.sleep(delay)
        delay = min(delay * 2, longest)
