"""One run over dirty days: what all its steps share, and whose days it could not count."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from vending.catalog.assignments import Assignment
from vending.documents.days import MachineDay
from vending.errors import VendstreamError
from vending.rollups import habits
from vending.rollups.compute import Lagging
from vending.rollups.timer import RollUpStores
from vending.rollups.tree import Contribution

log = logging.getLogger(__name__)

AT_ONCE = 16
BUCKETS_AT_ONCE = 4
"""Of 1,500 machines each they take 100 MB."""
Share = tuple[Contribution, frozenset[str]]
"""A contribution to a summary, and the machines whose days of this run are in it."""


class Broken:
    """The machines with a day that is not counted everywhere, and the first such day of each: for good, or
    because a read of the ledger lags."""

    def __init__(self) -> None:
        self.machines: dict[str, str] = {}
        self.lagging: dict[str, str] = {}

    @contextmanager
    def costs(self, day: str, machines: Collection[str], what: str) -> Iterator[None]:
        """A piece of work on a day of these machines: what fails in it for good, or lags behind, is noted and
        not raised."""
        try:
            yield
        except Lagging as fault:
            log.warning("%s; computed again in some minutes, and in an hour", fault)
            _note(self.lagging, machines, day)
        except VendstreamError:
            raise
        except Exception:
            log.exception("%s cannot be computed; retried in an hour", what)
            _note(self.machines, machines, day)


def _note(held: dict[str, str], machines: Collection[str], day: str) -> None:
    for machine in machines:
        held[machine] = min(day, held.get(machine, day))


@dataclass(frozen=True)
class Run:
    """One invocation's."""

    now: datetime
    stores: RollUpStores
    broken: Broken = field(default_factory=Broken)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    buckets: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BUCKETS_AT_ONCE))

    async def closed(self, assignment: Assignment, day: MachineDay) -> None:
        """What follows from a machine's day that has closed."""
        await habits.renew(assignment, day, self.now, self.stores)


async def finished[Result](work: Iterable[Awaitable[list[Result]]]) -> list[Result]:
    """Let all of it finish, then raise the first failure, so that no task outlives the call."""
    results = await asyncio.gather(*work, return_exceptions=True)
    done: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done += result
    return done
