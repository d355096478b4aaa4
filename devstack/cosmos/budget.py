"""The request units a range may spend each second; what is over is owed to the seconds after it.

A request runs when something is left and is charged afterwards, so the level can go below zero; the
retry-after of a refusal is the time until a second begins that has something left, and is therefore true.
All of a second's units are there at its begin, as the service documents ("request rate too large"). With a
level that rises steadily, all that were refused come back for the units of one of them, and who loses that
race again and again runs out of retries.
"""

import math

from devstack.cosmos.errors import Refusal


class Budget:
    """``rate`` RU for each second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._level = rate
        self._second: int | None = None

    def _refill(self, second: int) -> None:
        if self._second is not None:
            self._level = min(self.rate, self._level + max(0, second - self._second) * self.rate)
        self._second = second

    def admit(self, now: float) -> None:
        """Raise 429 with the time to wait when nothing is left of this second; ``now`` is in seconds."""
        second = math.floor(now)
        self._refill(second)
        if self._level <= 0:
            served = second + math.floor(-self._level / self.rate) + 1
            wait = math.ceil((served - now) * 1000) + 1
            raise Refusal(
                429, "Request rate is large. More Request Units may be needed, so no changes were made.",
                3200,
                {"x-ms-retry-after-ms": str(wait)},
            )  # fmt: skip

    def charge(self, units: float) -> None:
        """Take what a request cost."""
        self._level -= units
