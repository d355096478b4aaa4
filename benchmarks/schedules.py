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


def ticks(name: str, begin: datetime, end: datetime) -> Iterator[datetime]:
    """When a timer fires after ``begin`` and not after ``end``."""
    at = deployed()[name].next_after(begin)
    while at <= end:
        yield at
        at = deployed()[name].next_after(at)


def minutes_between(name: str, moment: datetime) -> float:
    """From one firing of a timer to its next, in minutes."""
    first = deployed()[name].next_after(moment)
    return (deployed()[name].next_after(first) - first).total_seconds() / 60
