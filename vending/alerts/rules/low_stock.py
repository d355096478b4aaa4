"""``low-stock``: a machine runs low, in so many selections or as a whole."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding

Percent = Annotated[float, Meta(ge=0, le=100)]


class LowStockThresholds(Thresholds, frozen=True):
    """A selection is low at or below either of the first two; the alert opens at either of the next two."""

    low_units: Annotated[int, Meta(ge=0, le=250)] = 1
    low_percent: Percent = 20
    """Of its capacity, where that is known."""
    selections: Annotated[int, Meta(ge=1, le=120)] = 10
    """So many of them low."""
    depleted_percent: Annotated[float, Meta(gt=0, le=100)] = 75
    """Of the capacity of all whose capacity is known: so much of it gone."""
    band_selections: Annotated[int, Meta(ge=0, le=120)] = 3
    """By how many fewer there must be for it to close."""
    band_percent: Percent = 10
    """And by how much less must be gone."""


class Level(NamedTuple):
    """Of a selection that is counted and not switched off; capacity 0 for one that nobody stated."""

    units: int
    capacity: int

    def low(self, said: LowStockThresholds) -> bool:
        """Whether few are left."""
        return self.units <= max(said.low_units, self.capacity * said.low_percent / 100)


class LowStock(Rule[Stock]):
    """One of a machine: whoever drives there fills all of it."""

    name = "low-stock"
    evidence = Stock
    closes = "evidence"
    severity = "info"
    thresholds = LowStockThresholds
    title = "The machine runs low"
    component = "`machine`"
    opens = (
        "10 selections or more are low: at most a fifth of their capacity is left, or 1 unit; or three "
        "quarters of the capacity of all are gone"
    )
    closes_when = "7 selections or fewer are low, and at most 65 % are gone"

    def findings(self, evidence: Stock) -> Iterator[Finding]:
        """One where anything was ever counted. What is switched off, or unknown, is not looked at."""
        document = evidence.document
        if not any(slot[0] for slot in document.slots.values()):
            return
        said = evidence.policy.of(self.name, LowStockThresholds)
        levels = list(_levels(evidence))
        low = sum(level.low(said) for level in levels)
        gone = _depleted(levels)
        yield Finding(
            machine=document.machine_id,
            rule=self.name,
            component="machine",
            order=(document.rev,),
            firing=_firing(low, gone, said),
            at=evidence.at,
            detail={"low": low, "selections": len(levels), "depletedPercent": round(gone)},
        )

    def opened(self, facts: Facts) -> str:
        low, of = facts.detail["low"], facts.detail["selections"]
        gone = facts.detail["depletedPercent"]
        return f"{facts.machine} runs low: {low} of {of} selections, {gone} % of its capacity is gone"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine} is filled again"


def _levels(evidence: Stock) -> Iterator[Level]:
    for selection, units in evidence.on_hand.items():
        stated = evidence.document.slots[selection][1]
        capacity = stated[2] if stated else None
        if units is not None and capacity != 0:
            yield Level(units, capacity or 0)


def _depleted(levels: list[Level]) -> float:
    """Percent of the known capacity that is gone; a slot that holds more than it should is full."""
    capacity = sum(level.capacity for level in levels)
    held = sum(min(level) for level in levels)
    return 100 * (1 - held / capacity) if capacity else 0.0


def _firing(low: int, gone: float, said: LowStockThresholds) -> bool | None:
    if low >= said.selections or gone >= said.depleted_percent:
        return True
    few = low <= max(0, said.selections - said.band_selections)
    return False if few and gone <= max(0, said.depleted_percent - said.band_percent) else None
