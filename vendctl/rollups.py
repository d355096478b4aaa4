"""Is every day counted, and if not: since when, and whose."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from devstack.commandline import Exit
from vending.alerts.rules.rollups_behind import LONGEST_CLOSING
from vending.alerts.watch_rollups import RollUpWatch, Uncounted, open_days, shards_waiting, uncounted
from vending.business_day import instant
from vending.documents.rollup_state import OpenDay
from vending.time import millis


@dataclass(frozen=True)
class Counted:
    """How far the rollups are."""

    limit: timedelta
    waiting: dict[int, timedelta | None] = field(default_factory=dict)
    """Shard → age of its first unread change; None where it has read all."""
    machines: list[Uncounted] = field(default_factory=list)
    open_days: list[OpenDay] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    """Open days that should have been closed long ago."""

    @property
    def behind(self) -> list[int]:
        """The shards that stand."""
        return [shard for shard, age in self.waiting.items() if age is not None and age > self.limit]

    @property
    def code(self) -> Exit:
        """The exit code."""
        return Exit.WRONG if self.behind or self.machines or self.overdue else Exit.DONE


async def look(watch: RollUpWatch, now: datetime) -> Counted:
    """What the stores say now. Raises Transient."""
    found = enumerate(await shards_waiting(watch.ledger, watch.fleet))
    ages = {shard: max(now - since, timedelta()) if since else None for shard, since in found}
    opened = await open_days(watch.fleet)
    latest = millis(now - LONGEST_CLOSING)
    overdue = [one.date for one in opened if one.closes < latest]
    return Counted(watch.limit, ages, await uncounted(watch.fleet), opened, overdue)


def explain(found: Counted, now: datetime) -> str:
    """For people: shard by shard, machine by machine, and what to do."""
    lines = []
    for shard, age in found.waiting.items():
        said = "has read all" if age is None else f"has changes of {age.total_seconds():.0f} s to read"
        lines.append(f"shard {shard} {said}" + (": STANDS" if shard in found.behind else ""))
    for day in found.open_days:
        late = ": DOES NOT CLOSE" if day.date in found.overdue else ""
        lines.append(f"{day.date} has early figures; it closes at {instant(day.closes)}{late}")
    for noted in found.machines:
        days = f"from {noted.since} on" if noted.since else "from its first day on"
        wait = max(0, noted.due - millis(now)) // 60_000
        lines.append(f"{noted.machine}: days {days} are NOT COUNTED everywhere; tried again in {wait} min")
    if not found.code:
        return "\n".join([*lines, "every day is counted"])
    why = "the log of roll_up_shard says why; nothing is lost, and it is made good when it can be"
    return "\n".join([*lines, why])


def figures(found: Counted) -> dict[str, Any]:
    """``{"shards": [{shard, waitingSeconds, behind}, ...], "machines": [{machineId, since, due}, ...],
    "openDays": [{date, closes, overdue}, ...]}``."""
    shards = [
        {
            "shard": shard,
            "waitingSeconds": None if age is None else round(age.total_seconds()),
            "behind": shard in found.behind,
        }
        for shard, age in found.waiting.items()
    ]
    machines = [
        {"machineId": noted.machine, "since": noted.since or None, "due": instant(noted.due)}
        for noted in found.machines
    ]
    opened = [
        {"date": day.date, "closes": instant(day.closes), "overdue": day.date in found.overdue}
        for day in found.open_days
    ]
    return {"shards": shards, "machines": machines, "openDays": opened}
