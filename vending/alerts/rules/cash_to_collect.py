"""``cash-to-collect``: what was paid in cash since the last collection fills the machine's cash box."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.state import till


class CashToCollectThresholds(Thresholds, frozen=True):
    """Of all that holds cash in the machine."""

    capacity_minor: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """That it takes, in minor units. None: nobody knows, and it is never full."""
    full_percent: Annotated[float, Meta(gt=0, le=100)] = 90
    """From which on the alert opens."""
    band_percent: Annotated[float, Meta(ge=0, le=100)] = 10
    """By how much less there must be for it to close."""


class CashToCollect(Rule[Stock]):
    """By the ledger, for machines that tell no levels of cash: see :mod:`vending.state.till` for how exact it
    is. Of several currencies the one that most was paid in counts."""

    name = "cash-to-collect"
    evidence = Stock
    closes = "evidence"
    severity = "info"
    thresholds = CashToCollectThresholds
    title = "The cash should be collected"
    component = "`machine`"
    opens = "what was paid in cash since the collection is nine tenths of the room that a policy says"
    closes_when = "a collection, or a tenth less than that"

    def findings(self, evidence: Stock) -> Iterator[Finding]:
        """One for a machine that sold anything."""
        document = evidence.document
        if not document.last:
            return
        said = evidence.policy.of(self.name, CashToCollectThresholds)
        taken, currency = max(((x, name) for name, x in till.taken(document.till).items()), default=(0, ""))
        percent = 100 * taken / said.capacity_minor if said.capacity_minor else 0.0
        between = percent > max(0, said.full_percent - said.band_percent)
        yield Finding(
            machine=document.machine_id,
            rule=self.name,
            component="machine",
            order=(document.rev,),
            firing=True if percent >= said.full_percent else None if between else False,
            at=evidence.at,
            detail={"takenMinor": taken, "currency": currency, "capacityMinor": said.capacity_minor},
        )

    def opened(self, facts: Facts) -> str:
        taken, currency = facts.detail["takenMinor"], facts.detail["currency"]
        return f"{facts.machine}: {taken} {currency} (minor units) in cash wait to be collected"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: the cash was collected"
