"""Percentiles of very many durations in little memory: counts in buckets that grow by three per cent."""

import math
from collections import Counter

_GROWTH = math.log(1.03)


class Latencies:
    """Durations in seconds; a percentile is right within three per cent."""

    def __init__(self) -> None:
        self.buckets: Counter[int] = Counter()
        self.count = 0
        self.greatest = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """So many durations of so many seconds."""
        self.buckets[math.ceil(math.log(max(seconds, 1e-6)) / _GROWTH)] += times
        self.count += times
        self.greatest = max(self.greatest, seconds)

    def merge(self, other: "Latencies") -> None:
        """Take another one's durations over."""
        self.buckets += other.buckets
        self.count += other.count
        self.greatest = max(self.greatest, other.greatest)

    def percentile(self, share: float) -> float:
        """Seconds that ``share`` (0 to 1) of the durations stay within; 0 when there are none."""
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= share * self.count:
                return min(math.exp(bucket * _GROWTH), self.greatest)
        return 0.0
