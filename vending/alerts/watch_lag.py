"""Do events wait too long in the hub? Half of its retention gone is an alert: then they are lost.
And does a partition stand still? A message that no trigger can bind holds up all behind it for ever.

Told by log and metric before any document is touched, because what holds them up is often Cosmos DB.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vending.alerts import standing, waiting
from vending.alerts.alerts import Finding
from vending.alerts.raise_alerts import AlertStores, raise_alerts
from vending.archive.layout import STANDING, WAITING
from vending.errors import Conflict
from vending.ports import ArchiveBlobs, Checkpoints, Hub, Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LagStores:
    """What tells how far the hub is, and how far the functions are."""

    hub: Hub
    checkpoints: Checkpoints
    blobs: ArchiveBlobs
    """Where it remembers."""
    generation: str
    retention: timedelta
    standing_after: timedelta


async def watch_lag(stores: LagStores, metrics: Metrics, now: datetime) -> list[Finding]:
    """Findings for each function that reads the hub, and for it in each partition. Raises Transient."""
    # The checkpoints first: what is done is never ahead of the hub.
    done = await stores.checkpoints.done()
    last = {end.partition: end.last for end in await stores.hub.ends()}
    marks = (await _noted(stores, last, now)).marks
    findings = []
    for function, numbers in sorted(done.items()):
        age = waiting.waiting(marks, numbers, now)
        metrics.tell("waiting", age.total_seconds(), function=function)
        findings.append(waiting.finding(function, age, now, stores.retention))
        if findings[-1].bad:
            log.error("%s: events wait for %s; the hub keeps them %s", function, age, stores.retention)
    return findings + await _standing(stores, done, last, now)


async def alert_of_lag(findings: Sequence[Finding], stores: AlertStores, now: datetime) -> int:
    """Bring the hub's alerts in line; how many changed."""

    async def newest() -> Sequence[Finding]:
        return findings

    return (await raise_alerts(waiting.PLACE, findings, newest, stores, now)).changed


async def _standing(
    stores: LagStores, done: Mapping[str, waiting.Numbers], last: waiting.Numbers, now: datetime
) -> list[Finding]:
    found = await stores.blobs.find(STANDING)
    held = standing.decode(found[0]) if found else standing.Halts(stores.generation)
    halts = standing.noted(held, stores.generation, done, last, now)
    if halts != held:
        try:
            await stores.blobs.replace(STANDING, standing.encode(halts), found[1] if found else None)
        except Conflict:  # Another sweep remembered the same at this very time.
            log.info("another sweep has noted where the functions stand")
    findings = standing.findings(halts, done, last, now, stores.standing_after)
    for finding in findings:
        if finding.bad:
            log.error("%s: stands still: %s", finding.component, finding.detail)
    return findings


async def _noted(stores: LagStores, last: waiting.Numbers, now: datetime) -> waiting.Marks:
    found = await stores.blobs.find(WAITING)
    held = waiting.decode(found[0]) if found else waiting.Marks(stores.generation)
    marks = waiting.noted(held, stores.generation, last, now, stores.retention)
    if marks is not held:
        try:
            await stores.blobs.replace(WAITING, waiting.encode(marks), found[1] if found else None)
        except Conflict:  # Another sweep noted a mark at this very time; it does as well.
            log.info("another sweep has noted the hub's numbers")
    return marks
