"""How fast the selections of one machine sold in some of its business days."""

import asyncio
from collections.abc import Sequence

from vending.business_day import shift
from vending.documents.days import MachineDay
from vending.ports import Documents
from vending.readable import readable
from vending.rollups.tree import machine_day_key, total
from vending.views import rates

WEEK = 7
"""Days, so that each weekday counts once."""
KEPT = 2_000
"""Weeks of machines that are remembered, of some 4 KB each."""


def full_days(day: str, count: int) -> list[str]:
    """So many days before a day."""
    return [shift(day, -back) for back in range(1, count + 1)]


async def units_per_day(machines: Documents, machine: str, days: Sequence[str]) -> dict[str, float] | None:
    """Units ÷ day of each selection; a day without a document is one without a sale. None where no day has
    one: then nothing is known.

    A point read a day, because a day has some kilobytes: a query would cost one RU for each of them.
    """
    found = await asyncio.gather(*(machines.read(*machine_day_key(machine, day)) for day in days))
    held = [readable(stored.body, MachineDay) for stored in found if stored]
    sold = {day.date: total(day) for day in held if day}
    return rates.units_per_day(sold, days) if sold else None


class SoldBefore:
    """What machines sold in the week before a day, of those asked for last. Past days stand still: what comes
    late for one that is remembered is left out until it is forgotten."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, float] | None] = {}

    async def before(self, machines: Documents, machine: str, day: str) -> dict[str, float] | None:
        """As :func:`units_per_day`."""
        if (machine, day) in self._held:
            return self._held[machine, day]
        found = await units_per_day(machines, machine, full_days(day, WEEK))
        self._held[machine, day] = found
        while len(self._held) > KEPT:
            del self._held[next(iter(self._held))]
        return found
