"""``sold-out``: nothing is left of a selection that was ever counted."""

from collections.abc import Iterator

from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding


class SoldOut(Rule[Stock]):
    """A selection with a stated capacity of 0 is switched off, not sold out."""

    name = "sold-out"
    evidence = Stock
    closes = "evidence"
    severity = "info"
    title = "Selection {} is sold out"
    component = "selection"
    opens = (
        "nothing on hand of a selection that was ever counted (a stated capacity of 0 means: switched off)"
    )
    closes_when = "something on hand"

    def findings(self, evidence: Stock) -> Iterator[Finding]:
        """One for each selection that was counted."""
        document, at = evidence.document, evidence.at
        for selection, units in evidence.on_hand.items():
            if units is None:
                continue
            stated = document.slots[selection][1]
            capacity = stated[2] if stated else None
            yield Finding(
                machine=document.machine_id,
                rule=self.name,
                component=selection,
                order=(document.rev,),
                firing=units <= 0 and capacity != 0,
                at=at,
                detail={"onHand": units} | ({} if capacity is None else {"capacity": capacity}),
            )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: selection {facts.component} is sold out"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: selection {facts.component} has stock again"
