"""Request units, counted for whoever asks: everything charged within ``with metered() as cost``.

The meter follows the context, so the tasks that a function starts count for that function and for no other
that runs beside it on the same loop.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Cost:
    """What some accesses to Cosmos DB were charged."""

    requests: int = 0
    units: float = 0.0
    throttles: int = 0
    """Refusals with 429, also those that the SDK dealt with by itself."""
    by: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Request units by operation and container (``write machines``)."""

    def __str__(self) -> str:
        return f"{self.requests} requests, {self.units:.1f} RU, {self.throttles} throttled"


_meters: ContextVar[tuple[Cost, ...]] = ContextVar("meters", default=())


@contextmanager
def metered() -> Iterator[Cost]:
    """Count until the end of the block; blocks may stand in one another."""
    cost = Cost()
    token = _meters.set((*_meters.get(), cost))
    try:
        yield cost
    finally:
        _meters.reset(token)


def charge(operation: str, units: float) -> None:
    """Add one request to every meter that runs in this context."""
    for cost in _meters.get():
        cost.requests += 1
        cost.units += units
        cost.by[operation] += units


def throttled() -> None:
    """Add one throttled request (429) to every meter that runs in this context."""
    for cost in _meters.get():
        cost.throttles += 1
