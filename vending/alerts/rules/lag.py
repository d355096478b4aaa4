"""``lag``: events wait in the hub for so long that they may be lost."""

from collections.abc import Iterator
from datetime import timedelta

from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Backlog
from vending.alerts.transitions import Finding
from vending.time import millis


class Lag(Rule[Backlog]):
    """More than half of the time is gone after which the hub forgets."""

    name = "lag"
    evidence = Backlog
    closes = "evidence"
    severity = "critical"
    title = "Events wait for {} for more than half of the hub's retention"
    component = "function"
    opens = "events wait in the hub for more than half of `HUB_RETENTION_HOURS`"
    closes_when = "it has caught up; the machine is `$hub`"

    def findings(self, evidence: Backlog) -> Iterator[Finding]:
        """One for each function that reads the hub."""
        limit = evidence.retention / 2
        for function, age in sorted(evidence.waits.items()):
            yield Finding(
                machine=Backlog.subject,
                rule=self.name,
                component=function,
                order=(millis(evidence.now),),
                firing=age > limit,
                at=millis(evidence.now - age),
                detail={
                    "waitingSeconds": round(age.total_seconds()),
                    "limitSeconds": round(limit.total_seconds()),
                },
            )

    def opened(self, facts: Facts) -> str:
        return f"events wait for {facts.component} for more than half of the hub's retention"

    def closed(self, facts: Facts) -> str:
        return f"{facts.component} has caught up"

    def logged(self, finding: Finding) -> str:
        """infra/modules/alarms.bicep looks for it."""
        age = timedelta(seconds=finding.detail["waitingSeconds"])
        retention = timedelta(seconds=2 * finding.detail["limitSeconds"])
        return f"{finding.component}: events wait for {age}; the hub keeps them {retention}"
