"""A machine's habit is counted anew once a week, when a business day of it closes.

The rollups write the day then anyway, and all days before it are closed. They are one query of the machine's
own partition.
"""

from datetime import datetime

from vending.business_day import shift
from vending.catalog.assignments import Assignment
from vending.documents.base import load
from vending.documents.days import Figures, MachineDay
from vending.documents.habits import HABITS, Habit
from vending.errors import Conflict
from vending.ports import Documents, Filter, Put
from vending.rollups.timer import RollUpStores
from vending.rollups.tree import day_id
from vending.state import habit
from vending.time import millis

RENEWED_AFTER = 7
"""Days."""


async def renew(assignment: Assignment, day: MachineDay, now: datetime, stores: RollUpStores) -> None:
    """Count the machine's habit, if this is a day that has just closed and it is time. Raises Transient."""
    if day.date < shift(assignment.day_of(millis(now)), -1):
        return
    machine = assignment.machine
    stored = await stores.fleet.read(HABITS, machine)
    held = load(stored.body, Habit) if stored else None
    through = shift(day.date, -1)
    if held is not None and held.through > shift(through, -RENEWED_AFTER):
        return
    site = assignment.site_on(day.date)
    sold = await _sold(machine, shift(day.date, -7 * habit.WEEKS), through, stores.machines)
    counts = habit.counted(sold, through, site.opening_hours)
    if counts is None:
        return
    new = Habit(
        id=machine,
        time_zone=site.time_zone,
        hours=counts.hours,
        days=counts.days,
        through=through,
        due=millis(now),
        rest=held.rest if held else {},
    )
    try:
        await stores.fleet.write(HABITS, [Put(new.dump(), stored.etag if stored else None)])
    except Conflict:
        return  # The sweep moved it: the next day counts it.


async def _sold(machine: str, first: str, last: str, machines: Documents) -> dict[str, Figures]:
    """The figures of the machine's days."""
    since: Filter = ("id", ">=", day_id(first))
    until: Filter = ("id", "<=", day_id(last))
    found = machines.select(machine, since, until, fields=("date", "figures"))
    return {stored.body["date"]: stored.body["figures"] async for stored in found}
