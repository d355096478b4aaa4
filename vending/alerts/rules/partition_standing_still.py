"""``partition-standing-still``: a function's checkpoint does not move though events wait behind it."""

from datetime import timedelta

from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Backlog
from vending.alerts.transitions import Finding
from vending.time import millis


class PartitionStandingStill(Rule[Backlog]):
    """See :mod:`vending.alerts.standing` for what stands and what does not."""

    name = "partition-standing-still"
    evidence = Backlog
    closes = "evidence"
    severity = "critical"
    title = "A hub partition stands still: {}"
    component = "`{function}:{partition}`"
    opens = (
        "the checkpoint of the function has not moved for `STANDING_AFTER_SECONDS` (300) while events "
        "waited behind it"
    )
    closes_when = "it moves, or nothing waits any more; the machine is `$hub`"

    def findings(self, evidence: Backlog) -> list[Finding]:
        """One for each function and partition."""
        return [
            self._finding(function, partition, evidence)
            for function in sorted(evidence.done)
            for partition in sorted(evidence.last)
        ]

    def _finding(self, function: str, partition: str, evidence: Backlog) -> Finding:
        halt = evidence.halts.halts.get(function, {}).get(partition)
        stood = evidence.now - halt.since if halt else timedelta()
        detail: dict[str, int | str] = {
            "function": function,
            "partition": partition,
            "standingSeconds": round(stood.total_seconds()),
        }
        if halt:
            look = f"vendctl partitions, then vendctl partitions clear {partition}"
            behind = evidence.last[partition] - halt.at
            detail |= {"doneUntil": halt.at, "next": halt.at + 1, "behind": behind, "command": look}
        return Finding(
            machine=Backlog.subject,
            rule=self.name,
            component=f"{function}:{partition}",
            order=(millis(evidence.now),),
            firing=stood > evidence.standing_after,
            at=millis(halt.since if halt else evidence.now),
            detail=detail,
        )

    def opened(self, facts: Facts) -> str:
        function, partition = facts.detail["function"], facts.detail["partition"]
        return (
            f"{function} stands still in partition {partition} before number {facts.detail['next']}: a "
            f"message that no trigger can bind, or a store that throttles or is away. `vendctl partitions` "
            f"tells which; for the first, `vendctl partitions clear {partition}`. What waits is lost when "
            f"the hub's retention ends"
        )

    def closed(self, facts: Facts) -> str:
        return f"{facts.component} moves again"

    def logged(self, finding: Finding) -> str:
        """infra/modules/alarms.bicep looks for it."""
        return f"{finding.component}: stands still: {finding.detail}"
