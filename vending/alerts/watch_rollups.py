"""How far the rollups are, by the sweep: the age of what each shard has still to read, and whose days are not
counted because something fails for good.

A shard's place in the feed moves last. So the first change behind it is the oldest that nobody has counted,
however often the shard was tried, and whatever ended it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vending.alerts.about_the_app import logged_findings
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.rules.evidence import Rollups
from vending.alerts.transitions import Finding
from vending.documents.base import load
from vending.documents.rollup_state import OPEN_DAYS, REWORK, ROLLUP, OpenDay, OpenDays, Shard, Shards
from vending.ports import Documents, Feed, Metrics
from vending.readable import readable
from vending.time import millis


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A machine with a day that is not counted."""

    machine: str
    since: str
    """The first such day, or "" where that is not known."""
    due: int
    """When it is tried again, in milliseconds since 1970 UTC."""


@dataclass(frozen=True)
class RollUpWatch:
    """What tells how far the rollups are. ``ledger`` is the feed of ``machines``."""

    ledger: Feed
    fleet: Documents
    limit: timedelta


async def evaluate_rollups(watch: RollUpWatch, stores: AlertStores, metrics: Metrics, now: datetime) -> int:
    """Measure the age, and bring the rollups' alerts in line; how many changed. Raises Transient."""
    return await raise_as_found(Rollups.subject, await watch_rollups(watch, metrics, now), stores, now)


async def watch_rollups(watch: RollUpWatch, metrics: Metrics, now: datetime) -> list[Finding]:
    """What the rules on the rollups find in how far they are."""
    shards = await shards_waiting(watch.ledger, watch.fleet)
    oldest = min((since for since in shards if since), default=now)
    metrics.tell("waiting", max(0.0, (now - oldest).total_seconds()), function="roll_up_shard")
    machines, closing = len(await uncounted(watch.fleet)), await _closing(watch.fleet, now)
    return logged_findings(Rollups(shards, machines, now, watch.limit, closing))


async def _closing(fleet: Documents, now: datetime) -> datetime | None:
    """Since when the first open day was to be closed."""
    closes = [one.closes for one in await open_days(fleet) if one.due(millis(now))]
    return datetime.fromtimestamp(min(closes) / 1000, UTC) if closes else None


async def open_days(fleet: Documents) -> list[OpenDay]:
    """The business days that are counted early, and when each is to be closed."""
    stored = await fleet.read(ROLLUP, OPEN_DAYS)
    held = readable(stored.body, OpenDays) if stored else None
    return held.days if held else []


async def shards_waiting(ledger: Feed, fleet: Documents) -> list[datetime | None]:
    """For each shard since when its first unread change is there; None where it has read all.

    Before the first tick of ``roll_up`` nothing is read, and the shards are the feed ranges of now. A shard
    whose document is malformed reads nothing any more: everything waits for it.
    """
    stored = await fleet.read(ROLLUP, "shards")
    ranges = load(stored.body, Shards).ranges if stored else await ledger.ranges()
    found = [readable(one.body, Shard) async for one in fleet.select(ROLLUP, ("type", "=", Shard.type))]
    places = {shard.id: shard.continuation for shard in found if shard}
    return [await ledger.waiting_since(one, places.get(f"shard:{n}")) for n, one in enumerate(ranges)]


async def uncounted(fleet: Documents) -> list[Uncounted]:
    """Each machine with a day that is not counted, by name."""
    fields = ("id", "since", "due")
    found = fleet.select(REWORK, ("open", "=", True), ("broken", "=", True), fields=fields)
    bodies = [stored.body async for stored in found]
    machines = [Uncounted(body["id"], body.get("since", ""), body.get("due", 0)) for body in bodies]
    return sorted(machines, key=lambda noted: noted.machine)
