"""``missing-numbers``: a device skipped ledger numbers, and they do not come."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.state import stock

MINUTE, DAY = 60_000, 86_400_000


class MissingNumbersThresholds(Thresholds, frozen=True):
    """Of holes in the numbering of a machine's devices."""

    after_minutes: Annotated[float, Meta(gt=0, le=10_080)] = 60
    """For which numbers may be under way: events overtake each other."""
    days: Annotated[float, Meta(gt=0, le=90)] = 7
    """For how long a hole is told of: what a device lost for good stays missing."""


class MissingNumbers(Rule[Stock]):
    """Until the numbers come or are given up (then ``lost-sales`` tells), or the time is over. It counts from
    when the hub took in the event that showed the hole."""

    name = "missing-numbers"
    evidence = Stock
    closes = "time"
    severity = "warning"
    thresholds = MissingNumbersThresholds
    title = "Ledger numbers are missing"
    component = "`machine`"
    opens = "ledger numbers that a device skipped have not come for over 60 minutes"
    closes_when = "they come, or are given up; or 7 days are over"
    times = frozenset({"since"})

    def findings(self, evidence: Stock) -> Iterator[Finding]:
        """One for a machine with a ledger. The last place of its order grows as holes age."""
        document = evidence.document
        if not document.applied:
            return
        said = evidence.policy.of(self.name, MissingNumbersThresholds)
        seen = [at for *_, at in document.gaps or ()]
        awaited = [at for at in seen if evidence.now - at <= said.after_minutes * MINUTE]
        told_of = [at for at in seen if evidence.now - at > said.days * DAY]
        open_ = sorted(set(seen) - set(awaited) - set(told_of))
        yield Finding(
            machine=document.machine_id,
            rule=self.name,
            component="machine",
            order=(document.rev, len(seen) - len(awaited) + len(told_of)),
            firing=bool(open_),
            at=open_[0] if open_ else evidence.now,
            detail={"numbers": stock.missing_numbers(document)} | ({"since": open_[0]} if open_ else {}),
        )

    def opened(self, facts: Facts) -> str:
        numbers = facts.detail["numbers"]
        what = "1 ledger number is" if numbers == 1 else f"{numbers:,} ledger numbers are"
        return f"{facts.machine}: {what} missing: sales that the device has not sent, or lost"

    def closed(self, facts: Facts) -> str:
        return (
            f"{facts.machine}: the missing ledger numbers came, were given up, or were told for long enough"
        )
