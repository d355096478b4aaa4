"""Optimistic concurrency: read, change, write If-Match, and on a conflict read again.

Nothing is re-sent as it was: the other writer may have done some of it, or made it wrong.
"""

from collections.abc import Awaitable, Callable

from vending.errors import Conflict, Transient

ROUNDS = 8
"""How often another writer may be first, before the work waits."""


async def retry_on_conflict[Outcome](
    what: str, attempt: Callable[[], Awaitable[Outcome]], rounds: int = ROUNDS
) -> Outcome:
    """The outcome of the first attempt that no other writer disturbs; each begins by reading.

    Raises Transient, which names ``what`` is contended, when all rounds were lost.
    """
    for _ in range(rounds):
        try:
            return await attempt()
        except Conflict as fault:
            lost = fault
    raise Transient(f"{what} is still contended after {rounds} rounds; try again") from lost
