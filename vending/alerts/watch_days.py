"""The change feed of the machines container → alerts by the rules on machine days.

Days are few among the changes: the rollups write one of each machine that sold at each of their rounds.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vending.alerts.evaluate_changed import Changed, evaluate_changed
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.rules.evidence import Day
from vending.documents.base import Body, load
from vending.documents.days import MachineDay
from vending.ports import Filter, beginning
from vending.readable import readable
from vending.rollups.tree import day_id

TOLD = timedelta(days=14)
"""Days before these are corrected and counted, but no evidence of how a machine is now."""


async def watch_days(batch: Sequence[Body], stores: AlertStores, now: datetime) -> int:
    """Evaluate the machines with a day in the batch; how many alerts changed. Raises Transient."""
    first = (now - TOLD).date().isoformat()
    changed: dict[str, list[MachineDay]] = {}
    for body in batch:
        if body.get("type") == MachineDay.type and (day := readable(body, MachineDay)) and day.date >= first:
            changed.setdefault(day.machine_id, []).append(day)
    days = Changed(Day, Day, changed, lambda machine: _since(first, machine, stores))
    return await evaluate_changed(days, stores, now)


async def _since(first: str, machine: str, stores: AlertStores) -> list[MachineDay]:
    since: Filter = ("id", ">=", day_id(first))
    *_, below = beginning(day_id(""))
    return [load(stored.body, MachineDay) async for stored in stores.machines.select(machine, since, below)]
