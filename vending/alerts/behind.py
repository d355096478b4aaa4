"""Is every day counted? A shard of the rollups that keeps failing counts nothing more, of any machine in it;
and a machine may have a day that fails for good, while all others go on. Both are findings of one rule.
"""

from datetime import datetime, timedelta

from vending.alerts.alerts import Finding, Rule
from vending.time import millis

RULE: Rule = "rollups-behind"
PLACE = "$rollups"
"""Where an alert about the rollups stands; no machine can have this name."""
DAYS = "days"
"""The component for machines with a day that is not counted; the others are the shards."""
SHARD = "shard-"
COMMAND = "vendctl rollups"


def shard_finding(number: int, since: datetime | None, now: datetime, limit: timedelta) -> Finding:
    """Bad where the shard's first unread change has waited since then for longer than ``limit``."""
    age = now - since if since else timedelta()
    detail: dict[str, int | str] = {
        "shard": number,
        "waitingSeconds": round(age.total_seconds()),
        "limitSeconds": round(limit.total_seconds()),
        "command": COMMAND,
    }
    return _finding(f"{SHARD}{number}", age > limit, since or now, now, detail)


def days_finding(machines: int, now: datetime) -> Finding:
    """Bad where machines have a day that is not counted everywhere."""
    return _finding(DAYS, machines > 0, now, now, {"machines": machines, "command": COMMAND})


def _finding(
    component: str, bad: bool, since: datetime, now: datetime, detail: dict[str, int | str]
) -> Finding:
    at = millis(since if bad else now)
    return Finding(PLACE, RULE, component, (millis(now),), bad=bad, at=at, detail=detail)
