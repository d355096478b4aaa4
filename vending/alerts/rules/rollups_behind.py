"""``rollups-behind``: not every day is counted.

A shard of the rollups that keeps failing counts nothing more, of any machine in it; and a machine may have a
day that fails for good, while all others go on.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Rollups
from vending.alerts.transitions import Finding
from vending.time import millis

DAYS, CLOSING = "days", "closing"
"""The components for machines with a day that is not counted, and for a day that does not close; the others
are the shards."""
SHARD = "shard-"
LONGEST_CLOSING = timedelta(hours=3)
"""A day of 100,000 machines takes half an hour."""
COMMAND = "vendctl rollups"


class RollupsBehind(Rule[Rollups]):
    """The first change that a shard has not read waits for too long, or days are not counted."""

    name = "rollups-behind"
    evidence = Rollups
    closes = "evidence"
    severity = "critical"
    title = "Sales are not counted in the days: {}"
    component = "`shard-{n}`, `days`, `closing`"
    opens = (
        "a change of the container `machines` has waited for `ROLLUPS_BEHIND_AFTER_SECONDS` (900) and "
        "that shard of the rollups has not read it; machines have a day that is not counted everywhere "
        "because something fails for good; a business day was to be closed three hours ago"
    )
    closes_when = "it has; there are none; it is. The machine is `$rollups`"

    def findings(self, evidence: Rollups) -> Iterator[Finding]:
        """One for each shard, one for the machines whose days are not counted, and one for the closing."""
        now, limit = evidence.now, evidence.limit
        for number, since in enumerate(evidence.shards):
            age = now - since if since else timedelta()
            detail: dict[str, int | str] = {
                "shard": number,
                "waitingSeconds": round(age.total_seconds()),
                "limitSeconds": round(limit.total_seconds()),
                "command": COMMAND,
            }
            yield self._finding(f"{SHARD}{number}", since if age > limit else None, now, detail)
        days: dict[str, int | str] = {"machines": evidence.uncounted, "command": COMMAND}
        yield self._finding(DAYS, now if evidence.uncounted else None, now, days)
        since = evidence.closing
        late = now - since if since else timedelta()
        waits: dict[str, int | str] = {"lateSeconds": round(late.total_seconds()), "command": COMMAND}
        yield self._finding(CLOSING, since if late > LONGEST_CLOSING else None, now, waits)

    def _finding(
        self, component: str, firing_since: datetime | None, now: datetime, detail: dict[str, int | str]
    ) -> Finding:
        return Finding(
            machine=Rollups.subject,
            rule=self.name,
            component=component,
            order=(millis(now),),
            firing=firing_since is not None,
            at=millis(firing_since or now),
            detail=detail,
        )

    def opened(self, facts: Facts) -> str:
        if "machines" in facts.detail:
            what = f"the days of {facts.detail['machines']} machines are not counted"
        elif "lateSeconds" in facts.detail:
            what = f"a day was to be closed {facts.detail['lateSeconds']} s ago, and has early figures still"
        else:
            what = f"{facts.component} has not counted anything for {facts.detail['waitingSeconds']} s"
        command = facts.detail["command"]
        return f"{what}: see the log of roll_up_shard, and `{command}`. Nothing is lost meanwhile"

    def closed(self, facts: Facts) -> str:
        return f"rollups: {facts.component} is counted again"

    def logged(self, finding: Finding) -> str:
        """Each minute while it lasts."""
        return f"rollups: {finding.component} is behind: {finding.detail}"
