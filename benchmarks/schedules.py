"""When the deployed timers fire: the schedules of infra/, as its compiler wrote them for production."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from devstack.functions.listeners.schedule import Schedule

COMPILED = Path(__file__).parents[1] / "infra" / "compiled" / "prod.json"


def deployed() -> dict[str, Schedule]:
    """``roll_up``, ``sweep``, … → its schedule."""
    found = re.findall(r'"(\w+)_SCHEDULE": "([^"]+)"', COMPILED.read_text())
    return {name.lower(): Schedule(expression, name) for name, expression in found}


def each(minutes: int, name: str) -> Schedule:
    """A timer that fires so often."""
    return Schedule(f"0 */{minutes} * * * *", name)


def ticks(timer: Schedule, begin: datetime, end: datetime) -> Iterator[datetime]:
    """When it fires after ``begin`` and not after ``end``."""
    at = timer.next_after(begin)
    while at <= end:
        yield at
        at = timer.next_after(at)


def minutes_between(name: str, moment: datetime) -> float:
    """From one firing of a timer of infra/ to its next, in minutes."""
    timer = deployed()[name]
    first = timer.next_after(moment)
    return (timer.next_after(first) - first).total_seconds() / 60
