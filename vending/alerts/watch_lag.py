"""Do events wait too long in the hub? Half of its retention gone is an alert: then they are lost.
And does a partition stand still? A message that no trigger can bind holds up all behind it.

Logged and measured before any document is touched, because what holds them up is often Cosmos DB.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vending.alerts import standing, waiting
from vending.alerts.about_the_app import logged_findings
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.evidence import Backlog
from vending.alerts.transitions import Finding
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
    """What the rules on the hub find in how far the functions that read it are. Raises Transient."""
    # The checkpoints first: what is done is never ahead of the hub.
    done = await stores.checkpoints.done()
    last = {end.partition: end.last for end in await stores.hub.ends()}
    samples = (await _noted(stores, last, now)).samples
    waits = {function: waiting.waiting(samples, numbers, now) for function, numbers in done.items()}
    for function, age in sorted(waits.items()):
        metrics.tell("waiting", age.total_seconds(), function=function)
    halts = await _halts(stores, done, last, now)
    return logged_findings(Backlog(waits, halts, done, last, now, stores.retention, stores.standing_after))


async def alert_of_lag(findings: Sequence[Finding], stores: AlertStores, now: datetime) -> int:
    """Bring the hub's alerts in line; how many changed. Raises Transient."""
    return await raise_as_found(Backlog.subject, findings, stores, now)


async def _halts(
    stores: LagStores, done: Mapping[str, waiting.Numbers], last: waiting.Numbers, now: datetime
) -> standing.Halts:
    found = await stores.blobs.find(STANDING)
    held = standing.Halts.decode(found[0]) if found else standing.Halts(stores.generation)
    halts = standing.noted(held, stores.generation, done, last, now)
    if halts != held:
        try:
            await stores.blobs.replace(STANDING, halts.encode(), found[1] if found else None)
        except Conflict:  # Another sweep remembered the same at this very time.
            log.info("another sweep has noted where the functions stand")
    return halts


async def _noted(stores: LagStores, last: waiting.Numbers, now: datetime) -> waiting.Samples:
    found = await stores.blobs.find(WAITING)
    held = waiting.Samples.decode(found[0]) if found else waiting.Samples(stores.generation)
    samples = waiting.noted(held, stores.generation, last, now, stores.retention)
    if samples is not held:
        try:
            await stores.blobs.replace(WAITING, samples.encode(), found[1] if found else None)
        except Conflict:  # Another sweep noted a sample at this very time; it does as well.
            log.info("another sweep has noted the hub's numbers")
    return samples
