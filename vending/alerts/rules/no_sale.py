"""``no-sale``: a machine sold nothing for longer than its own habit explains."""

from collections.abc import Iterator
from math import log
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Policy, Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.documents.habits import Habit
from vending.state.habit import odd_from

HOUR = 3_600_000


class NoSaleThresholds(Thresholds, frozen=True):
    """Of the time without a sale."""

    probability: Annotated[float, Meta(ge=1e-12, le=0.2)] = 1e-4
    """That it is chance, below which the alert opens: of so many gaps between two sales one is told though
    nothing is wrong, and a machine that sells thirty times a day has a thousand gaps in a month."""
    hours: Annotated[float, Meta(ge=0, le=168)] = 2
    """At the least."""


class NoSale(Rule[Stock]):
    """Evaluated by the sweep when it is due (``evaluate_quiet``), with the machine's habit; without it, when
    the stock changes, a sale ends it."""

    name = "no-sale"
    evidence = Stock
    closes = "evidence"
    severity = "warning"
    thresholds = NoSaleThresholds
    title = "The machine sells nothing"
    component = "`machine`"
    opens = (
        "nothing is sold for so long that it is chance with a probability of at most 1 in 10,000, by the "
        "sales of the same hours of the week in the last 8 weeks; 2 hours at the least. Hours in which it "
        "never sells, or its site is closed, do not count; nor does a machine younger than 2 weeks, or a "
        "silent one"
    )
    closes_when = "the next sale"
    times = frozenset({"lastSale"})

    def findings(self, evidence: Stock) -> Iterator[Finding]:
        """One for a machine that ever sold. Its order is that of the newest sale, and whether it is odd."""
        document = evidence.document
        if "vend" not in document.last:
            return
        epoch, sequence, at = document.last["vend"]
        odd = evidence.habit is not None and evidence.now >= due(evidence.habit, at, evidence.policy)
        yield Finding(
            machine=document.machine_id,
            rule=self.name,
            component="machine",
            order=(epoch, sequence, int(odd)),
            firing=odd,
            at=evidence.now if odd else at,
            detail={"lastSale": at},
        )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine} sells nothing, at a time at which it always did"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine} sells again"


def due(habit: Habit, since: int, policy: Policy) -> float:
    """When it is odd (ms) that nothing was sold since then; infinite where it never is."""
    said = policy.of(NoSale.name, NoSaleThresholds)
    odd = odd_from(habit, since, -log(said.probability))
    return float("inf") if odd is None else max(odd, since + said.hours * HOUR)
