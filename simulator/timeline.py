"""The whole fleet in time: what arrives at the hub, in order. The same seed gives the same deliveries."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from simulator.faults import KNOWN
from simulator.fleet import Fleet
from simulator.link import Delivery, Due
from simulator.unit import Unit


@dataclass
class Dating:
    """Model time → the time that events carry: ``at`` is ``stamp`` there, and ``speed`` times as fast."""

    at: int
    stamp: int
    speed: float = 1.0

    def __call__(self, at: int) -> int:
        """The stamp of a model time; both in milliseconds since 1970 UTC."""
        return self.stamp + int((at - self.at) / self.speed)


class Timeline:
    """Units and deliveries under way, from model time ``start`` on."""

    def __init__(
        self, fleet: Fleet, faults: frozenset[str], start: int, dating: Dating | None = None
    ) -> None:
        unknown = faults - KNOWN.keys()
        if unknown:
            raise ValueError(f"no such faults: {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}")
        self.fleet = fleet
        self.faults = faults
        self.now = start
        self.dating = dating or Dating(start, start)
        self.units = [Unit(fleet, x, start, self._stamp, faults) for x in range(fleet.machines)]
        self._agenda = [(unit.next, unit.number) for unit in self.units]
        heapq.heapify(self._agenda)
        self._under_way: list[tuple[int, int, Delivery]] = []
        self._number = 0
        self._script: list[tuple[int, int, Callable[[int], None]]] = []

    def at(self, moment: int, action: Callable[[int], None]) -> None:
        """Have something happen to the fleet at a model time, before anything else of that time."""
        heapq.heappush(self._script, (moment, len(self._script), action))

    def until(self, end: int) -> Iterator[tuple[int, Delivery]]:
        """Everything that is delivered up to and at a model time, with that time."""
        while True:
            unit_at = self._agenda[0][0] if self._agenda else end + 1
            if self._script and self._script[0][0] <= min(unit_at, end):
                at, _, action = heapq.heappop(self._script)
                self.now = max(self.now, at)
                action(at)
            elif self._under_way and self._under_way[0][0] <= min(unit_at, end):
                at, _, delivery = heapq.heappop(self._under_way)
                self.now = at
                yield at, delivery
            elif unit_at <= end:
                self._step()
            else:
                self.now = max(self.now, end)
                return

    def add(self, dues: list[Due]) -> None:
        """Put deliveries under way."""
        for at, delivery in dues:
            heapq.heappush(self._under_way, (at, self._number, delivery))
            self._number += 1

    def touched(self, unit: Unit) -> None:
        """A unit was changed from outside, and may have something to do earlier now."""
        heapq.heappush(self._agenda, (unit.next, unit.number))

    def resume(self, now: int, dues: list[Due]) -> None:
        """Go on from a saved moment, once the units are restored."""
        self.now = now
        self._agenda = [(unit.next, unit.number) for unit in self.units]
        heapq.heapify(self._agenda)
        self.add(dues)

    @property
    def epochs(self) -> int:
        """Grows with every epoch that begins: a state saved before says too little about numbering."""
        return sum(unit.device.epoch for unit in self.units)

    def devices(self) -> dict[str, dict[str, Any]]:
        """By machine, what only the devices know: how many events they lost, and how often a fault struck."""
        return {
            unit.model.spec.id: {"lost": unit.lost, "faults": dict(sorted((+unit.link.done).items()))}
            for unit in self.units
        }

    def waiting(self) -> list[Due]:
        """Deliveries under way, in order; backlogs of devices that are offline apart."""
        return [(at, delivery) for at, _, delivery in sorted(self._under_way)]

    def _step(self) -> None:
        at, number = heapq.heappop(self._agenda)
        unit = self.units[number]
        if unit.next == at:  # else a change from outside made the entry stale, and put in another one
            self.now = max(self.now, at)
            self.add(unit.step())
            heapq.heappush(self._agenda, (unit.next, number))

    def _stamp(self, at: int) -> int:
        return self.dating(at)
