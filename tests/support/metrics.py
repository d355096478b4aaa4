"""The port Metrics, for the tests: keeps what was told."""

from collections import defaultdict

from vending.adapters.telemetry import INSTRUMENTS
from vending.ports import Figure


class FakeMetrics:
    """Values by figure and dimensions."""

    def __init__(self) -> None:
        self.told: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)

    def tell(self, name: Figure, value: float, **about: str) -> None:
        assert name in INSTRUMENTS
        self.told[name, *(f"{key}={value}" for key, value in about.items())].append(value)

    def sums(self, name: str) -> dict[tuple[str, ...], float]:
        """Dimensions → the sum of what was told."""
        return {place[1:]: sum(values) for place, values in self.told.items() if place[0] == name}
