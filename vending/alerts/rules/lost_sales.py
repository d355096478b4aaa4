"""``lost-sales``: ledger numbers, or a whole epoch's, were given up lately."""

from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding

LOST_FOR = 7 * 24 * 3_600_000
"""Milliseconds that numbers given up as lost are told of: no less than a hub may keep what waits, so that no
backlog hides them."""


class LostSales(Rule[Stock]):
    """What was given up once stays so: only time closes the alert."""

    name = "lost-sales"
    evidence = Stock
    closes = "time"
    severity = "warning"
    title = "Ledger numbers were given up as lost"
    component = "`machine`"
    opens = (
        "ledger numbers that a device skipped, or one of its epochs, were given up "
        "([operations](operations.md#what-to-do-when): `hole-closed`)"
    )
    closes_when = "a week after the last of them"

    def findings(self, evidence: Stock) -> list[Finding]:
        """One for a machine that ever gave numbers up. The last place of its order is for one and the same
        stock to be evaluated before and after its time."""
        document = evidence.document
        given_up = document.closed
        if not given_up:
            return []
        over = evidence.now - given_up["at"] > LOST_FOR
        return [
            Finding(
                machine=document.machine_id,
                rule=self.name,
                component="machine",
                order=(document.rev, int(over)),
                firing=not over,
                at=given_up["at"],
                detail={
                    "holes": given_up["holes"],
                    "numbers": given_up["numbers"],
                    "epochs": given_up["epochs"],
                },
            )
        ]

    def opened(self, facts: Facts) -> str:
        holes, epochs = facts.detail["holes"], facts.detail["epochs"]
        parts = []
        if holes:
            parts.append(f"{facts.detail['numbers']:,} ledger numbers in {holes:,} hole{'s' * (holes > 1)}")
        if epochs:
            parts.append(f"{epochs:,} epochs of devices" if epochs > 1 else "1 epoch of a device")
        return f"{facts.machine}: {' and '.join(parts)} were given up: sales may be lost"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: no further ledger numbers were given up for a week"
