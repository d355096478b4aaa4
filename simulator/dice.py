"""Seeded chance whose whole state is one integer: the same words give the same throws on every machine."""

import hashlib
import math
from collections.abc import Sequence

_MASK = (1 << 64) - 1


class Dice:
    """SplitMix64. The standard generator's state of 2.5 KB is too much for a device."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state

    @classmethod
    def of(cls, *words: int | str) -> "Dice":
        """Dice named by words, independent of dice with other names."""
        digest = hashlib.blake2b(repr(words).encode(), digest_size=8).digest()
        return cls(int.from_bytes(digest))

    def word(self) -> int:
        """64 random bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def random(self) -> float:
        """In [0, 1)."""
        return (self.word() >> 11) * 2.0**-53

    def chance(self, probability: float) -> bool:
        """True as often as said."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + self.word() % (high - low + 1)

    def uniform(self, low: float, high: float) -> float:
        """In [low, high)."""
        return low + (high - low) * self.random()

    def wait(self, mean: float) -> int:
        """Exponential, at least 1."""
        return max(1, int(-mean * math.log(1.0 - self.random())))

    def normal(self) -> float:
        """Mean 0, deviation 1."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.random()))
        return radius * math.cos(2.0 * math.pi * self.random())

    def pick[T](self, options: Sequence[T]) -> T:
        """One of several, all equally likely."""
        return options[self.word() % len(options)]

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, as likely as its weight. At least one weight must be above 0."""
        point = self.random() * sum(weights)
        for index, weight in enumerate(weights):
            point -= weight
            if point < 0:
                return index
        return max(index for index, weight in enumerate(weights) if weight > 0)
