"""Machines side by side, each for itself: what must wait waits when the others are done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from vending.errors import Transient

log = logging.getLogger(__name__)

MACHINES_AT_ONCE = 16
DEFECTIVE, FEW = 0.2, 4
"""More machines than this share *and* number that trip a bug of ours are a bad deploy: everything waits."""


async def evaluate_each(machines: Collection[str], evaluate: Callable[[str], Awaitable[int]]) -> int:
    """Evaluate all machines, a bounded number at a time; the sum of what ``evaluate`` returned.

    Raises the first Transient. A machine that trips a bug of ours is logged and passed over: its next change
    is evaluated again. Raises that bug itself where it meets more than :data:`DEFECTIVE` of them.
    """
    gate = asyncio.Semaphore(MACHINES_AT_ONCE)
    changed = 0
    waits: list[Transient] = []
    defects: list[Exception] = []

    async def one(machine: str) -> None:
        nonlocal changed
        async with gate:
            try:
                changed += await evaluate(machine)
            except Transient as fault:
                waits.append(fault)
            except MemoryError:
                waits.append(Transient(f"{machine}: no memory to evaluate its alerts"))
            except Exception as fault:
                log.exception("%s: its alerts were not evaluated", machine)
                defects.append(fault)

    await asyncio.gather(*(one(machine) for machine in machines))
    if len(defects) > max(FEW, DEFECTIVE * len(machines)):
        raise defects[0]
    if waits:
        raise waits[0]
    return changed
