"""Are many events refused, or do two devices speak as one? By the sweep: one query for the counts that ingest
leaves of its dead letters.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from vending.alerts.about_the_app import logged_findings
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.evidence import Refusals
from vending.documents.refusal_counts import HOUR, RefusalCounts
from vending.readable import readable
from vending.time import millis


async def watch_refusals(stores: AlertStores, now: datetime) -> int:
    """Bring the alerts about refused events in line; how many changed. Raises Transient."""
    stored = stores.conditions.select(None, ("type", "=", RefusalCounts.type))
    counts = [readable(one.body, RefusalCounts) async for one in stored]
    evidence = gathered([one for one in counts if one], millis(now))
    return await raise_as_found(Refusals.subject, logged_findings(evidence), stores, now)


def gathered(counts: Iterable[RefusalCounts], now: int) -> Refusals:
    """Of all partitions. Pure."""
    reasons: Counter[str] = Counter()
    conflicts: dict[str, int] = {}
    for one in counts:
        for hour in (now // HOUR - 1, now // HOUR):
            reasons.update(one.hours.get(str(hour), {}))
        for sender, at in one.conflicts.items():
            conflicts[sender] = max(at, conflicts.get(sender, 0))
    return Refusals(reasons, conflicts, now)
