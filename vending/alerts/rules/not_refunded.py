"""``not-refunded``: somebody paid, got nothing, and did not get the money back."""

from typing import Annotated, Any

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.state import till

HOUR = 3_600_000


class NotRefundedThresholds(Thresholds, frozen=True):
    """Of what a machine owes to buyers."""

    hours: Annotated[float, Meta(gt=0, le=2_160)] = 72
    """For how long it is told of a payment: nothing that devices send says that it was made good."""
    payments: Annotated[int, Meta(ge=1, le=till.OWED)] = 1
    """Within that time."""


class NotRefunded(Rule[Stock]):
    """Only time closes the alert."""

    name = "not-refunded"
    evidence = Stock
    closes = "time"
    severity = "warning"
    thresholds = NotRefundedThresholds
    title = "Payments for nothing were not refunded"
    component = "`machine`"
    opens = "a vend that was paid failed (`motor`, `nodrop`), and the device says `refunded: false`"
    closes_when = "72 hours after the last of them"

    def findings(self, evidence: Stock) -> list[Finding]:
        """One for a machine that ever owed anything. The last place of its order grows as payments age."""
        document = evidence.document
        owed = till.owed(document.till)
        if not owed:
            return []
        said = evidence.policy.of(self.name, NotRefundedThresholds)
        oldest = evidence.now - round(said.hours * HOUR)
        recent = [payment for payment in owed if payment[2] >= oldest]
        firing = len(recent) >= said.payments
        return [
            Finding(
                machine=document.machine_id,
                rule=self.name,
                component="machine",
                order=(document.rev, len(owed) - len(recent)),
                firing=firing,
                at=max(payment[2] for payment in owed) if firing else evidence.now,
                detail=_detail(recent),
            )
        ]

    def opened(self, facts: Facts) -> str:
        amounts = ", ".join(f"{minor} {currency}" for currency, minor in facts.detail["amounts"].items())
        sold = f"{amounts} (minor units)" if amounts else "an amount that nobody said"
        count, where = facts.detail["payments"], facts.detail["selections"]
        payments = "a payment was" if count == 1 else f"{count} payments were"
        return f"{facts.machine}: {payments} taken for nothing and not refunded: {sold}, selection {where}"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: no further payment was taken for nothing"


def _detail(owed: list[list[Any]]) -> dict[str, Any]:
    """How many, of how much in each currency that was said, and where."""
    amounts: dict[str, int] = {}
    for _, _, _, minor, currency, _ in owed:
        if currency:
            amounts[currency] = amounts.get(currency, 0) + minor
    where = sorted({selection for *_, selection in owed})
    return {"payments": len(owed), "amounts": amounts, "selections": ", ".join(where)}
