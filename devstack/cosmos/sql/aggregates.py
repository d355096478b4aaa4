"""COUNT, SUM, AVG, MIN, MAX and COUNTIF over the defined values of a group."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from devstack.cosmos.sql.values import RANKS, UNDEFINED, sort_key


class Accumulator(Protocol):
    """Takes the values of a group one by one."""

    def add(self, value: Any) -> None:
        """One more value, perhaps undefined."""

    def result(self) -> Any:
        """The aggregate so far."""


class Count:
    """How many values are defined."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, value: Any) -> None:
        self._count += value is not UNDEFINED

    def result(self) -> Any:
        return self._count


class CountIf(Count):
    """How many values are true."""

    def add(self, value: Any) -> None:
        self._count += value is True


class Sum:
    """The sum; undefined once a value is defined and no number; 0 for no values."""

    def __init__(self) -> None:
        self._sum: float = 0
        self._count = 0
        self._broken = False

    def add(self, value: Any) -> None:
        if value is UNDEFINED:
            return
        if RANKS[type(value)] != 4:
            self._broken = True
            return
        self._sum += value
        self._count += 1

    def result(self) -> Any:
        return UNDEFINED if self._broken else self._sum


class Average(Sum):
    """The mean; undefined for no values, and once a value is defined and no number."""

    def result(self) -> Any:
        if self._broken or not self._count:
            return UNDEFINED
        mean = self._sum / self._count
        return int(mean) if mean.is_integer() and abs(mean) < 2**53 else mean


class Extreme:
    """The smallest or largest primitive in the order of types; undefined once there is an array or object."""

    def __init__(self, largest: bool) -> None:
        self._largest = largest
        self._best: Any = UNDEFINED
        self._broken = False

    def add(self, value: Any) -> None:
        if value is UNDEFINED:
            return
        if RANKS[type(value)] > 5:
            self._broken = True
        elif self._best is UNDEFINED or (sort_key(value) > sort_key(self._best)) is self._largest:
            self._best = value

    def result(self) -> Any:
        return UNDEFINED if self._broken else self._best


FACTORIES: Final[dict[str, Callable[[], Accumulator]]] = {
    "COUNT": Count, "COUNTIF": CountIf, "SUM": Sum, "AVG": Average,
    "MIN": lambda: Extreme(largest=False), "MAX": lambda: Extreme(largest=True),
}  # fmt: skip


def accumulator(name: str) -> Callable[[], Accumulator]:
    """The factory of an aggregate's accumulators."""
    return FACTORIES[name]
