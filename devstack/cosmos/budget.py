"""The request units a range may spend each second: a bucket that holds one second's worth.

A request runs when the bucket is not empty and is charged afterwards, so the bucket can go below zero; the
retry-after of a refusal is the time until it is above zero again, and is therefore the truth.
"""

import math

from devstack.cosmos.errors import Refusal


class Budget:
    """``rate`` RU for each second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._level = rate
        self._at: float | None = None

    def _refill(self, now: float) -> None:
        if self._at is not None:
            self._level = min(self.rate, self._level + (now - self._at) * self.rate)
        self._at = now

    def admit(self, now: float) -> None:
        """Raise 429 with the time to wait when the bucket is empty; ``now`` is monotonic seconds."""
        self._refill(now)
        if self._level <= 0:
            wait = max(1, math.ceil(-self._level / self.rate * 1000) + 1)
            raise Refusal(
                429, "Request rate is large. More Request Units may be needed, so no changes were made.",
                3200,
                {"x-ms-retry-after-ms": str(wait)},
            )  # fmt: skip

    def charge(self, units: float) -> None:
        """Take what a request cost."""
        self._level -= units
