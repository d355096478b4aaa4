"""Stocks of machines with an open alert that only time closes, as this process read them last.

A stock that changes is evaluated from the change feed. One that does not says by itself when its alerts are
over: until then nothing need be read to see that they are not.
"""

from datetime import datetime, timedelta

from vending.documents.base import Body

TRUSTED = timedelta(hours=1)
"""For how long a stock that was read is looked at."""
MACHINES = 2_000
"""That are remembered, of some 4 KB each; the one that was read longest ago is forgotten first."""


class Ageing:
    """Machine → its stock, and when it was read."""

    def __init__(self, most: int = MACHINES) -> None:
        self._most = most
        self._held: dict[str, tuple[Body, datetime]] = {}

    def remember(self, machine: str, stock: Body, now: datetime) -> None:
        """The stock was read, and its alerts were brought in line."""
        self._held.pop(machine, None)  # the last to be forgotten
        self._held[machine] = stock, now
        if len(self._held) > self._most:
            del self._held[next(iter(self._held))]

    def stock(self, machine: str, now: datetime) -> Body | None:
        """The stock, if it was read lately."""
        held = self._held.get(machine)
        return held[0] if held and timedelta(0) <= now - held[1] < TRUSTED else None
