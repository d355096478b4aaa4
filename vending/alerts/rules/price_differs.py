"""``price-differs``: a machine charges another price than the catalog says."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Day
from vending.alerts.transitions import Finding


class PriceDiffersThresholds(Thresholds, frozen=True):
    """Of the price of one unit."""

    tolerance_minor: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Minor units by which it may differ, such as for cards."""


class PriceDiffers(Rule[Day]):
    """By the newest sale of a selection in a day, and the planogram in force at that moment. The newest day
    on which it sold counts; without a price in the planogram there is nothing to differ from."""

    name = "price-differs"
    evidence = Day
    closes = "evidence"
    severity = "warning"
    thresholds = PriceDiffersThresholds
    title = "Selection {} has another price than in the catalog"
    component = "selection"
    opens = (
        "the newest sale of the newest day on which the selection sold had another price than the planogram "
        "of that moment"
    )
    closes_when = (
        "a day whose newest sale of it has the price of the planogram, or that has no price any more"
    )

    def findings(self, evidence: Day) -> Iterator[Finding]:
        """One for each selection that sold."""
        day = evidence.document
        tolerance = evidence.policy.of(self.name, PriceDiffersThresholds).tolerance_minor
        order = (date.fromisoformat(day.date).toordinal(), day.rev)
        for selection, sold in day.figures.get("selections", {}).items():
            if not sold.get("vends"):
                continue
            at, charged, currency, price, stated = (day.prices or {}).get(selection, [0, 0, "", 0, ""])
            differs = currency != stated or abs(charged - price) > tolerance
            yield Finding(
                machine=day.machine_id,
                rule=self.name,
                component=selection,
                order=order,
                firing=differs,
                at=at or evidence.now,
                detail={"charged": f"{charged} {currency}", "catalog": f"{price} {stated}"}
                if differs
                else {},
            )

    def opened(self, facts: Facts) -> str:
        charged, catalog = facts.detail["charged"], facts.detail["catalog"]
        where = f"{facts.machine}: selection {facts.component}"
        return f"{where} costs {charged}, in the catalog {catalog} (minor units)"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: selection {facts.component} costs what the catalog says"
