"""Steps of one invocation that need nothing of each other: one that fails keeps none behind it."""

import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def each_step[Outcome](*steps: Callable[[], Awaitable[Outcome]]) -> list[Outcome]:
    """What the steps returned, in their order. Raises the first failure when all were tried; the log has the
    others."""
    done: list[Outcome] = []
    faults: list[Exception] = []
    for step in steps:
        try:
            done.append(await step())
        except Exception as fault:  # noqa: BLE001 - it is raised below
            faults.append(fault)
    for other in faults[1:]:
        log.error("another step failed too", exc_info=other)
    if faults:
        raise faults[0]
    return done
