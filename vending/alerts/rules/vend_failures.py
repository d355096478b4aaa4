"""``vend-failures``: a slot was paid and gave nothing, several times in a row."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.state.slots import FAILURES


class VendFailuresThresholds(Thresholds, frozen=True):
    """Of each slot."""

    failures: Annotated[int, Meta(ge=1, le=FAILURES)] = 3
    """In a row."""


class VendFailures(Rule[Stock]):
    """Failures of the motor, or that nothing fell. In a row are those since the slot sold, was counted, or
    the machine was filled; a test vend is a sale. A slot with a capacity of 0 is switched off."""

    name = "vend-failures"
    evidence = Stock
    closes = "evidence"
    severity = "warning"
    thresholds = VendFailuresThresholds
    title = "Selection {} gives nothing out"
    component = "selection"
    opens = "3 vends in a row that were paid gave nothing (`motor`, `nodrop`)"
    closes_when = (
        "the slot sells, a test vend too, or is counted, the machine is filled, or the slot is switched off "
        "(a stated capacity of 0)"
    )

    def findings(self, evidence: Stock) -> Iterator[Finding]:
        """One for each slot."""
        document, at = evidence.document, evidence.at
        most = evidence.policy.of(self.name, VendFailuresThresholds).failures
        filled = document.last.get("restock", [0, 0])[:2]
        for selection, (_, stated, _, *failed) in document.slots.items():
            since = sum(order > filled for order in failed[0]) if failed else 0
            switched_off = stated is not None and stated[2] == 0
            yield Finding(
                machine=document.machine_id,
                rule=self.name,
                component=selection,
                order=(document.rev,),
                firing=since >= most and not switched_off,
                at=at,
                detail={"failures": since},
            )

    def opened(self, facts: Facts) -> str:
        times = facts.detail["failures"]
        return (
            f"{facts.machine}: selection {facts.component} was paid and gave nothing {times} times in a row"
        )

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: selection {facts.component} sold, was filled or is switched off"
